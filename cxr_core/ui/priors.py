"""Earlier X-rays of the same patient: which one is beside the new one, and what was said of it then."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cxr_core.records import User
from cxr_core.ui import words
from cxr_core.ui.session import site
from cxr_core.work.drift import monitoring
from cxr_core.work.reading_room import reviewing
from cxr_core.work.reading_room.reviewing import Case, Prior


@dataclass(frozen=True)
class Beside:
    """The earlier X-ray that the viewer may show beside the new one."""

    image: str
    title: str


def titles_of(user: User, case: Case) -> dict[str, str]:
    """Earlier X-rays of the same patient by image, newest first: when each came, and what was said of it."""
    found = reviewing.priors(site().home, user, case.image["id"])
    running = monitoring.running_model(site().home, user) if found else None
    return {prior.image: _title(prior, running) for prior in found}


def beside(case: Case, titles: dict[str, str]) -> Beside | None:
    """The earlier X-ray that is chosen, else the newest one; None where there is none."""
    chosen = st.session_state.get(_key(case))
    image = chosen if chosen in titles else next(iter(titles), None)
    return Beside(image, titles[image]) if image else None


def choice(case: Case, titles: dict[str, str]) -> None:
    """Which earlier X-ray to compare with; nothing where there is none."""
    if titles:
        label = f"X-rays of this patient that came before: {len(titles)} (Y shows it beside)"
        st.selectbox(label, list(titles), key=_key(case), format_func=titles.__getitem__)


def _title(prior: Prior, running: str | None) -> str:
    return f"came {words.day(prior.received_at)} · {_said(prior, running)}"


def _said(prior: Prior, running: str | None) -> str:
    said = prior.opinion
    if said is None:
        return "opinion not shown"
    answer = words.answer(said)
    if said["probability"] is not None:
        answer = f"{answer} {words.percent(said['probability'])}"
    return answer if said["model"] == running else f"{answer}, by {said['model']}, another version"


def _key(case: Case) -> str:
    return f"prior-{case.image['id']}"
