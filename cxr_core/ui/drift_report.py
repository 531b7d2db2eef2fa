"""The drift page as one HTML file: it asks nothing of any host, and opens wherever there is a browser."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from string import Template

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from cxr_core import __version__
from cxr_core.drift.sight import SITE
from cxr_core.store.site_references import Frozen
from cxr_core.ui import alarms, drift_charts, drift_slices, drift_table, words
from cxr_core.ui.expected import BLIND_TO, differing, figures_of
from cxr_core.work.drift.reporting import Alarms, Raised, Report
from cxr_core.work.drift.watching import Watch

FOLDER = Path(__file__).parent
PAGE = Template((FOLDER / "drift_report.html").read_text(encoding="utf-8"))
STYLE = (FOLDER / "drift_report.css").read_text(encoding="utf-8")
FRAME = (FOLDER / "frame.css").read_text(encoding="utf-8")
ROWS_TOGETHER = 4
"""Rows of small multiples that stay on one sheet of paper."""


def page(found: Report) -> str:
    """The file. All that it runs has a mark that is drawn anew each time, so nothing that was typed can run."""
    figures = {f"figure-{number}": figure for number, figure in enumerate(_figures(found.watch))}
    drawn = {name: json.loads(figure.to_json() or "{}") for name, figure in figures.items()}
    return PAGE.substitute(
        nonce=secrets.token_urlsafe(16), day=found.made_at[:10], frame=FRAME, style=STYLE, plotly=get_plotlyjs(),
        body="\n".join(_body(found, list(figures))), figures=json.dumps(drawn).replace("<", "\\u003c"),
    )  # fmt: skip


def _figures(watch: Watch) -> Iterator[go.Figure]:
    """The small multiples, as many at a time as go on a sheet; then the agreement, if there are reads."""
    lines = [line for line in watch.lines if line.points]
    together = ROWS_TOGETHER * drift_charts.COLUMNS
    for first in range(0, len(lines), together):
        yield drift_charts.multiples(replace(watch, lines=lines[first : first + together]))
    if watch.agreement:
        yield drift_charts.agreement(watch.agreement, watch.releases)


def _body(found: Report, figures: list[str]) -> Iterator[str]:
    watch = found.watch
    yield _dim(
        f"{escape(watch.model)} in use. {words.how_many(sum(watch.images.values()), 'X-rays')} "
        f"in {found.view.days} days up to {watch.until}. "
        f"Made {words.day(found.made_at)} by CXR Second Reader {__version__}. All times are UTC."
    )
    state, sentence = drift_table.verdict(watch)
    yield f'<p class="verdict {drift_table.CLASSES[state]}">{escape(sentence)}</p>'
    if found.alarms:
        yield from _alarms(found.alarms)
    whose = "the whole site" if watch.scope == SITE else escape(str(watch.scope))
    yield f"<h2>Signals of {whose}</h2>{drift_table.heat(watch)}"
    for part in watch.slices:
        yield drift_slices.table(watch, part) + _dim(drift_slices.told(part))
    places = [f'<div class="figure" id="{name}"></div>' for name in figures]
    agreement = places.pop() if watch.agreement else ""
    yield f"<h2>Week by week</h2>{''.join(places)}"
    yield f"<h2>What to expect, and how readers judge</h2>{_judged(watch, agreement)}"
    yield f"<h2>References, and models put to use</h2>{_references(watch, found.frozen)}"


def _alarms(found: Alarms) -> Iterator[str]:
    yield "<h2>Alarms</h2>"
    yield from map(_alarm, found.open)
    if not found.open:
        yield _dim("None is open.")
    if found.waiting or found.given_up:
        lost = words.how_many(len(found.given_up), "messages")
        yield _dim(f"{words.how_many(found.waiting, 'messages')} to be sent; {lost} given up.")
    if found.closed:
        yield words.grid_text(alarms.CLOSED, list(map(alarms.closed_row, found.closed)))


def _alarm(found: Raised) -> str:
    alarm = found.alarm
    facts = [str(alarm.id), alarm.scope, alarm.since, alarm.opened_on, alarm.model, alarm.guess,
             alarm.owner or words.NONE]  # fmt: skip
    titles = ["Alarm", "Where", "Since", "Noticed", "Model", "Taken for", "Owner"]
    return words.grid_text(titles, [facts]) + words.grid_text(alarms.SPOKE, list(map(alarms.signal_row, found.signals)))


def _judged(watch: Watch, agreement: str) -> str:
    expected = words.grid_text(*figures_of(watch.expected, watch.audited)) if watch.expected.n else ""
    said = _dim(differing(watch.expected, watch.audited)) + _dim(BLIND_TO) if watch.expected.n else ""
    return expected + said + agreement + _dim(drift_charts.few_reads(watch.agreement))


def _references(watch: Watch, frozen: Frozen | None) -> str:
    own = ["the model's own", watch.model, words.NONE, words.NONE, words.NONE]
    of_site = [
        [f"the site's, number {each.id}", each.model, str(each.images), words.day(each.first_at),
         words.day(each.last_at)]
        for each in (frozen,) if each
    ]  # fmt: skip
    used = [[words.day(release.at.isoformat()), release.action, release.model] for release in watch.releases]
    return words.grid_text(["Reference", "Model", "X-rays", "From", "To"], [own, *of_site]) + (
        words.grid_text(["When", "Decision", "Model"], used) if used else ""
    )


def _dim(text: str) -> str:
    return f'<p class="dim">{text}</p>' if text else ""
