"""The states of all signals at a glance: what changed, since when, and what that usually means."""

from __future__ import annotations

from datetime import date, timedelta
from html import escape

import streamlit as st

from cxr_core.drift.catalogue import SIGNALS
from cxr_core.drift.signals import ENOUGH, Signal, State
from cxr_core.ui import words
from cxr_core.work.monitoring import Watch

WEEKS = 12
ORDER = (State.ALARM, State.WATCH, State.STEADY, State.TOO_FEW)
CHANGED = (State.ALARM, State.WATCH)
CLASSES = {State.ALARM: "alarm", State.WATCH: "watch", State.STEADY: "steady", State.TOO_FEW: "few"}


def summary(watch: Watch) -> None:
    """One sentence: what the last four weeks say."""
    changed = [signal for signal in watch.signals if signal.state in CHANGED]
    weeks = [signal for signal in watch.signals if signal not in changed and _in_a_week(watch, signal) in CHANGED]
    judged = [signal for signal in watch.signals if signal.state is not State.TOO_FEW]
    could = f"{len(judged)} of {len(watch.signals)} signals could be judged"
    if changed:
        names = ", ".join(SIGNALS[signal.name].title for signal in changed)
        st.warning(f"Over the last four weeks, {len(changed)} of {len(watch.signals)} signals changed: {names}.")
    elif weeks:
        names = ", ".join(SIGNALS[signal.name].title for signal in weeks)
        st.warning(
            f"Over the last four weeks together, {could} and are steady, but in single weeks this changed: {names}."
        )
    elif judged:
        st.success(f"Over the last four weeks, {could} and are steady.")
    else:
        st.info(f"Too few images to say: at least {ENOUGH} in four weeks are needed, there are "
                f"{max((signal.n for signal in watch.signals), default=0)}.")  # fmt: skip


def table(watch: Watch) -> None:
    """A row a signal: the last four weeks in a word, the weeks as cells, now beside the reference, the meaning."""
    starts = sorted({window.start for window in watch.windows})[-WEEKS:]
    ranked = sorted(watch.signals, key=lambda one: (ORDER.index(one.state), ORDER.index(_in_a_week(watch, one))))
    weeks = "".join(f"<th>{start.day} {start:%b}</th>" for start in starts)
    rows = "".join(_row(watch, signal, starts) for signal in ranked)
    st.html(
        f"<table class='heat'><tr><td class='none' colspan='4'></td><th class='span' colspan='{len(starts)}'>"
        "Images in the week from Monday</th></tr>"
        "<tr><th>Signal</th><th>Last 4 weeks</th><th>Now</th><th>Reference</th>"
        f"{weeks}<th>What a change usually means</th></tr>{rows}</table>"
    )


def _row(watch: Watch, signal: Signal, starts: list[date]) -> str:
    by_week: dict[date, Signal] = {}
    for window in watch.windows:
        found = next((one for one in window.signals if one.name == signal.name), None)
        # Of several versions that predicted in a week, the one with the worst news is shown.
        if found and (window.start not in by_week or _worse(found, by_week[window.start])):
            by_week[window.start] = found
    cells = "".join(_cell(by_week.get(start)) for start in starts)
    explained = SIGNALS[signal.name]
    changed = signal.state in CHANGED or _in_a_week(watch, signal) in CHANGED
    meaning = explained.meaning if changed else ""
    return (
        f"<tr><td>{escape(explained.title)}</td><td class='{CLASSES[signal.state]}'>{signal.state.value}</td>"
        f"<td>{words.number(signal.current_median)}</td><td>{words.number(signal.reference_median)}</td>"
        f"{cells}<td class='meaning'>{escape(meaning)}</td></tr>"
    )


def _in_a_week(watch: Watch, signal: Signal) -> State:
    """The worst that a single one of the last four weeks says of a signal."""
    newest = max(window.start for window in watch.windows)
    recent = [window for window in watch.windows if window.start > newest - timedelta(weeks=4)]
    states = [one.state for window in recent for one in window.signals if one.name == signal.name]
    return min(states, key=ORDER.index, default=State.TOO_FEW)


def _worse(one: Signal, other: Signal) -> bool:
    return ORDER.index(one.state) < ORDER.index(other.state)


def _cell(signal: Signal | None) -> str:
    if signal is None:
        return "<td></td>"
    distance = "" if signal.distance is None else f", distance {signal.distance:.2f}"
    return (
        f"<td class='{CLASSES[signal.state]}' title='{signal.state.value}, {signal.n} images{distance}'>{signal.n}</td>"
    )
