"""Going from case to case on the review page: which one is on, which comes next, which was before."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cxr_core.records import Label, User
from cxr_core.ui.session import end_if_signed_out, site
from cxr_core.work import recording, reviewing
from cxr_core.work.reviewing import Case, Stage

LONGEST_TRAIL = 50
CLAIM_SECONDS = 60
"""Between two signs of life for a case that is open."""


@dataclass(frozen=True)
class Recorded:
    """A read that was just recorded."""

    read: int
    image: str
    label: Label
    patient: str
    onward: str | None
    """The image that came up after it; None after the last one that waited."""


def current(user: User) -> str | None:
    """The image in the address, if there is such a one, else the one that has waited longest."""
    asked = st.query_params.get("image")
    image = asked if asked and reviewing.is_known(site().home, user, asked) else reviewing.next_case(site().home, user)
    if image:
        _remember(image)
    return image


def go_on(user: User, image: str) -> None:
    """Turn from `image` to the next case, if one waits; like `go_back`, before the page is drawn."""
    if following := reviewing.upcoming(site().home, user, image, 1):
        st.query_params["image"] = following[0]


def go_back(image: str) -> None:
    """Turn from `image` to the case that was on before it, if one was."""
    trail: list[str] = st.session_state.get("trail", [])
    if image in trail[1:]:
        st.query_params["image"] = trail[trail.index(image) - 1]


def remember_read(read: Recorded) -> None:
    """Keep what was just recorded, so that the next case can say it."""
    st.session_state["recorded"] = [*_recorded(), read]


def was_recorded_here(read: int) -> bool:
    """Whether a read was recorded since the page was loaded, and stands."""
    return any(each.read == read for each in _recorded())


def forget_read(read: int) -> None:
    """Say no more that a read was recorded: it was taken back, which the page says of its case instead."""
    taken = next(each for each in _recorded() if each.read == read)
    st.session_state["recorded"] = [each for each in _recorded() if each is not taken]
    st.session_state["taken back"] = taken


@st.fragment(run_every=CLAIM_SECONDS)
def hold(user: User, case: Case) -> None:
    """Keep others from reading a case while it is on this reader's screen.

    To be called once the case is drawn, so that the X-ray doesn't wait for the disk; one that was taken by somebody
    else meanwhile is drawn anew.
    """
    end_if_signed_out()
    image, before = case.image["id"], st.session_state.get("held")
    is_mine = recording.claim(site().home, user, image, leaving=before if before != image else None)
    st.session_state["held"] = image
    if not is_mine and case.stage in (Stage.FIRST, Stage.OPEN):
        st.rerun(scope="app")


def just_recorded(image: str) -> Recorded | None:
    """The read after which `image` came up, if it is the newest that stands."""
    newest = next(reversed(_recorded()), None)
    return newest if newest and newest.onward == image else None


def just_taken_back(image: str) -> Recorded | None:
    """The read of `image` that was taken back last, until another is recorded of it."""
    taken: Recorded | None = st.session_state.get("taken back")
    stands = any(each.image == image for each in _recorded())
    return taken if taken and taken.image == image and not stands else None


def _recorded() -> list[Recorded]:
    found: list[Recorded] = st.session_state.get("recorded", [])
    return found


def _remember(image: str) -> None:
    trail: list[str] = st.session_state.setdefault("trail", [])
    if image not in trail:
        trail.append(image)
        del trail[:-LONGEST_TRAIL]
