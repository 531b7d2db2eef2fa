"""The map of what the network sees: where the reference's X-rays lie, and the newest ones over it."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from cxr_core.drift.apart import is_clear
from cxr_core.drift.expected import Estimate
from cxr_core.drift.plane import grid
from cxr_core.records import User
from cxr_core.ui import charts, colours, words
from cxr_core.ui.session import site
from cxr_core.work.drift import mapping
from cxr_core.work.drift.mapping import MOST, Map
from cxr_core.work.drift.watching import Watch

HEIGHT = 300
MARGIN = 3
"""Bins around what lies on the map."""
RAMP = ((0.0, "#16323f"), (1.0, "#6db3d0"))


def network(user: User, watch: Watch) -> None:
    """The map with its caption; without one, why."""
    found = mapping.drawn(site().home, user, watch.model, watch.until, watch.scope.name or None)
    if found is None:
        st.caption(f"The card of {watch.model} has no map of what the network sees: it was made by an earlier version.")
        return
    charts.show(mapped(found), "network")
    known, newest = int(found.reference.sum()), len(found.points)
    st.caption(
        "What the network sees of an X-ray in two numbers, along the directions in which the reference differs most. "
        f"Blue: its {known} X-rays. Amber: the newest {newest}, {MOST} at most, of the four weeks up to {watch.until}. "
        "What lies where no blue is, the model doesn't know."
    )
    if found.apart:
        st.caption(told_apart(found.apart))


def told_apart(found: Estimate) -> str:
    """What a classifier made of the newest and of the site's reference."""
    figure = words.ranged(found.value, (found.low, found.high), 2)
    verdict = "so they look otherwise to the model" if is_clear(found) else "so they look alike to the model"
    return (
        f"A classifier that is taught to tell the newest from the site's reference by all axes has an AUC of {figure} "
        f"on patients that it wasn't taught on (0.5 is chance), {verdict}."
    )


def mapped(found: Map) -> go.Figure:
    """The reference as a heat of its counts, the newest as dots; both axes in the reference's standard deviations."""
    counts = np.where(found.reference > 0, np.sqrt(found.reference), np.nan)
    middles = grid().middles
    figure = go.Figure(go.Heatmap(x=middles, y=middles, z=counts.T, colorscale=RAMP, showscale=False, hoverinfo="skip"))
    across, up = found.points.T
    figure.add_scatter(
        x=across, y=up, mode="markers", marker={"color": colours.AMBER, "size": 5, "opacity": 0.75},
        hovertemplate="%{x:.1f}, %{y:.1f}<extra></extra>",
    )  # fmt: skip
    charts.dressed(figure, HEIGHT).update_layout(hovermode="closest", margin={"b": 40})
    figure.update_xaxes(title="axis 1, in standard deviations", range=_range(found.reference.sum(1), across))
    return figure.update_yaxes(title="axis 2", range=_range(found.reference.sum(0), up))


def _range(counts: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """From the first to the last of either, with some room."""
    edges = grid().edges
    seen = np.flatnonzero(counts)
    room = MARGIN * (edges[1] - edges[0])
    low, high = edges[seen[0]], edges[seen[-1] + 1]
    return float(min(low, values.min(initial=low)) - room), float(max(high, values.max(initial=high)) + room)
