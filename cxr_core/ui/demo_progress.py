"""While the demo is being made, the pages say so and fill by themselves."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import JobState
from cxr_core.ui.session import site
from cxr_core.work import starting


def demo_progress() -> None:
    """A line while the demo is being made, and the reason if it couldn't be; else nothing."""
    job = starting.demo_job(site().home)
    if job and job.state.is_open:
        _progress()
    elif job and job.state is JobState.FAILED:
        st.error(f"The demo could not be made: {job.error}")


@st.fragment(run_every=2)
def _progress() -> None:
    job = starting.demo_job(site().home)
    if job is None or not job.state.is_open:
        st.rerun(scope="app")
    done, of = job.progress.get("done", 0), job.progress.get("of", 0)
    doing = "drawing X-rays" if job.progress.get("doing") == "rendering" else "telling the history"
    words = f"The demo is being made: {doing}, {done} of {of}" if of else "The demo is being made …"
    st.progress(done / of if of else 0.0, words)
