"""Drift as small multiples: each signal by week within the reference's band, and the agreement of the readers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cxr_core.drift.agreement import Agreement
from cxr_core.drift.lines import Line, Point
from cxr_core.drift.trace import State
from cxr_core.drift.weeks import monday
from cxr_core.store.alarms import Span
from cxr_core.ui import charts, colours
from cxr_core.ui.drift_table import RANK
from cxr_core.work.drift.monitoring import Release
from cxr_core.work.drift.watching import Watch

COLUMNS = 4
ROW_PIXELS = 140
FIRST_SHOWN = 12
"""Panels until somebody asks for all: the table above has every signal."""
COLOURS = {
    State.ALARM: colours.RED,
    State.WATCH: colours.AMBER,
    State.STEADY: colours.GREEN,
    State.TOO_FEW: colours.DIM,
}
FILL = "rgba(109, 179, 208, 0.12)"
ALARM_FILL = "rgba(217, 136, 128, 0.16)"
A_DAY = timedelta(days=1)


def loudest(watch: Watch) -> Watch:
    """The same with the FIRST_SHOWN lines whose signals say the worst, in their order."""
    states = [(_rank(watch, line), number) for number, line in enumerate(watch.lines) if line.points]
    return replace(watch, lines=[watch.lines[number] for number in sorted(n for _, n in sorted(states)[:FIRST_SHOWN])])


def _rank(watch: Watch, line: Line) -> tuple[bool, int]:
    """Numbers, and the words of which something is said, go before other words."""
    said = [each.finding for each in watch.now if each.scope == watch.scope and each.finding.signal is line.signal]
    is_told = not line.word or line.word in {finding.what for finding in said}
    return not is_told, min((RANK[finding.state] for finding in said), default=len(RANK))


def multiples(watch: Watch) -> go.Figure:
    """Every signal by week: medians of numbers, shares of words; the band holds four fifths of the reference.

    Alarms of a signal are shaded from their beginning to their end, releases are marked in all.
    """
    lines = [line for line in watch.lines if line.points]
    rows = -(-len(lines) // COLUMNS)
    figure = make_subplots(rows, COLUMNS, subplot_titles=list(map(_title, lines)), vertical_spacing=0.3 / rows,
                           horizontal_spacing=0.045, shared_xaxes=True)  # fmt: skip
    for number, line in enumerate(lines):
        for trace in (*_band(watch, line), _course(watch, line)):
            figure.add_trace(trace, number // COLUMNS + 1, number % COLUMNS + 1)
    charts.dressed(figure, rows * ROW_PIXELS + 40)
    # All at once: adding them one by one takes seconds.
    figure.update_layout(shapes=[shape for number, line in enumerate(lines) for shape in _marks(watch, line, number)])
    figure.update_xaxes(range=[monday(watch.since) - A_DAY, watch.until + A_DAY])
    figure.update_layout(margin={"t": 24}, hovermode="closest")
    return figure.update_annotations(font={"size": 12, "color": charts.TEXT})


def _title(line: Line) -> str:
    return f"{line.signal.title}: {line.word}" if line.word else line.signal.title


def _band(watch: Watch, line: Line) -> list[go.Scatter]:
    """Four fifths of the reference's images as a band, and its median, or its share, as a dotted line."""
    ends = [monday(watch.since) - A_DAY, watch.until + A_DAY]
    drawn = {"mode": "lines", "hoverinfo": "skip"}
    return [
        go.Scatter(x=[*ends, *reversed(ends)], y=[line.low] * 2 + [line.high] * 2, line={"width": 0}, fill="toself",
                   fillcolor=FILL, **drawn),
        go.Scatter(x=ends, y=[line.middle] * 2, line={"color": colours.BLUE, "width": 1, "dash": "dot"}, **drawn),
    ]  # fmt: skip


def _course(watch: Watch, line: Line) -> go.Scatter:
    states = [_state(watch, line, point) for point in line.points]
    told = [f"{state.value}, " if state else "" for state in states]
    return go.Scatter(
        x=[point.week for point in line.points], y=[point.value for point in line.points], mode="lines+markers",
        line={"color": "#4a545b", "width": 1},
        marker={"color": [COLOURS[state] if state else colours.BLUE for state in states], "size": 7,
                "symbol": ["circle-open" if state is State.TOO_FEW else "circle" for state in states]},
        text=[f"{state}{point.n} images" for state, point in zip(told, line.points, strict=True)],
        hovertemplate="week of %{x|%d %b %Y}<br>%{y:.3f}<br>%{text}<extra></extra>",
    )  # fmt: skip


def _marks(watch: Watch, line: Line, number: int) -> list[go.layout.Shape]:
    """In a panel, where alarms spoke of its signal, and a line at every release: a new version is no drift."""
    panel = "" if number == 0 else number + 1
    there = {"xref": f"x{panel}", "yref": f"y{panel} domain", "y0": 0, "y1": 1}
    spoke = [_spoke(watch, span) for span in watch.alarms if span.signal == line.signal.name]
    released = [{"x0": release.at, "x1": release.at} for release in watch.releases]
    return [
        *(go.layout.Shape(type="rect", fillcolor=ALARM_FILL, line={"width": 0}, layer="below", **there, **days)
          for days in spoke),
        *(go.layout.Shape(type="line", line={"color": colours.VIOLET, "width": 1, "dash": "dash"}, **there, **at)
          for at in released),
    ]  # fmt: skip


def _spoke(watch: Watch, span: Span) -> dict[str, Any]:
    """The days of an alarm within those shown; the last one whole."""
    end = min(span.last or watch.until, watch.until) + A_DAY
    return {"x0": max(span.first, watch.since), "x1": end, "name": f"alarm {span.alarm}"}


def _state(watch: Watch, line: Line, point: Point) -> State | None:
    """What the signal said beside the line's reference at the end of the point's week; None where it isn't watched."""
    for said in watch.weeks.get(point.week, []):
        if said.finding.signal is line.signal and (said.scope, said.beside) == (watch.scope, line.beside):
            return said.finding.state
    return None


def agreement(found: list[Agreement], releases: list[Release]) -> go.Figure:
    """The share of reads that agree with the model, by week and version, with 95 % intervals."""
    figure = go.Figure()
    for model, colour in zip(dict.fromkeys(row.model for row in found), _palette(), strict=False):
        figure.add_trace(_shares(model, [row for row in found if row.model == model], colour))
    for release in releases:
        figure.add_vline(
            release.at.timestamp() * 1000, line={"color": colours.VIOLET, "width": 1, "dash": "dash"},
            annotation={"text": f"{release.action}: {release.model}", "font": {"size": 11, "color": colours.VIOLET}},
        )  # fmt: skip
    charts.dressed(figure, 230)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.18, "x": 0}, hovermode="closest",
                         margin={"t": 34})  # fmt: skip
    return figure.update_yaxes(range=[0, 1.04], tickformat=".0%")


def few_reads(found: list[Agreement]) -> str:
    """What hollow marks mean; empty where there are none."""
    few = [row for row in found if not row.enough]
    return f"Hollow marks: too few reads in that week to say ({len(few)} of {len(found)})." if few else ""


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
    return [colours.BLUE, colours.AMBER, colours.GREEN, colours.VIOLET, colours.RED] * 10
