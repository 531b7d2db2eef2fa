"""Which part of the audit log is looked at: fields on the page, and the same in the address of its CSV."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from urllib.parse import urlencode

import streamlit as st

from cxr_core import clock
from cxr_core.errors import BadInput
from cxr_core.records import User
from cxr_core.store.audit_search import Wanted
from cxr_core.ui import asked_for, fields
from cxr_core.ui.session import site
from cxr_core.work.auditing import browsing
from cxr_core.work.auditing.actions import ACTIONS, Group, names_of

KEYS = ("since", "until", "who", "what", "about", "text")
"""The names of the filters in an address."""
LONGEST = 200
GROUPS = [group.value for group in Group]


def filters(user: User) -> Wanted:
    """The fields, and what they ask for."""
    people = browsing.actors(site().home, user)
    kinds = [*GROUPS, *sorted(ACTIONS)]
    for key in ("since", "until"):
        asked_for.day(key, clock.EARLIEST, clock.now().date())
    asked_for.one_of("who", people, "user")
    asked_for.one_of("what", kinds, "action")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("From", width="content")
        since = fields.day_so_far("Since", None, "since", 130, "The first day (UTC)")
        st.caption("to", width="content")
        until = fields.day_so_far("Until", None, "until", 130, "The last day (UTC)")
        who = fields.one_of("Who", people, "who", 160)
        what = fields.one_of("What", kinds, "what", 200)
        about = _text("About", "about", "Image, patient, model …", "How the subject begins")
        text = _text("Details", "text", "In the details", "Anywhere in the details")
        st.space("stretch")
        asked = dict(zip(KEYS, (since, until, who, what, about, text), strict=True))
        _link({name: str(value) for name, value in asked.items() if value})
    return wanted({name: str(value) for name, value in asked.items() if value})


def _text(label: str, key: str, hint: str, about: str) -> str:
    return st.text_input(
        label, key=key, bind="query-params", placeholder=hint, max_chars=LONGEST, label_visibility="collapsed",
        width=170, help=about,
    ).strip()  # fmt: skip


def _link(asked: dict[str, str]) -> None:
    address = escape(f"/audit.csv?{urlencode(asked)}")
    st.html(
        f'<a class="button" href="{address}" title="All that fits the filters; the export is a row, too.">CSV</a>',
        width="content",
    )


def wanted(query: Mapping[str, str]) -> Wanted:
    """What an address asks for. Raises BadInput for what the page doesn't offer."""
    what = query.get("what", "")
    if what and what not in GROUPS and what not in ACTIONS:
        raise BadInput(f"{what[:40]!r} is no action: choose one on the audit page")
    first, last = _day(query.get("since")), _day(query.get("until"))
    return Wanted(
        since=_midnight(first) if first else "",
        until=_midnight(last + timedelta(days=1)) if last else "",
        actor=query.get("who", ""),
        actions=names_of(Group(what)) if what in GROUPS else (what,) if what else (),
        about=query.get("about", "")[:LONGEST],
        text=query.get("text", "")[:LONGEST],
    )


def _day(text: str | None) -> date | None:
    try:
        found = date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadInput(f"{text!r} is no day") from error
    today = clock.now().date()
    if found and not clock.EARLIEST <= found <= today:
        raise BadInput(f"{found} can't be chosen: it lies outside {clock.EARLIEST} to {today}")
    return found


def _midnight(day: date) -> str:
    return clock.stamp(datetime.combine(day, time(), UTC))
