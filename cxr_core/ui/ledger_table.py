"""The ledger: what became of each answer, newest first, and what was given up, to be sent again."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from cxr_core.records import DeliveryState, User
from cxr_core.ui import asked_for, fields, words
from cxr_core.ui.colours import AMBER, GREEN, RED
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import may
from cxr_core.ui.places import link_to_versions, place
from cxr_core.ui.session import site
from cxr_core.ui.tall_table import clicked_row, coloured
from cxr_core.work.hospital import connecting, ledger
from cxr_core.work.hospital.ledger import DeadLetters, Entry
from cxr_core.work.reading_room import reviewing

MOST_SHOWN = 500
REASONS_SHOWN = 3
COLOURS = {DeliveryState.VERIFIED: GREEN, DeliveryState.DEAD: RED, DeliveryState.SENDING: AMBER}
"""Only what is proven to be there is green."""
OPEN = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.ACCEPTED)
AGAIN = "queued again"
"""Key of the session state: what was just queued anew, to be told once."""


def ledger_table(user: User) -> None:
    """The dead letters, the rows that the address narrows, and the one that was clicked beside them."""
    if said := st.session_state.pop(AGAIN, None):
        st.toast(said, icon=":material/check:")
    rows, detail = st.columns([3.5, 1], gap="medium")
    with rows, st.container(key="fill-ledger"):
        dead_letters(user)
        state, name = _filters(user)
        found = ledger.entries(site().home, user, MOST_SHOWN, state, name)
        if len(found) == MOST_SHOWN:
            st.caption(f"These are the newest {MOST_SHOWN} answers; `python -m cxr_core pacs ledger` prints more.")
        picked = _table(found, narrowed=bool(state or name))
    with detail:
        if picked:
            _one(user, picked)
        elif found:
            again = " The way to send it again is there, too." if may(connecting.send_again, user) else ""
            st.caption(f"Click a row for all that is said of an answer.{again}")


def dead_letters(user: User) -> None:
    """What was given up, a line for each destination and reason, with the way to send all of it again."""
    found = ledger.dead_letters(site().home, user)
    if not found:
        return
    with st.container(gap="xxsmall"):
        for number, each in enumerate(found[:REASONS_SHOWN]):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                what = f"{words.how_many(each.many, 'answers')} to {each.name} given up:"
                st.html(f'<div><span class="dead">{escape(what)}</span> {escape(each.said)}</div>')
                what = "Send again" if each.many == 1 else f"Send all {each.many} again"
                if may(ledger.send_all_again, user) and st.button(what, key=f"again-{number}"):
                    _all_again(user, each)
    if more := sum(each.many for each in found[REASONS_SHOWN:]):
        st.caption(f"{words.how_many(more, 'answers')} more were given up for other reasons: choose dead below.")


def _all_again(user: User, letters: DeadLetters) -> None:
    with told():
        sent = ledger.send_all_again(site().home, user, letters.destination, letters.said)
        st.session_state[AGAIN] = f"{words.how_many(sent, 'answers')} queued again."
        st.rerun()


def _filters(user: User) -> tuple[DeliveryState | None, str | None]:
    names = [each.name for each in connecting.all_destinations(site().home, user)]
    states = [state.value for state in DeliveryState]
    asked_for.one_of("stands", states, "state")
    asked_for.one_of("to", names, "destination")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        state = fields.one_of("State", states, "stands", 190)
        name = fields.one_of("Destination", names, "to", 230)
    return DeliveryState(state) if state else None, name


def _table(found: list[Entry], narrowed: bool) -> Entry | None:
    if not found and narrowed:
        words.empty("No such answer", "Nothing fits these filters. Clear them, or choose others.")
    elif not found:
        words.empty("Nothing was sent yet", "Answers stand here as soon as a rule holds for an X-ray that came in.")
    else:
        styled = coloured(pd.DataFrame(list(map(row_of, found))), ["State"], COLOURS)
        picked = clicked_row(styled, [entry.delivery.id for entry in found], _columns())
        return None if picked is None else found[picked]
    return None


def row_of(entry: Entry) -> dict[str, Any]:
    """A delivery as a row of the table."""
    delivery = entry.delivery
    return {
        "When": words.day(delivery.queued_at),
        "Destination": entry.destination,
        "Answer": delivery.answer.value,
        "Image": words.short(entry.image),
        "Version": delivery.model or words.NONE,
        "State": delivery.state.value,
        "Tries": delivery.attempts,
        "Said": delivery.said or "",
        "Next": next_try(entry),
    }


def next_try(entry: Entry) -> str:
    """When something is done with a delivery again; a dash where nothing is."""
    delivery = entry.delivery
    is_dated = delivery.next_at[4:5] == "-"  # what is believed without a proof waits for a day that never comes
    return words.day(delivery.next_at) if delivery.state in OPEN and is_dated else words.NONE


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "When": column.TextColumn("When (UTC)", width=112),
        "Destination": column.TextColumn(width=110),
        "Answer": column.TextColumn(width=90),
        "Image": column.TextColumn(width=76),
        "Version": column.TextColumn(width=120),
        "State": column.TextColumn(width=72),
        "Tries": column.NumberColumn(width=44, format="%d"),
        "Said": column.TextColumn(width=210),
        "Next": column.TextColumn("Next (UTC)", width=112),
    }


def _one(user: User, entry: Entry) -> None:
    delivery = entry.delivery
    st.html(f"<h3>Answer {delivery.id}: {delivery.answer} to {escape(entry.destination)}</h3>")
    words.table([
        ("State", delivery.state.value),
        ("Said", delivery.said or words.NONE),
        ("Tries", str(delivery.attempts)),
        ("Queued", words.day(delivery.queued_at)),
        ("Accepted", words.day(delivery.accepted_at)),
        ("Verified", words.day(delivery.verified_at)),
        ("Next", next_try(entry)),
    ])  # fmt: skip
    if not entry.image:
        st.caption(f"It answers an object that could not be taken in. {entry.refused or ''}")
    elif may(reviewing.case, user):
        st.page_link(place("review"), label="Look at the X-ray", query_params={"image": entry.image})
        link_to_versions(entry.image)
    is_dead = delivery.state is DeliveryState.DEAD and may(connecting.send_again, user)
    if is_dead and st.button("Send this one again", key="again-one"):
        with told():
            connecting.send_again(site().home, user, [delivery.id])
            st.session_state[AGAIN] = f"Answer {delivery.id} is queued again."
            st.rerun()
