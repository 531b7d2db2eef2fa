"""A candidate in the shadow: letting it predict beside the running model, and what came of it."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from cxr_core.records import Label, User
from cxr_core.store.shadows import Shadow
from cxr_core.ui import charts, colours, words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import left_to, may
from cxr_core.ui.session import site
from cxr_core.work.models import shadowing

COLOURS = {Label.NORMAL: colours.GREEN, Label.PNEUMONIA: colours.AMBER, None: colours.BLUE}
"""By what readers found."""
MOST_POINTS = 2000
"""The newest; more take long to draw, and hide each other."""


def shadow(user: User, model: str) -> None:
    """The switch that lets a candidate predict unseen, and how it compares so far."""
    st.html("<h3>In the shadow</h3>")
    found = shadowing.standing(site().home, user)
    if found:
        _stands(user, found)
    elif may(shadowing.start, user):
        _begin(user, model)
    else:
        left_to(shadowing.start, "It doesn't judge what comes in; it may be let to, unseen by readers,")
    report = shadowing.report(site().home, user)
    if report and report["candidate"] == (found.model if found else model):
        _reported(report)


def _stands(user: User, found: Shadow) -> None:
    st.caption(
        f"{found.model} judges what comes in since {words.day(found.started_at)} UTC, too. No reader sees what it "
        "says. Deciding on it ends this."
    )
    if may(shadowing.end, user) and st.button("End the shadow", key="end-shadow"):
        with told():
            shadowing.end(site().home, user)
            st.rerun()


def _begin(user: User, model: str) -> None:
    st.caption("Before you decide, it can judge what comes in beside the running model, unseen by readers.")
    why = "Why? It is kept"
    reason = st.text_input("Reason", key=f"reason-shadow-{model}", max_chars=500, placeholder=why)
    if st.button("Let it predict unseen", key="start-shadow"):
        with told():
            shadowing.start(site().home, user, model, reason)
            st.rerun()


def _reported(report: dict[str, Any]) -> None:
    if report["error"]:
        st.warning(f"Its last job failed: {report['error']}")
    if not report["n"]:
        st.caption("No X-ray has come in since that both have judged.")
        return
    words.grid(
        ["Model", "No opinion", "Uncertain", "As readers found (95 %)"],
        [
            [report[which], *(_counted(report[what][which]) for what in ("refused", "uncertain")),
             _ranged(report["right"][which])]
            for which in ("running", "candidate")
        ],
    )  # fmt: skip
    found, difference = report["kappa"], report["difference"]
    same, apart = _ranged(report["same"]), "–" if difference is None else f"{100 * difference:+.1f} points"
    words.table([
        ("X-rays judged by both", str(report["n"])),
        ("Same answer (95 %)", same),
        ("Kappa (95 %)", words.ranged(found.value, (found.low, found.high), 2) if found else "too few, or all alike"),
        ("Candidate's mean probability minus the running model's", apart),
    ])  # fmt: skip
    st.caption("Readers who saw the running model lean towards it: where lists aren't blinded, this is in its favour.")
    if report["points"]:
        _scatter(report["points"][-MOST_POINTS:])


def _counted(share: Any) -> str:
    return f"{share.count} of {share.n}"


def _ranged(share: Any) -> str:
    if not share.n:
        return words.NONE
    return f"{words.ranged(share.count / share.n, share.interval)} of {share.n}"


def _scatter(points: list[tuple[float, float, str | None]]) -> None:
    """Each X-ray by what both say of it; on the line they say the same."""
    figure = go.Figure(
        go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": colours.DIM, "dash": "dot"}, hoverinfo="skip")
    )
    for found, colour in COLOURS.items():
        chosen = [point for point in points if point[2] == found]
        if not chosen:
            continue
        figure.add_scatter(
            x=[point[0] for point in chosen], y=[point[1] for point in chosen], mode="markers",
            marker={"color": colour, "size": 6}, name=f"found {found}" if found else "not read yet",
            hovertemplate="running %{x:.0%}, candidate %{y:.0%}",
        )  # fmt: skip
    charts.dressed(figure, 300, "Probability by both models").update_layout(hovermode="closest", showlegend=True)
    figure.data[0].showlegend = False
    figure.update_xaxes(title="running model", tickformat=".0%", range=[-0.03, 1.03])
    figure.update_yaxes(title="candidate", tickformat=".0%", range=[-0.03, 1.03])
    charts.show(figure, "shadow")
