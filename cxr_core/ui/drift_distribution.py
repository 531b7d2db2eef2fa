"""One signal whole: its distribution of late over that of each reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from cxr_core.drift.catalogue import SIGNALS
from cxr_core.drift.compare import MISSING
from cxr_core.drift.distribution import Distribution, shares, together
from cxr_core.drift.grid import Counts, Grid, Scale
from cxr_core.drift.trace import WINDOW_DAYS, Finding
from cxr_core.ui import asked_for, charts, colours
from cxr_core.ui.drift_table import CHANGED, RANK
from cxr_core.ui.words import percent
from cxr_core.work.drift.sighting import MODELS_OWN, SITES_OWN
from cxr_core.work.drift.watching import Watch

HEIGHT = 300
NAMES = {MODELS_OWN: "the model's reference", SITES_OWN: "the site's reference"}
COLOURS = {MODELS_OWN: colours.BLUE, SITES_OWN: colours.VIOLET}
NOW = "the last four weeks"
NOW_FILL = "rgba(224, 164, 88, 0.14)"
Drawn = tuple[str, str, Counts]
"""A name, its colour, and counts: bins, then images that lack the signal."""


def distribution(watch: Watch) -> None:
    """The signal that the address names, at first the one that says the worst; nothing where there is none."""
    by_title = {found.signal.title: found for found in watch.distributions}
    if not by_title:
        return
    asked_for.one_of("signal", {signal.title for signal in SIGNALS.values()}, "signal")
    title = st.selectbox(
        "Signal", list(by_title), index=list(by_title).index(_loudest(watch)), key="signal", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    found = by_title[title]
    charts.show(overlaid(found), "distribution")
    st.caption(_caption(watch, found))


def overlaid(found: Distribution) -> go.Figure:
    """Step histograms of numbers, grouped bars of words; shares of images."""
    drawn = [(NAMES[name], COLOURS[name], beside.counts) for name, beside in found.references.items()]
    drawn.append((NOW, colours.AMBER, found.current))
    grid = found.signal.grid
    figure = go.Figure(_steps(grid, drawn) if grid else _bars(found.signal.words, drawn))
    in_colour = (f'<span style="color:{colour}">{name} ({_n(counts)})</span>' for name, colour, counts in drawn)
    charts.dressed(figure, HEIGHT, ", ".join(in_colour))
    figure.update_layout(margin={"t": 34}, hovermode="x", bargap=0.25)
    if grid and grid.scale is Scale.LOG:
        figure.update_xaxes(type="log")
    return figure.update_yaxes(tickformat=".0%", rangemode="tozero", title="share of images")


def _steps(grid: Grid, drawn: Sequence[Drawn]) -> list[go.Scatter]:
    size, part = together(*(counts[:-1] for _, _, counts in drawn))
    starts = np.arange(part.start, part.stop, size)
    edges = grid.edges[[*starts, part.stop]]
    return [_step(each, edges, starts, part.stop) for each in drawn]


def _step(drawn: Drawn, edges: np.ndarray, starts: np.ndarray, stop: int) -> go.Scatter:
    name, colour, counts = drawn
    heights = shares(np.add.reduceat(counts[:stop], starts))
    return go.Scatter(
        x=edges, y=[*heights, heights[-1]], name=name, mode="lines", line={"color": colour, "width": 2, "shape": "hv"},
        fill="tozeroy" if name == NOW else None, fillcolor=NOW_FILL,
        hovertemplate=f"%{{y:.1%}} of {name}<extra></extra>",
    )  # fmt: skip


def _bars(words: Sequence[str], drawn: Sequence[Drawn]) -> list[go.Bar]:
    """Of the words that any side has, in their order."""
    seen = np.flatnonzero(sum(counts for _, _, counts in drawn))
    titles = [(*words, MISSING)[place] for place in seen]
    return [
        go.Bar(x=titles, y=shares(counts)[seen], name=name, marker={"color": colour, "opacity": 0.8},
               hovertemplate=f"%{{y:.1%}} of {name}<extra></extra>")
        for name, colour, counts in drawn
    ]  # fmt: skip


def _n(counts: Counts) -> str:
    """How many images; of how many, where some lack the signal."""
    there, lacking = int(counts[:-1].sum()), int(counts[-1])
    return f"{there} of {there + lacking}" if lacking else str(there)


def _loudest(watch: Watch) -> str:
    """The title of the signal that says the worst of what is looked at; of those, the one that moved most."""
    here = [said.finding for said in watch.now if said.scope == watch.scope]
    titles = {found.signal.title for found in watch.distributions}
    ranked = sorted(here, key=lambda finding: (RANK[finding.state], -(finding.effect or 0.0)))
    return next((found.signal.title for found in ranked if found.signal.title in titles), min(titles))


def _caption(watch: Watch, found: Distribution) -> str:
    told = [_told(name, beside.effect, _finding(watch, found, name)) for name, beside in found.references.items()]
    if not found.current.any():
        return f"No image had this signal in the {WINDOW_DAYS} days up to {watch.until}."
    return f"The {WINDOW_DAYS} days up to {watch.until}. {' '.join(told)}"


def _told(name: str, effect: float | None, finding: Finding | None) -> str:
    since = f" since {finding.since}" if finding and finding.since and finding.state in CHANGED else ""
    state = f"{finding.state.value}{since}" if finding else "not judged"
    return f"Beside {NAMES[name]}, {percent(effect)} of the images lie elsewhere: {state}."


def _finding(watch: Watch, found: Distribution, beside: str) -> Finding | None:
    for said in watch.now:
        if said.finding.signal is found.signal and (said.scope, said.beside) == (watch.scope, beside):
            return said.finding
    return None
