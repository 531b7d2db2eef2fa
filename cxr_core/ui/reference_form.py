"""The site's reference: which stands, since when and why, and for admins the form that freezes the next one."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from cxr_core import clock
from cxr_core.records import User
from cxr_core.store.site_references import Frozen
from cxr_core.ui import fields, words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import may
from cxr_core.ui.session import site
from cxr_core.work.drift import freezing
from cxr_core.work.drift.freezing import FEWEST, MOST, Period

TITLES = ["Number", "X-rays", "From", "To", "Model", "Frozen (UTC)", "By", "Reason"]
WAYS = ("The first since the last reference", f"{MOST} evenly over a period")


def reference(user: User) -> None:
    """The reference that stands, those before it, and the form."""
    found = freezing.frozen(site().home, user)
    title = f"The site's reference: {_told(found[0])}" if found else "The site has no reference of its own yet"
    with st.expander(title):
        st.caption(
            f"Up to {MOST} X-rays of this site, {FEWEST} at least, kept as counts for good: headers, devices and views "
            "are compared with them, and pictures are shown from them. Those before it stay listed."
        )
        if may(freezing.freeze, user):
            _form(user, len(found))
        if found:
            titles = TITLES if may(freezing.available, user) else TITLES[:-1]  # a reason may name somebody
            words.grid(titles, [_row(each)[: len(titles)] for each in found])


def _form(user: User, number: int) -> None:
    way = st.segmented_control("X-rays for the next one", WAYS, default=WAYS[0], required=True, key=f"way-{number}")
    with told():
        period = _period(number) if way == WAYS[1] else None
        came_in = freezing.available(site().home, user, period)
        chosen = min(came_in, MOST)
        there = f"{came_in} X-rays came in {period}" if period else f"{came_in} X-rays could go into the next one"
        if came_in < FEWEST:
            st.caption(f"{there}; {FEWEST} are needed.")
            return
        st.caption(f"{there}.")
        with st.form(key=f"freeze-{number}", border=False):
            reason = st.text_input("Reason", max_chars=500, placeholder="Why these? It is kept with the reference")
            evenly = " evenly out of them" if chosen < came_in else ""
            if st.form_submit_button(f"Freeze {chosen} X-rays{evenly} as the site's reference", key="freeze"):
                freezing.freeze(site().home, user, reason, period)
                st.rerun()


def _period(number: int) -> Period:
    """What the admin chose; the four weeks up to yesterday until then."""
    today = clock.now().date()
    left, right = st.columns(2)
    with left:
        first = fields.day("From (UTC)", today - timedelta(days=28), f"from-{number}")
    with right:
        last = fields.day("To", today - timedelta(days=1), f"to-{number}")
    return Period(first, last)


def _told(found: Frozen) -> str:
    return f"{found.images} X-rays from {words.day(found.first_at)} to {words.day(found.last_at)}"


def _row(found: Frozen) -> list[str]:
    return [str(found.id), str(found.images), words.day(found.first_at), words.day(found.last_at), found.model,
            words.day(found.frozen_at), found.frozen_by, found.reason]  # fmt: skip
