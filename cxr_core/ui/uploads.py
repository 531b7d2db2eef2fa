"""Sending X-rays in, and one verdict a file. Names are shown to the sender from the session alone, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st

from cxr_core.records import JobState, Status, User
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import left_to, may
from cxr_core.ui.session import end_if_signed_out, site
from cxr_core.work.incoming import requests
from cxr_core.work.incoming.requests import Upload, Verdict
from cxr_core.work.models import stopping
from cxr_core.work.reading_room import reviewing

LOOK_AGAIN_SECONDS = 0.3
UNTIL_DECIDED_SECONDS = 5.0
"""How often it is looked whether an admin has decided on what is held back."""
MOST_LINES = 60


@dataclass(frozen=True)
class Waiting:
    """How many files have no verdict that stays."""

    open: int
    """They are being read, or wait for that."""
    held: int
    """They wait for an admin."""

    @property
    def look_again(self) -> float | None:
        """After how many seconds something may have become of one; None where all is said."""
        return LOOK_AGAIN_SECONDS if self.open else UNTIL_DECIDED_SECONDS if self.held else None


def uploads(user: User) -> None:
    """The place to drop files, and what became of those sent in this session."""
    if not may(requests.take_in, user):
        left_to(requests.take_in, "X-rays come in over the hospital's network, or are dropped here")
        return
    _take(user)
    sent: dict[int, str] = st.session_state.get("sent", {})
    if sent:
        before = _waiting(requests.verdicts(site().home, user, sent))
        st.fragment(_verdicts, run_every=before.look_again)(user, before)


def _take(user: User) -> None:
    batch = st.session_state.setdefault("batch", 0)
    whose = st.text_input(
        "Patient of PNG or JPEG files (optional)", key="whose", max_chars=64,
        help="Any identifier of yours. It is turned into a pseudonym before anything is written; DICOM files carry "
        "their own. Without it, each PNG or JPEG counts as a patient of its own.",
    )  # fmt: skip
    folder = st.toggle("A whole folder", key="folder")
    files = st.file_uploader(
        "X-rays: DICOM, PNG, JPEG, or a zip of them", key=f"files-{batch}-{folder}",
        accept_multiple_files="directory" if folder else True, max_upload_size=site().max_upload_mb,
        label_visibility="collapsed",
    )  # fmt: skip
    st.caption(f"Drop DICOM, PNG or JPEG files here, or a zip of them; up to {site().max_upload_mb} MB each.")
    if files:
        with told():
            batched = [Upload(file.name, file.getvalue()) for file in files]
            numbers = requests.take_in(site(), user, batched, whose.strip() or None)
            names = zip(numbers, (file.name for file in files), strict=True)
            st.session_state["sent"] = st.session_state.get("sent", {}) | dict(names)
            st.session_state["batch"] = batch + 1  # a fresh widget, so that nothing is sent twice
            st.rerun()


def _waiting(found: list[Verdict]) -> Waiting:
    return Waiting(sum(verdict.state.is_open for verdict in found), sum(verdict.waits_for_admin for verdict in found))


def _verdicts(user: User, before: Waiting) -> None:
    end_if_signed_out()
    sent: dict[int, str] = st.session_state.get("sent", {})
    found = requests.verdicts(site().home, user, sent)
    waiting = _waiting(found)
    if waiting.held < before.held or (before.open and not waiting.open):
        st.rerun(scope="app")  # what came in belongs on the list, and there is less to be asked, or sooner
    with st.container(key="sent-head"):
        _head(found, waiting)
    shown = sorted(found, key=lambda verdict: (verdict.status != "rejected", -verdict.job))[:MOST_LINES]
    opinions = reviewing.opinions(site().home, user, [verdict.image for verdict in shown if verdict.image])
    is_off = stopping.standing(site().home, user) is not None
    lines = [_line(sent[verdict.job], verdict, opinions, is_off) for verdict in shown]
    more = f'<div class="dim">and {len(found) - MOST_LINES} more</div>' if len(found) > MOST_LINES else ""
    st.html(f'<div class="verdicts">{"".join(lines)}{more}</div>')


def _head(found: list[Verdict], waiting: Waiting) -> None:
    """How many files there are, since the lines below may go on out of sight."""
    if waiting.open:
        st.progress(1 - waiting.open / len(found), f"{len(found) - waiting.open} of {len(found)} done")
        return
    refused = sum(verdict.status == "rejected" for verdict in found)
    with st.container(horizontal=True, vertical_alignment="center"):
        also = f", {waiting.held} held back" if waiting.held else ""
        st.html(f"<b>{words.how_many(len(found), 'files')}</b>, {refused} refused{also}")
        if st.button("Clear these lines", key="clear-sent", type="tertiary"):
            st.session_state["sent"] = {}
            st.rerun(scope="app")


def _line(sent_as: str, verdict: Verdict, opinions: dict[str, dict[str, Any]], is_off: bool) -> str:
    name = sent_as if verdict.member is None else f"{sent_as}, file {verdict.member}"
    outcome = _outcome(verdict, opinions, is_off)
    if verdict.was_held_back:
        outcome = f"An admin has looked at it. {outcome[0].upper()}{outcome[1:]}"
    return f'<div class="{_kind(verdict)}"><b>{escape(name)}</b><br>{escape(outcome)}</div>'


def _kind(verdict: Verdict) -> str:
    if verdict.waits_for_admin:
        return "held"
    if verdict.status == Status.REJECTED:
        return "bad"
    return "known" if verdict.known else "ok" if verdict.status else ""


def _outcome(verdict: Verdict, opinions: dict[str, dict[str, Any]], is_off: bool) -> str:
    if verdict.status is None:
        return "is being read …" if verdict.state is JobState.RUNNING else "waits its turn"
    if verdict.status == "rejected":
        return f"Refused: {'; '.join(verdict.reasons)}"
    if verdict.waits_for_admin:
        return "Held back: there may be text in the picture itself. An admin looks at it first, on the PACS page."
    here = "here already; " if verdict.known else ""
    if is_off:
        return f"{here}taken in; the model's opinion is switched off"
    if verdict.status == Status.WITHHELD:
        return f"{here}taken in; what the model says comes after your own opinion, or not at all"
    if verdict.status == "not_analysed":
        return f"{here}not analysed: {' '.join(verdict.reasons)} It can still be read."
    said = opinions[verdict.image or ""]
    return f"{here}{words.answer(said)}, probability of pneumonia {words.percent(said['probability'])}"
