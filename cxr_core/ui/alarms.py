"""Open alarms: what changed, six images from before and six of now, and whose it is; the last that were closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from cxr_core.drift.catalogue import SIGNALS
from cxr_core.drift.causes import CAUSES, UNKNOWN, Cause
from cxr_core.drift.sight import SITE
from cxr_core.records import User
from cxr_core.store.alarms import Alarm
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.places import place
from cxr_core.ui.session import site
from cxr_core.work import alarming, pictures
from cxr_core.work.alarming import Told

THUMBNAIL = 180
"""Pixels of an image's longer side."""


def alarms(user: User) -> None:
    """Every open alarm, a line each until it is opened, which the address says; then those that were closed."""
    for found in alarming.standing(site().home, user):
        key = f"alarm-{found.alarm.id}"
        with st.expander(_headline(found), key=key, on_change="rerun", bind="query-params") as shown:
            if shown.open:
                _alarm(user, found)
    closed = alarming.past(site().home, user)
    if closed:
        with st.expander(f"Closed alarms: {len(closed)}"):
            _closed(closed)


def _headline(found: Told) -> str:
    alarm = found.alarm
    where = "the whole site" if alarm.scope == str(SITE) else _place(alarm.scope)
    owner = f"{alarm.owner}'s" if alarm.owner else "nobody's yet"
    return f":red[Alarm {alarm.id}: {_cause(alarm).name}], {where}, since {alarm.since}; {owner}"


def _place(scope: str) -> str:
    """A scope with the name as tables show it."""
    kind, _, name = scope.partition(" ")
    return f"{kind} {words.short(name)}" if name else kind


def _cause(alarm: Alarm) -> Cause:
    return CAUSES.get(alarm.guess, UNKNOWN)


def _alarm(user: User, found: Told) -> None:
    alarm = found.alarm
    st.caption(
        f"Since {alarm.since}, noticed on {alarm.opened_on}, with {alarm.model} in use. {_cause(alarm).next.value} "
        f"{'It is ' + alarm.owner + chr(39) + 's.' if alarm.owner else 'It is nobody' + chr(39) + 's yet.'}"
    )
    signals(found)
    _films(user, found)
    _links(found)
    _forms(user, found)


def signals(found: Told) -> None:
    """The signals that spoke, and how far each had moved then."""
    words.grid(
        ["Signal", "What", "Where", "Beside", "Changed", "Images", "Since its first word", "Now"],
        [_signal(row) for row in found.signals],
    )


def _signal(row: dict[str, Any]) -> list[str]:
    now = f"steady since {row['over']}" if row["over"] else "speaks"
    beside, moved = f"the {row['beside']}'s reference", words.percent(row["effect"])
    what = row["what"] or words.NONE
    return [SIGNALS[row["signal"]].title, what, _place(row["scope"]), beside, moved, str(row["n"]), row["day"], now]


def _films(user: User, found: Told) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.caption("From the site's reference" if found.before else "The site has no reference with such images.")
        _row(user, found.before)
    with right:
        st.caption("Since it began")
        _row(user, found.now)


def _row(user: User, images: Sequence[str]) -> None:
    for column, image in zip(st.columns(alarming.SHOWN), images, strict=False):
        with column, told():
            st.image(pictures.thumbnail(site().home, user, image, THUMBNAIL))


def _links(found: Told) -> None:
    """To the worklist with these cases alone, by the names that its fields show."""
    places = {kind: words.short(name) if kind == "device" else name for kind, name in found.place.items()}
    chosen = {"show": "All", **places, "since": found.alarm.since}
    st.page_link(place("worklist"), label="Look at the cases", query_params=chosen)


def _forms(user: User, found: Told) -> None:
    number = found.alarm.id
    if found.alarm.owner != user.name and st.button("Take it", key=f"take-{number}"):
        with told():
            alarming.take(site().home, user, number)
            st.rerun()
    with st.form(key=f"close-{number}", border=False):
        left, middle, right = st.columns([3, 3, 1.4], vertical_alignment="bottom")
        cause = left.text_input("What it was", key=f"cause-{number}", max_chars=500)
        action = middle.text_input("What was done", key=f"action-{number}", max_chars=500)
        closes = right.form_submit_button("Close the alarm", key=f"close-now-{number}")
    if closes:
        with told():
            alarming.close(site().home, user, number, cause, action)
            st.rerun()


def _closed(found: Sequence[Alarm]) -> None:
    words.grid(
        ["Alarm", "Where", "Since", "Taken for", "It was", "Done", "Owner", "Closed (UTC)", "By"],
        [
            [str(each.id), _place(each.scope), each.since, each.guess, each.cause or words.NONE,
             each.action or words.NONE, each.owner or words.NONE, words.day(each.closed_at),
             each.closed_by or words.NONE]
            for each in found
        ],
    )  # fmt: skip
