"""Drift as small multiples: each signal by week within the reference's band, and the agreement of the readers."""

from __future__ import annotations

from datetime import date, timedelta

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from cxr_core.drift.agreement import Agreement
from cxr_core.drift.catalogue import SIGNALS
from cxr_core.drift.signals import Signal, State
from cxr_core.ui import charts
from cxr_core.work.monitoring import Release, Watch

COLUMNS = 4
ROW_PIXELS = 140
COLOURS = {State.ALARM: charts.RED, State.WATCH: charts.AMBER, State.STEADY: charts.GREEN, State.TOO_FEW: charts.DIM}
LOW, HIGH = 3, 29
"""The reference's band: its quantiles 3/32 and 29/32, about 9 % and 91 %."""


def multiples(watch: Watch) -> None:
    """The weekly medians of every signal; the band holds four fifths of the reference's images."""
    names = list(watch.reference)
    rows = -(-len(names) // COLUMNS)
    figure = make_subplots(rows, COLUMNS, subplot_titles=[SIGNALS[name].title for name in names],
                           vertical_spacing=0.12, horizontal_spacing=0.045, shared_xaxes=True)  # fmt: skip
    for number, name in enumerate(names):
        row, column = number // COLUMNS + 1, number % COLUMNS + 1
        for line in (*_band(watch, name), *_lines(watch, name)):
            figure.add_trace(line, row, column)
    _mark(figure, watch.releases)
    charts.dressed(figure, rows * ROW_PIXELS + 40)
    figure.update_layout(margin={"t": 24}, hovermode="closest")
    figure.update_annotations(font={"size": 12, "color": charts.TEXT})
    charts.show(figure, "multiples")


def _band(watch: Watch, name: str) -> list[go.Scatter]:
    """Four fifths of the reference's images as a band, and its median as a dotted line."""
    sketch = watch.reference[name]
    ends = [window.start for window in (watch.windows[0], watch.windows[-1])]
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "x": ends}
    middle = {**edge, "line": {"color": charts.BLUE, "width": 1, "dash": "dot"}}
    return [
        go.Scatter(y=[sketch.quantiles[LOW]] * 2, **edge),
        go.Scatter(y=[sketch.quantiles[HIGH]] * 2, fill="tonexty", fillcolor="rgba(109, 179, 208, 0.12)", **edge),
        go.Scatter(y=[sketch.median] * 2, **middle),
    ]


def _lines(watch: Watch, name: str) -> list[go.Scatter]:
    """A line for the pictures, or one for each version that predicted."""
    found: dict[str | None, list[tuple[date, Signal]]] = {}
    for window in watch.windows:
        for signal in window.signals:
            if signal.name == name and signal.current_median is not None:
                found.setdefault(window.model, []).append((window.start, signal))
    return [_line(model, points) for model, points in found.items()]


def _line(model: str | None, points: list[tuple[date, Signal]]) -> go.Scatter:
    colours = [COLOURS[signal.state] for _, signal in points]
    few = [signal.state is State.TOO_FEW for _, signal in points]
    return go.Scatter(
        x=[start for start, _ in points], y=[signal.current_median for _, signal in points], mode="lines+markers",
        line={"color": "#4a545b", "width": 1},
        marker={"color": colours, "size": 7, "symbol": ["circle-open" if hollow else "circle" for hollow in few]},
        text=[f"{model or 'images'}: {signal.state.value}, {signal.n} images" for _, signal in points],
        hovertemplate="week of %{x|%d %b %Y}<br>median %{y:.3f}<br>%{text}<extra></extra>",
    )  # fmt: skip


def _mark(figure: go.Figure, releases: list[Release]) -> None:
    """A line at every release, so that a new version isn't taken for drift."""
    for release in releases:
        figure.add_vline(release.at.timestamp() * 1000, line={"color": charts.VIOLET, "width": 1, "dash": "dash"})


def agreement(found: list[Agreement], releases: list[Release]) -> None:
    """The share of reads that agree with the model, by week and version, with 95 % intervals."""
    figure = go.Figure()
    for model, colour in zip(dict.fromkeys(row.model for row in found), _palette(), strict=False):
        figure.add_trace(_shares(model, [row for row in found if row.model == model], colour))
    for release in releases:
        figure.add_vline(
            release.at.timestamp() * 1000, line={"color": charts.VIOLET, "width": 1, "dash": "dash"},
            annotation={"text": f"{release.action}: {release.model}", "font": {"size": 11, "color": charts.VIOLET}},
        )  # fmt: skip
    charts.dressed(figure, 230)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.18, "x": 0}, hovermode="closest",
                         margin={"t": 34})  # fmt: skip
    figure.update_yaxes(range=[0, 1.04], tickformat=".0%")
    charts.show(figure, "agreement")
    few = [row for row in found if not row.enough]
    if few:
        st.caption(f"Hollow marks: too few reads in that week to say ({len(few)} of {len(found)}).")


def _shares(model: str, rows: list[Agreement], colour: str) -> go.Scatter:
    return go.Scatter(
        x=[row.start + timedelta(days=3) for row in rows], y=[row.share for row in rows], name=model, mode="markers",
        error_y={"type": "data", "symmetric": False, "thickness": 1, "width": 3,
                 "array": [row.high - row.share for row in rows], "arrayminus": [row.share - row.low for row in rows]},
        marker={"color": colour, "size": 8, "symbol": ["circle" if row.enough else "circle-open" for row in rows]},
        text=[f"{row.agreed} of {row.n} reads" for row in rows],
        hovertemplate="week of %{x|%d %b %Y}<br>%{y:.0%}, %{text}<extra>%{fullData.name}</extra>",
    )  # fmt: skip


def _palette() -> list[str]:
    return [charts.BLUE, charts.AMBER, charts.GREEN, charts.VIOLET, charts.RED] * 10
