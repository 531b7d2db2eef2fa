"""The tables and the drawing of docs/drift.md: from the catalogue of signals, and from docs/drift.jsonl."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from cxr_core.drift.catalogue import SIGNALS, Signal
from cxr_core.errors import CxrError
from cxr_core.model import release

RESULTS = Path(__file__).parents[1] / "docs" / "drift.jsonl"
TYPICAL = 30
"""X-rays a day, at which delays are told beside those of others."""
OURS = "this program"
NEVER = float("inf")
Line = dict[str, Any]
Delays = Sequence[int | None]


def results(kind: str, path: Path = RESULTS) -> list[Line]:
    """The lines of a kind, `quiet` or `change`. Raises CxrError where there are none, or they're of another release."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    if not any(line["kind"] == kind for line in found):
        raise CxrError(f"{path}: no line of {kind!r}: run make bench ONLY='drift-alarms drift-delay'")
    if any(line["release"] != release.card()["weights_sha256"] for line in found):
        raise CxrError(f"{path} is of another release: run make bench ONLY='drift-alarms drift-delay'")
    return [line for line in found if line["kind"] == kind]


def watched() -> str:
    """Every signal that is watched, what a change of it means, and from what on it is one."""
    rows = [(each.about.value, each.title, each.meaning, _floor(each)) for each in SIGNALS.values()]
    return _table(("about", "signal", "a change usually means", "alarm from"), rows)


def _floor(signal: Signal) -> str:
    least = f"{signal.floor:.0%} of the images"
    return f"{least}, moved by more than {signal.slack:g}" if signal.slack else least


def quiet(found: list[Line]) -> str:
    """False alarms of the program at each pace and at all of them, with the upper bound."""
    rows = [
        (line["rate"], line["years"], line["alarms"], f"{line['alarms'] / line['years']:.3f}",
         f"{line['most_a_year']:.3f}", _share(line["crying"], line["years"]))
        for line in found
    ]  # fmt: skip
    names = ("X-rays a day", "simulated years", "false alarms", "a year", "at most (95 %)", "days on which one stands")
    number, years = sum(line["alarms"] for line in found), sum(line["years"] for line in found)
    return _table(names, rows) + f"\n\n{number} in {years} years together: {number / years:.3f} a year."


def crying(found: list[Line]) -> str:
    """How often other rules say drift in the same years."""
    rows = [
        (name, *(f"{said['alarms'] / line['years']:.2f}; {_share(said['crying'], line['years'])}"
                 for line, said in ((line, line["others"][name]) for line in found)))
        for name in found[0]["others"]
    ]  # fmt: skip
    return _table(("rule", *(f"{line['rate']} a day" for line in found)), rows)


def delays(found: list[Line]) -> str:
    """Images until each change is found, by the program and by other rules, at the typical pace."""
    typical = [line for line in found if line["rate"] == TYPICAL]
    rows = [
        (line["change"], _delay(line["delays"]),
         *(_beside(said, line["runs"]) for said in line["others"].values()))
        for line in typical
    ]  # fmt: skip
    return _table(("change", OURS, *typical[0]["others"]), rows) + f"\n\n{typical[0]['runs']} runs of each."


def names(found: list[Line]) -> str:
    """How often name and place of a change are right, of all runs at every pace, and what it was called otherwise."""
    changes = list(dict.fromkeys(line["change"] for line in found))
    rows = [_named([line for line in found if line["change"] == change]) for change in changes]
    return _table(("change", "right name", "named so", "right place", "placed so", "else"), rows)


def _named(lines: list[Line]) -> tuple[str, ...]:
    first, runs = lines[0], sum(line["runs"] for line in lines)
    said = sum((Counter(line["names"]) for line in lines), Counter())
    named, placed = said.pop(first["right"], 0), sum(line["placed"] for line in lines)
    others = "; ".join(f"{name or 'never found'} ({number})" for name, number in said.most_common())
    return (
        first["change"], first["right"], f"{named} of {runs}", first["right_place"], f"{placed} of {runs}", others
    )  # fmt: skip


def paces(found: list[Line]) -> str:
    """Images until the program finds each change, at every pace."""
    rates = list(dict.fromkeys(line["rate"] for line in found))
    by = {(line["change"], line["rate"]): _delay(line["delays"]) for line in found}
    changes = list(dict.fromkeys(line["change"] for line in found))
    rows = [(change, *(by[change, rate] for rate in rates)) for change in changes]
    return _table(("change", *(f"{rate} a day" for rate in rates)), rows)


def _delay(given: Delays) -> str:
    """The median, with the range; of those that were never found, that they weren't."""
    ordered = sorted(NEVER if delay is None else delay for delay in given)
    lost = ordered.count(NEVER)
    if lost == len(ordered):
        return "never"
    said = f"{_number(median(ordered))} ({_number(ordered[0])} to {_number(ordered[-1])})"
    return f"{said}; {lost} of {len(ordered)} never" if lost else said


def _beside(said: Line, runs: int) -> str:
    """Of another rule, with how often it said drift on the day before already."""
    before = f"; before it in {said['before']} of {runs}" if said["before"] else ""
    return _delay(said["delays"]) + before


def _number(value: float) -> str:
    return "never" if value == NEVER else f"{value:.0f}"


def _share(days: int, years: int) -> str:
    return f"{days / years / 365:.1%} of days"


def _table(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [names, tuple("---" for _ in names), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def shown_delays(line: Line) -> Iterator[tuple[str, float, float, float]]:
    """For a drawing: each rule with its lowest, median and highest delay; infinite where it is never found."""
    for name, given in ((OURS, line["delays"]), *((name, said["delays"]) for name, said in line["others"].items())):
        ordered = sorted(NEVER if delay is None else float(delay) for delay in given)
        yield name, ordered[0], median(ordered), ordered[-1]
