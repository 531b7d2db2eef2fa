"""The stop switch on the screens: why no opinion is shown, on every page, and the switch itself for admins."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import streamlit as st

from cxr_core.records import User
from cxr_core.store.stops import Stop
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import may
from cxr_core.ui.session import WATCH_SECONDS, end_if_signed_out, site
from cxr_core.work.models import stopping

Switch = Callable[[Path, User, str], None]


def banner(user: User) -> None:
    """On every page: since when the model's opinion is switched off, by whom and why; nothing while it is on."""
    _banner(user, stopping.standing(site().home, user))


@st.fragment(run_every=WATCH_SECONDS)
def _banner(user: User, drawn: Stop | None) -> None:
    """With the whole page drawn anew once that changes: an opinion must not stay on a screen that was open before."""
    end_if_signed_out()
    found = stopping.standing(site().home, user)
    if found != drawn:
        st.rerun(scope="app")
    if found:
        st.html(f'<div class="stop switched-off">{escape(why(found))} Cases are read as without it.</div>')


def why(found: Stop) -> str:
    """A stop in a sentence or two."""
    since = f"{words.day(found.stopped_at)} UTC by {stopping.by(found)}"
    return f"The model's opinion is switched off since {since}: {found.reason.rstrip('.')}."


def switch(user: User) -> None:
    """Every stop so far, and for admins the form that begins or lifts one."""
    found = stopping.so_far(site().home, user)
    is_off = bool(found) and found[0].lifted_at is None
    if not found and not may(stopping.stop, user):
        return
    with st.expander(f"Stop switch: the model's opinion is {'switched off' if is_off else 'shown'}", expanded=is_off):
        if is_off and may(stopping.lift, user):
            _form("Show the opinion again", stopping.lift, user, len(found))
        elif not is_off and may(stopping.stop, user):
            st.caption("Switched off, the model's opinion is shown to nobody and nowhere. Reading goes on without it.")
            _form("Switch the opinion off", stopping.stop, user, len(found))
        if found:
            _listed(found)


def _form(what: str, do: Switch, user: User, number: int) -> None:
    with st.form(key=f"switch-{do.__name__}-{number}", border=False):
        reason = st.text_input("Reason", max_chars=500, placeholder="Why? It is shown to everybody, and kept")
        if st.form_submit_button(what):
            with told():
                do(site().home, user, reason)
                st.rerun()


def _listed(found: list[Stop]) -> None:
    words.grid(
        ["Off since (UTC)", "By", "Reason", "Lifted (UTC)", "By", "Reason"],
        [
            [words.day(each.stopped_at), stopping.by(each), each.reason, words.day(each.lifted_at),
             each.lifted_by or words.NONE, each.lifted_because or words.NONE]
            for each in found
        ],
    )  # fmt: skip
