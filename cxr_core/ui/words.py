"""How times, shares and identifiers are written on the screens."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from cxr_core import clock
from cxr_core.records import Seen

NONE = "–"
READERS = "radiologists record on the review page"
"""Where reads come from, to those who record none."""
WHY = "Why? It is kept with the decision"
"""In the empty field for the reason of a decision on a model."""


def since(stamp: str | None) -> str:
    """How long ago a stamp was: `now`, `4 min`, `3 h`, `12 d`."""
    if not stamp:
        return NONE
    seconds = max(0.0, (clock.now() - datetime.fromisoformat(stamp)).total_seconds())
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return "now"


def ago(stamp: str) -> str:
    """How long ago a stamp was, as part of a sentence: `now`, `4 min ago`."""
    return since(stamp) if since(stamp) == "now" else f"{since(stamp)} ago"


def day(stamp: str | None) -> str:
    """A stamp as date and time in UTC, to the minute: 2026-03-01 12:00."""
    return datetime.fromisoformat(stamp).strftime("%Y-%m-%d %H:%M") if stamp else NONE


def short(identifier: str | None) -> str:
    """The first eight characters of a hash, or of a pseudonym behind its `patient-` or `device-`."""
    return identifier.rpartition("-")[2][:8] if identifier else NONE


def percent(share: float | None, digits: int = 0) -> str:
    """0.934 as 93 %; a dash for None. What isn't quite 0 or 1 is never written as 0 % or 100 %."""
    if share is None:
        return NONE
    text = f"{share * 100:.{digits}f}"
    edge = 10**-digits
    if float(text) == 0 and share > 0:
        return f"<{edge:g} %"
    return f">{100 - edge:g} %" if float(text) == 100 and share < 1 else f"{text} %"


def points(share: float | None) -> float | None:
    """A share as percentage points for tables, held within 0.1 to 99.9: nothing is certain."""
    return None if share is None else min(max(100 * share, 0.1), 99.9)


def rounded(seconds: float) -> float:
    """Seconds as people say them, for tables: 0.4, 4.2, 12."""
    return round(seconds, 0 if seconds >= 10 else 1)


def spent(seconds: float) -> str:
    """How long a read took: <1 s, 4.2 s, 12 s."""
    return f"{rounded(seconds):g} s" if seconds >= 1 else "<1 s"


def lasting(seconds: float) -> str:
    """A time to wait: 40 s, 12 min, 3 h."""
    for size, unit in ((5400, "h"), (90, "min")):
        if seconds >= size:
            return f"{seconds / (3600 if unit == 'h' else 60):.0f} {unit}"
    return f"{seconds:.0f} s"


def number(value: float | None, digits: int = 3) -> str:
    """A number with fixed digits; a dash for None."""
    return NONE if value is None else f"{value:.{digits}f}"


def ranged(value: float | None, interval: Any, digits: int = 3) -> str:
    """A number with its 95 % interval: 0.987 (0.971 to 0.998)."""
    edges = [edge for edge in interval or () if edge is not None]
    around = f" ({number(edges[0], digits)} to {number(edges[1], digits)})" if len(edges) == 2 else ""
    return number(value, digits) + around


def how_many(number: int, things: str) -> str:
    """A number with its regular plural: `1 image`, `2 images`."""
    return f"{number} {things.removesuffix('s') if number == 1 else things}"


def saw(seen: str) -> str:
    """What a reader had seen of the model, in a word: `model` or `nothing`."""
    return "model" if seen == Seen.DIRECTLY else "nothing"


def counted(numbers: dict[str, int]) -> str:
    """Counts by name, the largest first: `96 base data, 31 flagged`; a dash for none."""
    largest_first = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number} {name}" for name, number in largest_first) or NONE


def answer(prediction: dict[str, Any]) -> str:
    """What the model says, in a word: Normal, Pneumonia, Uncertain, or not analysed."""
    return str(prediction["label"]) if prediction["status"] == "predicted" else "not analysed"


def empty(title: str, what_next: str) -> None:
    """A page with nothing to show says what to do next."""
    st.html(f'<div class="empty"><h3>{escape(title)}</h3><p>{escape(what_next)}</p></div>')


def table(rows: list[tuple[str, str]]) -> None:
    """Names and values, one row each; values are escaped."""
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    st.html(f'<table class="words">{cells}</table>')


def grid(titles: list[str], rows: list[list[str]]) -> None:
    """A small table with a heading; cells are escaped."""
    st.html(grid_text(titles, rows))


def grid_text(titles: list[str], rows: list[list[str]]) -> str:
    """The same as HTML."""
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="grid"><tr>{head}</tr>{body}</table>'
