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
    st.session_state["recorded"] = read


def is_newest(read: int) -> bool:
    """Whether this is the read that was recorded last, here and since the page was loaded."""
    recorded: Recorded | None = st.session_state.get("recorded")
    return recorded is not None and recorded.read == read


def forget_read() -> None:
    """Say no more what was recorded last: it was taken back."""
    st.session_state.pop("recorded", None)


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
    """The read after which `image` came up, if it was the newest one."""
    read: Recorded | None = st.session_state.get("recorded")
    return read if read and read.onward == image else None


def _remember(image: str) -> None:
    trail: list[str] = st.session_state.setdefault("trail", [])
    if image not in trail:
        trail.append(image)
        del trail[:-LONGEST_TRAIL]
