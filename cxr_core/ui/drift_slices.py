"""The devices and the views, each by itself; and whether the whole moved because they did, or because their mix did."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr_core.drift.mix import Change, Verdict
from cxr_core.drift.slices import Slice
from cxr_core.drift.trace import ENOUGH, State
from cxr_core.ui import words
from cxr_core.ui.drift_table import CHANGED, CLASSES, RANK, worst
from cxr_core.work.drift.slicing import Slices
from cxr_core.work.drift.watching import Watch

UNNAMED = "not named"
NAMED = 3
"""Signals that are named of a place; the others are counted."""


def slices(watch: Watch) -> None:
    """A table of the devices and one of the views, side by side."""
    if not watch.slices:
        return
    st.html("<h3>By device and by view, in the last four weeks</h3>")
    for column, found in zip(st.columns(len(watch.slices), gap="large"), watch.slices, strict=True):
        with column:
            st.html(table(watch, found))
            if len(found.parts) > 1:
                st.caption(told(found))


def table(watch: Watch, found: Slices) -> str:
    """The table of the devices, or of the views, as HTML."""
    titles = [found.kind.capitalize(), "Images", "Pneumonia", f"In {found.before}", "Median P", "Not analysed", "Says"]
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join(_row(watch, part) for part in found.parts)
    return f"<table class='heat'><tr>{head}</tr>{body}</table>"


def _row(watch: Watch, part: Slice) -> str:
    name = words.short(part.scope.name) if part.scope.kind == "device" else part.scope.name
    shares = [part.positive.value if part.positive.n else None, part.before.value if part.before else None]
    refused = part.not_analysed.value if part.not_analysed.n else None
    cells = [name if part.scope.name else UNNAMED, str(part.n), *map(words.percent, shares),
             words.number(part.median, 2), words.percent(refused)]  # fmt: skip
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}{_says(watch, part)}</tr>"


def _says(watch: Watch, part: Slice) -> str:
    """The worst that is said of the place, and of what."""
    said = worst(each for each in watch.now if each.scope == part.scope)
    if not said:
        return "<td class='wraps few'>not watched by itself</td>"
    state = min((finding.state for finding in said.values()), key=RANK.__getitem__)
    loud = [title for title, finding in said.items() if finding.state is state and state in CHANGED]
    shown, more = loud[:NAMED], len(loud) - NAMED
    about = f": {', '.join(shown)}{f' and {more} more' if more > 0 else ''}" if loud else ""
    text = "too few" if state is State.TOO_FEW else state.value
    return f"<td class='wraps {CLASSES[state]}' title='{escape(', '.join(loud))}'>{escape(text + about)}</td>"


def told(found: Slices) -> str:
    """What the share of Pneumonia did as a whole, and what that is made of."""
    change, places = found.change, f"{found.kind}s"
    if change.verdict is Verdict.TOO_FEW:
        return f"Too few opinions now or in {found.before} to say what a change would come from ({ENOUGH} are needed)."
    return f"Beside {found.before}, the share of Pneumonia {_moved(change.whole)}: {_made_of(change, places)}"


def _made_of(change: Change, places: str) -> str:
    parts = f"{_points(change.within)} within {places}, {_points(change.mix)} by which of them send how much."
    each = "in every one of them" if change.together else "taken together"
    said = {
        Verdict.OPPOSED: f"but within the {places} it went the other way, {each}. Look at them one by one.",
        Verdict.HIDDEN: f"but within the {places} it moved, {each}, and their mix hides it. Look at them one by one.",
        Verdict.MIX: f"mostly because other {places} send more than before, not because any changed.",
        Verdict.WITHIN: f"mostly because it moved within the {places}, {each}.",
    }  # fmt: skip
    return f"{said[change.verdict]} {_sentence(parts)}" if change.verdict in said else parts


def _moved(by: float) -> str:
    if abs(100 * by) < 1:
        return "hardly moved"
    return f"{'rose' if by > 0 else 'fell'} by {abs(100 * by):.0f} points"


def _points(share: float) -> str:
    return f"{round(100 * share):+d} points"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
