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
from cxr_core.store.messages import Message
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import left_to, may
from cxr_core.ui.places import place
from cxr_core.ui.session import site
from cxr_core.ui.viewer import thumbnail_url
from cxr_core.work.drift import alarming, notifying
from cxr_core.work.drift.alarming import Told

SPOKE = ["Signal", "What", "Where", "Beside", "Changed", "Images", "Since its first word", "Now"]
CLOSED = ["Alarm", "Where", "Since", "Taken for", "It was", "Done", "Owner", "Closed (UTC)", "By"]
LOST_DAYS = 28
"""For so long the page speaks of a message that never got through."""


def alarms(user: User) -> None:
    """Every open alarm, a line each until it is opened, which the address says; then those that were closed."""
    for found in alarming.standing(site().home, user):
        key = f"alarm-{found.alarm.id}"
        with st.expander(_headline(found), key=key, on_change="rerun", bind="query-params") as shown:
            if shown.open:
                _alarm(user, found)
    for lost in notifying.given_up(site().home, user, LOST_DAYS):
        st.warning(f"That alarm {lost.alarm} was {lost.event} could not be told by {lost.channel}: {lost.answer}")
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
    _messages(user, alarm.id)
    signals(found)
    _films(found)
    _links(found)
    _forms(user, found)


def _messages(user: User, alarm: int) -> None:
    """Whether it was told elsewhere."""
    if found := notifying.told_of(site().home, user, alarm):
        st.caption(" ".join(f"{each.channel.capitalize()}: {_became(each)}." for each in found))


def _became(message: Message) -> str:
    if message.sent_at:
        return f"sent {words.day(message.sent_at)} UTC, {message.answer}"
    if message.given_up_at:
        return f"given up after {words.how_many(message.attempts, 'attempts')}"
    failed = f", after {words.how_many(message.attempts, 'attempts')}: {message.answer}" if message.answer else ""
    return f"waits to be sent{failed}"


def signals(found: Told) -> None:
    """The signals that spoke, and how far each had moved then."""
    words.grid(SPOKE, list(map(signal_row, found.signals)))


def signal_row(row: dict[str, Any]) -> list[str]:
    """A signal of an alarm, under SPOKE."""
    now = f"steady since {row['over']}" if row["over"] else "speaks"
    beside, moved = f"the {row['beside']}'s reference", words.percent(row["effect"])
    what = row["what"] or words.NONE
    return [SIGNALS[row["signal"]].title, what, _place(row["scope"]), beside, moved, str(row["n"]), row["day"], now]


def _films(found: Told) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.caption("From the site's reference" if found.before else "The site has no reference with such images.")
        _row(found.before)
    with right:
        st.caption("Since it began")
        _row(found.now)


def _row(images: Sequence[str]) -> None:
    """They come after the page, which doesn't wait for them."""
    shown = "".join(f"<img src='{thumbnail_url(image)}' loading='lazy' alt='X-ray'>" for image in images)
    st.html(f"<div class='films'>{shown}</div>")


def _links(found: Told) -> None:
    """To the worklist with these cases alone, by the names that its fields show."""
    places = {kind: words.short(name) if kind == "device" else name for kind, name in found.place.items()}
    chosen = {"show": "All", **places, "since": found.alarm.since}
    st.page_link(place("worklist"), label="Look at the cases", query_params=chosen)


def _forms(user: User, found: Told) -> None:
    number = found.alarm.id
    if not may(alarming.close, user):
        left_to(alarming.close, "It is taken and closed")
        return
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
            alarming.close(site().home, user, number, cause, action, site().channels)
            st.rerun()


def _closed(found: Sequence[Alarm]) -> None:
    words.grid(CLOSED, list(map(closed_row, found)))


def closed_row(found: Alarm) -> list[str]:
    """A closed alarm, under CLOSED."""
    return [
        str(found.id), _place(found.scope), found.since, found.guess, found.cause or words.NONE,
        found.action or words.NONE, found.owner or words.NONE, words.day(found.closed_at),
        found.closed_by or words.NONE,
    ]  # fmt: skip
