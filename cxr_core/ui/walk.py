"""Going from case to case on the review page: which one is on, which comes next, which was before."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import Role, User
from cxr_core.ui.permission import may
from cxr_core.ui.session import end_if_signed_out, site
from cxr_core.work.reading_room import recording, reviewing, viewing
from cxr_core.work.reading_room.recording import Recorded
from cxr_core.work.reading_room.reviewing import Case, Stage

LONGEST_TRAIL = 50
AHEAD = 3
"""Cases of which a browser of somebody who reads alone fetches the pictures before they are asked for."""
CLAIM_SECONDS = 60
"""Between two signs of life for a case that is open."""


def current(user: User) -> str | None:
    """The image in the address, if there is such a one, else the one that has waited longest."""
    asked = st.query_params.get("image")
    image = asked if asked and reviewing.is_known(site().home, user, asked) else reviewing.next_case(site().home, user)
    if image:
        _remember(image)
    return image


def go_on(user: User, image: str) -> None:
    """Turn from `image` to the next case, if one waits; like `go_back`, before the page is drawn."""
    if following := take_next(user, image):
        st.query_params["image"] = following


def take_next(user: User, image: str) -> str | None:
    """The case to turn to from `image`, if one waits; a reader has it from then on, so that it is nobody else's."""
    if user.role is not Role.RADIOLOGIST:
        return next(iter(reviewing.upcoming(site().home, user, image, 1)), None)
    following = recording.take_next(site().home, user, image)
    if following:
        _held().append(following)
    return following


def worth_fetching(user: User, image: str, following: list[str]) -> list[str]:
    """Those of the cases behind `image` whose pictures are fetched ahead: the more read the list, the fewer.

    Others take the next ones meanwhile, and what was fetched of these was fetched for nothing.
    """
    return following[: max(0, AHEAD - reviewing.readers_beside(site().home, user, image))]


def go_back(image: str) -> None:
    """Turn from `image` to the case that was on before it, if one was."""
    trail: list[str] = st.session_state.get("trail", [])
    if image in trail[1:]:
        st.query_params["image"] = trail[trail.index(image) - 1]


def remember_undone(taken: Recorded) -> None:
    """Keep what was just taken back, so that its case can say it."""
    st.session_state["undone"] = taken
    for kind in ("label", "why"):
        st.session_state.pop(f"{kind}-{taken.image}", None)


def just_undone(image: str) -> Recorded | None:
    """What was taken back of `image`, if that was done last."""
    taken: Recorded | None = st.session_state.get("undone")
    return taken if taken and taken.image == image else None


def stay(user: User, case: Case) -> None:
    """To be called once a case is drawn: a reader holds it, and that others look on is on record."""
    if may(recording.claim, user):
        hold(user, case)
    else:
        viewing.look_on(site().home, user, case.image["id"])


@st.fragment(run_every=CLAIM_SECONDS)
def hold(user: User, case: Case) -> None:
    """Keep others from reading a case while it is on this reader's screen.

    To be called once the case is drawn, so that the X-ray doesn't wait for the disk; one that was taken by somebody
    else meanwhile, or isn't any more, is drawn anew.
    """
    end_if_signed_out()
    image = case.image["id"]
    # Streamlit may end this run wherever it is called: what is held is noted without asking it again.
    held = _held()
    is_mine = recording.claim(site().home, user, image, leaving=[each for each in held if each != image])
    held[:] = [image]
    if case.stage is not Stage.DONE and is_mine != (case.stage in (Stage.FIRST, Stage.OPEN)):
        st.rerun(scope="app")


def _held() -> list[str]:
    """The cases that this reader has."""
    held: list[str] = st.session_state.setdefault("held", [])
    return held


def _remember(image: str) -> None:
    trail: list[str] = st.session_state.setdefault("trail", [])
    if image not in trail:
        trail.append(image)
        del trail[:-LONGEST_TRAIL]
