"""The worklist: what waits, narrowed by what the address says, one dense row a case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from cxr_core import clock
from cxr_core.records import Label, Mode, Ordering, User, Worklist
from cxr_core.ui import asked_for, fields, words
from cxr_core.ui.colours import AMBER, GREEN, VIOLET
from cxr_core.ui.permission import may
from cxr_core.ui.session import site
from cxr_core.ui.tall_table import clicked_row, coloured
from cxr_core.work.incoming import requests
from cxr_core.work.reading_room import listing, reviewing
from cxr_core.work.reading_room.listing import BLIND_ORDERS
from cxr_core.work.reading_room.reviewing import Filters, Show

PAGE = 100
ANSWERS = (*(label.value for label in Label), "not analysed")
COLOURS = {"Pneumonia": AMBER, "Normal": GREEN, "Uncertain": VIOLET}


def counts(user: User) -> None:
    """How many wait, were read, and are on their way."""
    found = reviewing.counts(site().home, user)
    parts = (("waiting", "waiting"), ("read", "read"), ("coming", "being analysed"))
    spans = "".join(f"<span><b>{found[name]}</b>{text}</span>" for name, text in parts)
    st.html(f'<div class="strip">{spans}</div>')


def filters(user: User, chosen: Worklist) -> Filters:
    """The filters, as chosen and as kept in the page's address."""
    devices, views = reviewing.devices(site().home, user), reviewing.views(site().home, user)
    asked_for.one_of("device", set(map(words.short, devices)), "device")
    asked_for.one_of("view", views, "view")
    asked_for.day("since", clock.EARLIEST, clock.now().date())
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        show = st.segmented_control(
            "Cases", [show.value.capitalize() for show in Show], key="show", default="Waiting", required=True,
            bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
        label = fields.one_of("Model says", ANSWERS, "says", 190, "anything")
        device = fields.device(devices, "device")
        view = fields.one_of("View", views, "view", 120)
        since = fields.day_so_far("Came in since", None, "since", 150, "Only what came in from this day on (UTC)")
    return Filters(Show((show or "Waiting").lower()), label, device, view, since, limit=PAGE, worklist=chosen.id)


def list_chosen(user: User) -> Worklist:
    """The worklist that is looked at; nothing to choose from where all comes to one."""
    found = {each.name: each for each in listing.worklists(site().home, user)}
    first = next(iter(found))
    waiting = reviewing.waiting_by_list(site().home, user)
    offered = [name for name, each in found.items() if name == first or each.share or each.id in waiting]
    if offered == [first]:
        return found[first]
    name = st.segmented_control(
        "List", offered, key="list", default=first, required=True, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    return found[name or first]


def first_waiting(user: User, chosen: Filters) -> str | None:
    """The image to begin with: the first that waits of those that the filters leave."""
    found = reviewing.waiting_list(site().home, user, replace(chosen, show=Show.WAITING, limit=1))
    return str(found[0]["id"]) if found else None


def table(user: User, chosen: Filters, listed: Worklist) -> str | None:
    """The cases; returns the image whose row was clicked."""
    place = st.session_state.setdefault("place", 0)
    place = place if st.session_state.get("placed") == chosen else 0
    st.session_state["placed"] = chosen
    wanted = replace(chosen, offset=place, limit=PAGE + 1)
    found = reviewing.waiting_list(site().home, user, wanted)
    shown = found[:PAGE]
    if not shown:
        _nothing(user, chosen)
        return None
    styled = coloured(_frame(shown, listed), ["Model says", "Read"], COLOURS)
    at_once = all(case["mode"] == Mode.CONCURRENT for case in shown)
    columns = {**_columns(chosen), **({"Read as": None} if at_once else {})}
    picked = clicked_row(styled, [case["id"] for case in shown], columns)
    _turn(place, len(shown), len(found) > PAGE)
    return None if picked is None else str(shown[picked]["id"])


def _frame(cases: list[dict[str, Any]], listed: Worklist) -> pd.DataFrame:
    return pd.DataFrame([
        {
            "Waits": words.since(case["received_at"]),
            "Patient": words.short(case["patient"]),
            "Age": case["age_years"],
            "Sex": case["sex"],
            "View": case["view"],
            "Device": words.short(case["device"]),
            "Because": _because(case, listed),
            "Read as": case["mode"],
            "Model says": words.answer(case) if case["revealed"] else "",
            "Probability": words.points(case["probability"]),
            "Model": case["model"],
            "Read": case["read_label"] or "",
            "Agrees": {1: "agrees", 0: "disagrees"}.get(case["agrees"], ""),
            "Origin": "SYNTHETIC" if case["synthetic"] else "",
        }
        for case in cases
    ])  # fmt: skip


def _because(case: dict[str, Any], listed: Worklist) -> str:
    """Why a case stands where it does."""
    if not case["slots_open"]:
        return ""
    if case["overdue"]:
        return f"waits over {listed.longest_wait_hours:g} h"
    if listed.ordering in BLIND_ORDERS:
        return str(listed.ordering)
    if not case["revealed"]:
        return "waits"
    if case["probability"] is None:
        return "not analysed"
    return f"{listed.ordering} {_degree(listed.ordering, case['probability']):.0%}"


def _degree(ordering: Ordering, probability: float) -> float:
    """How much there is of what the list goes by: the probability itself, or how near it is to even."""
    return probability if ordering is Ordering.SUSPICION else 1 - 2 * abs(probability - 0.5)


def _columns(chosen: Filters) -> dict[str, Any]:
    column = st.column_config
    unread = None if chosen.show is Show.WAITING else "small"
    return {
        "Waits": column.TextColumn("Came in", width=70),
        "Patient": column.TextColumn(width=86),
        "Age": column.NumberColumn(width=44, format="%d"),
        "Sex": column.TextColumn(width=44),
        "View": column.TextColumn(width=50),
        "Device": column.TextColumn(width=86),
        "Because": column.TextColumn(width=104) if chosen.show is Show.WAITING else None,
        "Read as": column.TextColumn(width=96),
        "Model says": column.TextColumn(width=96),
        "Probability": column.ProgressColumn("P(pneumonia)", min_value=0, max_value=100, format="%.1f %%", width=150),
        "Model": column.TextColumn("Version", width=110),
        "Read": column.TextColumn(width=90) if unread else None,
        "Agrees": column.TextColumn("Reader", width=80) if unread else None,
        "Origin": column.TextColumn(width=90),
    }


def _nothing(user: User, chosen: Filters) -> None:
    if reviewing.counts(site().home, user)["coming"]:
        words.empty("Being analysed", "What was sent in is being read by the model; it appears here by itself.")
    elif chosen != Filters(limit=PAGE, worklist=chosen.worklist):
        words.empty("No such case", "Nothing fits these filters. Clear them, or choose All.")
    else:
        drops = "Drop X-rays on the right: DICOM, PNG or JPEG, single files, a folder or a zip."
        words.empty("Nothing waits", drops if may(requests.take_in, user) else "What comes in stands here.")


def _turn(place: int, shown: int, more: bool) -> None:
    if not place and not more:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        earlier = st.button("Back", disabled=not place, key="turn-back")
        later = st.button("More", disabled=not more, key="turn-on")
        st.caption(f"Rows {place + 1} to {place + shown}")
    if earlier or later:
        st.session_state["place"] = max(0, place + (PAGE if later else -PAGE))
        st.rerun()
