"""Going from case to case on the review page: which one is on, which comes next, which was before."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cxr_core.records import Label, Role, User
from cxr_core.ui.session import end_if_signed_out, site
from cxr_core.work import recording, reviewing

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


def following(user: User, image: str) -> str | None:
    """The case to read after `image`: the next that waits, from the top again at the end of the list."""
    after = reviewing.next_case(site().home, user, image) or reviewing.next_case(site().home, user)
    return after if after != image else None


def ahead(user: User, image: str, count: int = 3) -> list[str]:
    """The cases to read after `image`, soonest first: a browser fetches their pictures meanwhile."""
    found: list[str] = []
    while len(found) < count and (after := following(user, found[-1] if found else image)):
        if after in (image, *found):
            break
        found.append(after)
    return found


def go(user: User, image: str, step: int) -> None:
    """Leave `image` for the next case (1) or the one seen before it (-1); stays where there is none.

    To be called before the page is drawn: it changes the address alone.
    """
    trail: list[str] = st.session_state.get("trail", [])
    before = trail[trail.index(image) - 1] if image in trail[1:] else None
    if target := following(user, image) if step > 0 else before:
        if user.role is Role.RADIOLOGIST:
            recording.give_up(site().home, user, image)
        st.query_params["image"] = target


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
def hold(user: User, image: str) -> None:
    """Keep others from reading a case while it is on this reader's screen."""
    end_if_signed_out()
    recording.claim(site().home, user, image)


def just_recorded(image: str) -> Recorded | None:
    """The read after which `image` came up, if it was the newest one."""
    read: Recorded | None = st.session_state.get("recorded")
    return read if read and read.onward == image else None


def _remember(image: str) -> None:
    trail: list[str] = st.session_state.setdefault("trail", [])
    if image not in trail:
        trail.append(image)
        del trail[:-LONGEST_TRAIL]
