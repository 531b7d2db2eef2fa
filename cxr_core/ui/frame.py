"""The frame that Streamlit runs: who is signed in, which pages they have, the bar above and the line below."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from cxr_core.records import User
from cxr_core.ui import low_disk, old_backup
from cxr_core.ui.account import account
from cxr_core.ui.mishaps import to_the_end_of_the_run
from cxr_core.ui.places import FIRST, PAGES, is_shut_out, place, places
from cxr_core.ui.session import require_user, site, watch
from cxr_core.ui.stopping import banner
from cxr_core.ui.workers import WORKERS
from cxr_core.work import opening
from cxr_core.work.drift import monitoring
from cxr_core.work.reading_room import reviewing

STYLE = Path(__file__).parent / "frame.css"


def main() -> None:
    """Draw the frame, and the chosen page in it."""
    st.set_page_config(page_title="CXR second reader", layout="wide", initial_sidebar_state="collapsed")
    st.html(STYLE)
    with to_the_end_of_the_run():
        _frame(require_user())


def _frame(user: User) -> None:
    WORKERS.ensure(site())
    # Every page is known to everybody, so that a wrong role reads a sentence; the bar links one's own alone.
    chosen = st.navigation([place(name) for name in PAGES], position="hidden")
    if chosen.title == PAGES[FIRST][0] and is_shut_out(user, FIRST):
        st.switch_page(places(user.role)[0])
    top = st.container(key="top", horizontal=True, vertical_alignment="center", gap="small")
    banner(user)
    low_disk.banner(user)
    old_backup.banner(user)
    try:
        chosen.run()
    finally:
        # Last, so that an X-ray doesn't wait for it; and always, for a page that ends early needs a way out.
        with top:
            _top(user, places(user.role), chosen.title)
        _bottom(user)
        watch()


def _top(user: User, pages: list[st.Page], chosen: str) -> None:
    st.html('<div class="brand">CXR second reader</div>', width="content")
    for page in pages:
        with st.container(key=f"tab-{'on' if page.title == chosen else 'off'}-{page.title}", width="content"):
            st.page_link(page)
    st.space("stretch")
    if opening.is_demo(site().home):
        st.html('<div class="demo" title="Synthetic X-rays, made by the program">DEMO</div>', width="content")
    account(user)


def _bottom(user: User) -> None:
    home = site().home
    counts, model = reviewing.counts(home, user), monitoring.running_model(home, user) or "none"
    st.html(
        f'<div class="bottom"><span>Research and evaluation only. Not a medical device.</span>'
        f"<span>{counts['waiting']} waiting</span><span>Model in use: {escape(model)}</span></div>"
    )


if __name__ == "__main__":
    main()
