"""The drift page's figures: what they draw, and of what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from cxr_core.drift import plane
from cxr_core.drift.catalogue import HEADERS, PICTURES, SIGNALS
from cxr_core.drift.distribution import Beside, Distribution
from cxr_core.drift.expected import Performance
from cxr_core.drift.lines import Line, Point
from cxr_core.drift.mix import Share, change
from cxr_core.drift.sight import SITE, Said
from cxr_core.drift.trace import Finding, State
from cxr_core.store.alarms import Span
from cxr_core.ui.drift_charts import FIRST_SHOWN, loudest, multiples
from cxr_core.ui.drift_distribution import overlaid
from cxr_core.ui.drift_network import mapped
from cxr_core.ui.drift_slices import told
from cxr_core.work.drift.mapping import Map
from cxr_core.work.drift.monitoring import Release
from cxr_core.work.drift.slicing import Slices
from cxr_core.work.drift.watching import Watch

SINCE, UNTIL = date(2026, 3, 1), date(2026, 3, 29)
A_DAY = timedelta(days=1)


def line(name):
    return Line(SIGNALS[name], "", "model", 0.4, 0.5, 0.6, [Point(date(2026, 3, 9), 40, 0.5)])


def watch(*spans):
    releases = [Release(datetime(2026, 3, 10, tzinfo=UTC), "second", "promote")]
    lines = [line("mean"), line("noise")]
    none = Performance(0, *[None] * 4)
    return Watch("first", SINCE, UNTIL, SITE, [], {}, {}, lines, [], [], none, none, [], releases, list(spans))


def shapes(figure, kind):
    return [shape for shape in figure.layout.shapes if shape.type == kind]


def test_an_alarm_is_shaded_in_its_signals_panel_alone_from_its_beginning_to_its_end():
    figure = multiples(watch(Span(7, "site", "noise", date(2026, 3, 5), date(2026, 3, 12))))
    (shade,) = shapes(figure, "rect")
    assert (shade.xref, shade.yref, shade.name) == ("x2", "y2 domain", "alarm 7")
    assert (shade.x0, shade.x1) == (date(2026, 3, 5), date(2026, 3, 13))


@pytest.mark.parametrize("last", [None, date(2026, 5, 1)])
def test_one_that_goes_on_is_shaded_within_the_days_shown(last):
    (shade,) = shapes(multiples(watch(Span(7, "site", "mean", date(2026, 1, 5), last))), "rect")
    assert (shade.xref, shade.x0, shade.x1) == ("x", SINCE, UNTIL + A_DAY)


def test_a_release_is_marked_in_every_panel():
    assert [shape.xref for shape in shapes(multiples(watch()), "line")] == ["x", "x2"]


def test_numbers_are_steps_whose_shares_add_up():
    grid = SIGNALS["mean"].grid
    reference, current = (np.append(grid.counts(values), 0) for values in ([0.2, 0.3, 0.3, 0.9], [0.5, 0.5]))
    figure = overlaid(Distribution(SIGNALS["mean"], current, {"model": Beside(reference, 0.75)}))
    assert [trace.line.shape for trace in figure.data] == ["hv", "hv"]
    assert [sum(trace.y[:-1]) for trace in figure.data] == pytest.approx([1, 1])
    assert "the model's reference (4)" in figure.layout.title.text


def test_words_are_bars_of_those_that_any_side_has():
    view = SIGNALS["view"]
    reference, current = (np.zeros(view.bins + 1, np.int64) for _ in range(2))
    reference[0], current[[1, -1]] = 10, (3, 1)
    figure = overlaid(Distribution(view, current, {"site": Beside(reference, 1.0)}))
    assert [tuple(trace.x) for trace in figure.data] == [("PA", "AP", "missing")] * 2
    assert [list(trace.y) for trace in figure.data] == [[1, 0, 0], [0, 0.75, 0.25]]
    assert "the last four weeks (3 of 4)" in figure.layout.title.text


def test_the_map_shows_every_point_and_leaves_empty_cells_dark():
    cells = plane.count([{"axis1": 0.1, "axis2": -1.1}] * 4)
    figure = mapped(Map(cells, np.array([[5.0, 2.0]]), None))
    heat, dots = figure.data
    assert np.nansum(heat.z) == 2.0
    assert np.isnan(heat.z).sum() == cells.size - 1
    assert heat.y[np.where(heat.z == 2.0)[0][0]] == pytest.approx(-1.1)
    assert (list(dots.x), list(dots.y)) == ([5.0], [2.0])
    low, high = figure.layout.xaxis.range
    assert low < 0 < 5 < high
    assert len(mapped(Map(cells, np.empty((0, 2)), None)).data[1].x) == 0


def sentence(before, now):
    parts = [{name: Share(*part) for name, part in side.items()} for side in (before, now)]
    return told(Slices("device", "the site's reference", [], change(*parts)))


def test_simpsons_check_says_in_words_what_happened():
    reversal = sentence({"small": (234, 270), "large": (55, 80)}, {"small": (81, 87), "large": (192, 263)})
    assert "fell by 5 points: but within the devices it went the other way, in every one of them" in reversal
    assert "+5 points within devices, -10 points by which of them send how much" in reversal
    assert "mostly because other devices send more" in sentence(
        {"low": (10, 100), "high": (80, 100)}, {"low": (5, 50), "high": (120, 150)}
    )
    hidden = sentence({"low": (10, 100), "high": (70, 100)}, {"low": (38, 150), "high": (42, 50)})
    assert "hardly moved: but within the devices it moved" in hidden
    assert "hardly moved: +0 points within" in sentence({"a": (10, 100)}, {"a": (10, 100)})
    assert "Too few opinions" in sentence({}, {"a": (10, 100)})


def test_of_many_courses_those_are_drawn_that_say_the_worst_in_their_order():
    names = [signal.name for signal in (*PICTURES, *HEADERS[-3:])]
    lines = [
        *map(line, names[:-1]),
        replace(line("view"), word="PA"),
        replace(line("view"), word="AP"),
        line(names[-1]),
    ]
    now = [
        Said(SITE, "model", Finding(SIGNALS[names[-1]], State.ALARM, 40, 0.5, 0.0, None)),
        Said(SITE, "site", Finding(SIGNALS["view"], State.WATCH, 40, 0.5, 0.0, None, what="AP")),
    ]
    found = loudest(replace(watch(), lines=lines, now=now)).lines
    assert len(found) == FIRST_SHOWN < len(lines)
    assert [(each.signal.name, each.word) for each in found[-2:]] == [("view", "AP"), (names[-1], "")]
    assert [each.signal.name for each in found[:-2]] == names[: FIRST_SHOWN - 2]
