"""A retrain while it runs: epochs, curves, and the way to stop it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cxr_core.records import Job, JobState, User
from cxr_core.ui import charts, words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import may
from cxr_core.ui.session import end_if_signed_out, require_user, site
from cxr_core.work.models import retraining
from cxr_core.work.models.pace import share_done


def is_open(job: Job | None) -> bool:
    """Whether a retrain waits or runs."""
    return job is not None and job.state.is_open


@st.fragment(run_every=1.0)
def live(user: User, number: int) -> None:
    """The progress of the open retrain; the page is drawn anew when it has ended."""
    end_if_signed_out()
    job = retraining.newest_job(site().home, user)
    if job is None or job.id != number or not job.state.is_open:
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f"<h3>Retrain {job.id}: {_doing(job)}</h3>")
        st.space("stretch")
        if may(retraining.cancel, user) and st.button("Cancel", key="cancel"):
            _cancel(require_user(), job.id)
    st.progress(*_how_far(job.progress))
    if history := job.progress.get("history"):
        charts.curves(history, "live")


def ended(job: Job | None) -> None:
    """Why the last retrain brought nothing, if it didn't."""
    if job and job.state is JobState.FAILED:
        st.warning(f"The last retrain ended without a candidate: {job.error}")


def _how_far(progress: dict[str, Any]) -> tuple[float, str]:
    if not progress.get("epochs"):
        return (1.0, "All epochs done") if progress.get("history") else (0.0, "Getting ready")
    left = f", {words.lasting(progress['seconds_left'])} left at most" if "seconds_left" in progress else ""
    return share_done(progress), f"Epoch {progress['epoch']} of {progress['epochs']}{left}"


def _doing(job: Job) -> str:
    if job.state is JobState.QUEUED:
        return "waits for its worker"
    return str(job.progress.get("doing") or ("training" if job.progress else "getting ready"))


def _cancel(user: User, job: int) -> None:
    with told():
        retraining.cancel(site().home, user, job)
        st.rerun(scope="app")
