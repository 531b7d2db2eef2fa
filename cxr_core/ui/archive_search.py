"""Asking an archive what it has, and choosing what is fetched. Who is named there is in this session's memory alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pandas as pd
import streamlit as st

from cxr_core import clock
from cxr_core.pacs.web.finding import Match, Query
from cxr_core.records import User
from cxr_core.store.senders import Sender
from cxr_core.ui import fields, words
from cxr_core.ui.mishaps import told
from cxr_core.ui.session import end_if_signed_out, site
from cxr_core.ui.tall_table import HEAD_PIXELS, ROW_PIXELS
from cxr_core.work.hospital import pulling
from cxr_core.work.incoming import requests
from cxr_core.work.incoming.passing import Asked

SEARCH = "search of an archive"
"""Key of the session state: the question of this session, and its answer."""
SHOWN = 11
"""Rows before the table scrolls."""
PRIVATE = (
    "Patients are shown from this page's memory, and written nowhere. They go with the next search, or when you fetch."
)


@dataclass(frozen=True)
class Search:
    """What was asked in this session, of whom, and what they have."""

    source: str
    asked: Asked
    found: list[Match] | None = None


def archive_search(user: User, sources: list[Sender]) -> None:
    """The question, and once there is an answer what to fetch of it."""
    st.html("<h3>What an archive has</h3>")
    _question(user, [source.name for source in sources])
    search = _search(user, {source.name for source in sources})
    if search is None:
        st.caption("It is asked by the worker: days and modalities are enough, and a patient's ID needn't be said.")
    elif search.found is None:
        _until_answered(user, search)
    elif not search.found:
        words.empty("Nothing fits", f"{search.source} has no such X-rays: ask for other days, or less narrowly.")
    else:
        _choice(user, search, search.found)


def _question(user: User, names: list[str]) -> None:
    today = clock.now().astimezone().date()
    with st.form(key="search", border=False):
        first, second, third = st.columns(3)
        name = first.selectbox("Archive", names, key="search-archive")
        with second:
            since = fields.day("From", today - timedelta(days=1), "search-since")
        with third:
            until = fields.day("To", today, "search-until")
        modalities = first.multiselect("Modalities", ["CR", "DX"], ["CR", "DX"], key="search-modalities")
        station = second.text_input("Station (optional)", max_chars=16, key="search-station")
        patient = third.text_input("Patient ID (optional)", max_chars=64, key="search-patient")
        if st.form_submit_button("Search", type="primary", key="search-there"):
            with told():
                query = Query(since, until, tuple(modalities), patient.strip(), station.strip())
                st.session_state[SEARCH] = Search(name, pulling.search(site().home, user, name, query))
                st.rerun()


def _search(user: User, names: set[str]) -> Search | None:
    """What this session asked, with the answer once it is there; None where there is none to come."""
    search: Search | None = st.session_state.pop(SEARCH, None)
    if search is None or search.source not in names:
        return None
    with told():
        if search.found is None:
            search = replace(search, found=pulling.found(site().home, user, search.asked))
        st.session_state[SEARCH] = search
        return search
    return None


@st.fragment(run_every=0.5)
def _until_answered(user: User, search: Search) -> None:
    """Draws the page anew once the archive has answered, or can't."""
    end_if_signed_out()
    if not requests.is_under_way(site().home, user, search.asked.job):
        st.rerun(scope="app")
    words.empty("A moment", f"{search.source} is being asked.")


def _choice(user: User, search: Search, found: list[Match]) -> None:
    height = ROW_PIXELS * min(len(found), SHOWN) + HEAD_PIXELS
    with st.container(key="table", height=height, border=False):
        picked = st.dataframe(
            pd.DataFrame(list(map(row_of, found))), key=f"matches-{search.asked.job}", hide_index=True,
            row_height=ROW_PIXELS, height="stretch", on_select="rerun", selection_mode="multi-row",
        )  # fmt: skip
    chosen = chosen_of(found, picked["selection"]["rows"])
    which = "all " if len(chosen) == len(found) else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(f"Fetch {which}{words.how_many(len(chosen), 'X-rays')}", type="primary", key="fetch"):
            with told():
                pulling.fetch(site().home, user, search.source, chosen)
                del st.session_state[SEARCH]
                st.rerun()
        if st.button("Forget these", key="forget", type="tertiary"):
            del st.session_state[SEARCH]
            st.rerun()
    st.caption(PRIVATE)


def chosen_of(found: list[Match], rows: list[int]) -> list[Match]:
    """The X-rays in these rows; all where none is chosen."""
    return [found[row] for row in rows if row < len(found)] or found


def row_of(match: Match) -> dict[str, Any]:
    """An X-ray as a row of the table."""
    return {
        "Patient ID": match.patient,
        "Name": match.patient_name.replace("^", " ").strip(),
        "Day": match.day,
        "Modality": match.modality,
        "Station": match.station,
    }
