"""Which heatmap lies over the X-ray: Grad-CAM, which comes with the opinion, or another that a reader asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from cxr_core.records import Floats, Job, JobState, Method, User
from cxr_core.ui.permission import may
from cxr_core.ui.session import end_if_signed_out, require_user, site
from cxr_core.work.reading_room import explaining
from cxr_core.work.reading_room.explaining import Asked
from cxr_core.work.reading_room.reviewing import Case

ABSOLUTE = "Evidence in logits, on one scale for all X-rays"
RELATIVE = "Relative scale: up to this map's own peak"
STANDS_OUT = "What stands out to the model"
UNCHECKED = {
    Method.EIGEN_CAM: "Not about pneumonia in particular",
    Method.SCORE_CAM: "Its stability was not checked",
}
"""EigenCAM asks for no class, so that a check that the model has learnt about one says little of it; see `drawing`."""


@dataclass(frozen=True)
class Drawn:
    """What the heatmap pane shows: a map with its scale and unit, or a note in its place."""

    title: str
    heatmap: Floats | None = None
    scale: float = 1.0
    """Where the colours end."""
    unit: str = ""
    note: str = ""
    job: Job | None = None
    """Draws what was asked for, or failed at it."""


def drawn(case: Case) -> Drawn:
    """What the pane shows of a case, by the method chosen for it; one that nobody asked for yet is asked for."""
    method = _chosen(case)
    if case.prediction is None:
        return Drawn("X-ray")
    if method is Method.GRAD_CAM:
        return _grad_cam(case, case.prediction)
    title = f"{STANDS_OUT if method is Method.EIGEN_CAM else 'Evidence for pneumonia'} · {method}"
    asked = _asked(require_user(), case.image["id"], method)
    if found := asked.explanation:
        shown = None if found.doubt else found.heatmap
        unit = ". ".join(filter(None, (RELATIVE, UNCHECKED.get(method))))
        return Drawn(title, shown, unit=unit, note=_hidden(found.doubt))
    failed = asked.job is not None and asked.job.state is JobState.FAILED
    return Drawn(title, note=f"{method} {'could not be drawn' if failed else 'is being drawn'}", job=asked.job)


def choice(case: Case, shown: Drawn, user: User) -> None:
    """The method to choose, and how far a map is that was asked for; nothing where no other can be drawn.

    In a container of their own, so that nothing below is drawn anew when the progress comes and goes.
    """
    if case.prediction is None or not may(explaining.ask, user) or not explaining.may_ask(case.prediction):
        return
    with st.container(key="method", gap="small"):
        st.selectbox(
            "How the heatmap is drawn", list(Method), key=_key(case), on_change=_forget, args=(case,),
            format_func=str, label_visibility="collapsed",
        )  # fmt: skip
        if shown.job and shown.job.state.is_open:
            _progress(case.image["id"], _chosen(case), shown.job.id)
        elif shown.job:
            st.warning(f"{_chosen(case)} could not be drawn: {shown.job.error}. Choose it again for another try.")


@st.fragment(run_every=1.0)
def _progress(image: str, method: Method, number: int) -> None:
    end_if_signed_out()
    job = explaining.look(site().home, require_user(), image, method, number).job
    if job is None or not job.state.is_open:
        st.rerun(scope="app")
    done, of = job.progress.get("done", 0), job.progress.get("of", 0)
    st.progress(done / of if of else 0.0, f"Drawing {method} …" if of else f"{method} waits for its worker")


def _grad_cam(case: Case, prediction: dict[str, Any]) -> Drawn:
    title = f"Evidence for pneumonia · {Method.GRAD_CAM}"
    if prediction["heatmap"] is None:
        return Drawn(title, note="Not analysed by the model")
    doubt = prediction["heatmap_doubt"]
    return Drawn(title, None if doubt else prediction["heatmap"], case.heatmap_scale, ABSOLUTE, _hidden(doubt))


def _hidden(doubt: str | None) -> str:
    return f"Heatmap not shown. {doubt}" if doubt else ""


def _asked(user: User, image: str, method: Method) -> Asked:
    """The map or its job; the job's number is kept, so that one that failed isn't queued again by every click."""
    key = f"asked-{image}-{method}"
    if number := st.session_state.get(key):
        asked = explaining.look(site().home, user, image, method, number)
        if asked.explanation or (asked.job and asked.job.state is not JobState.DONE):
            return asked  # else another model runs by now, whose map nobody asked for yet
    asked = explaining.ask(site().home, user, image, method)
    if asked.job:
        st.session_state[key] = asked.job.id
    return asked


def _chosen(case: Case) -> Method:
    return Method(st.session_state.get(_key(case), Method.GRAD_CAM))


def _key(case: Case) -> str:
    return f"method-{case.image['id']}"


def _forget(case: Case) -> None:
    st.session_state.pop(f"asked-{case.image['id']}-{_chosen(case)}", None)
