"""drift-alarms, drift-delay: how often the drift page cries for nothing, how soon it sees a change, and by what name.

Details go to docs/drift.jsonl, from which docs/drift.md is made.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from scipy.stats import chi2

from bench import drift_others
from bench.drift_material import Folders, Material, material
from bench.drift_others import Days, Figures
from bench.drift_streams import CHANGES, Came, Change, stream
from bench.drift_watch import listen
from bench.measure import Measurement
from cxr_core.drift.trace import WINDOW_DAYS
from cxr_core.model import release
from cxr_core.work.drift import references
from cxr_core.work.drift.references import Reference
from cxr_core.work.opening import open_home

RESULTS = Path(__file__).parents[1] / "docs" / "drift.jsonl"
RATES = (10, 30, 200)
"""X-rays a day."""
YEARS = 200
"""Of each rate."""
RUNS = 10
"""Of each change at each rate."""
YEAR, BEFORE, AFTER = 365, 280, 120
"""Days: of a year; of those that CheXstray's score is standardised on; within which a change may be found."""
ALLOWED = 0.5
"""False alarms a year: CheXstray's threshold is set so that there are as many as the program's budget allows."""
CHEXSTRAY = "CheXstray's score"
Task = TypeVar("Task")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Where:
    """The data, and a home in which the release is at work."""

    folders: Folders
    home: Path


@dataclass(frozen=True)
class Quiet:
    """What was said in a year without drift."""

    alarms: list[str]
    """The place and guess of each."""
    crying: int
    """Days."""
    others: dict[str, Days]
    score: Figures
    comparisons: int
    detectors: int


@dataclass(frozen=True)
class Run:
    """What was said of a change."""

    delay: int | None
    """Images from the change to the end of the day of the alarm."""
    name: str
    place: str
    others: dict[str, Days]
    """From the day before the change on."""
    score: Figures
    images: list[int]
    """Come in since the change, by day."""


def drift_alarms() -> Measurement:
    """False alarms a year of the whole page, at all rates together."""
    lines = []
    with _at_work() as work:
        for rate in RATES:
            found = work(_quiet_year, [(rate, number) for number in range(YEARS)])
            lines.append(quiet_line(rate, found))
    _keep("quiet", lines)
    number, years = sum(line["alarms"] for line in lines), sum(line["years"] for line in lines)
    note = f"{number} in {years} simulated years, {most(number, years):.2f} a year at most (95 %); at most 1 wanted"
    return Measurement("drift-alarms", number / years, None, "a year", note, in_this_process=False)


def drift_delay() -> Measurement:
    """The median of all changes' median delays at 30 a day. Follows drift-alarms, by which CheXstray's is set."""
    lines = []
    thresholds = {line["rate"]: line["chexstray_from"] for line in results("quiet")}
    with _at_work() as work:
        for change in CHANGES:
            for rate in RATES:
                found = work(_changed_stream, [(rate, change, number) for number in range(RUNS)])
                lines.append(change_line(rate, change, found, thresholds[rate]))
    _keep("change", lines)
    typical = [line for line in lines if line["rate"] == 30]
    named, runs = sum(line["named"] for line in lines), sum(line["runs"] for line in lines)
    note = f"median of {len(typical)} changes at 30 a day; {named} of {runs} runs named right"
    delay = float(np.median([_median(line["delays"]) for line in typical]))
    return Measurement("drift-delay", delay, None, "images", note, in_this_process=False)


def results(kind: str) -> list[dict[str, Any]]:
    """The lines of a kind that the last run left, `quiet` or `change`."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    return [line for line in map(json.loads, lines) if line["kind"] == kind]


def quiet_line(rate: int, found: Sequence[Quiet]) -> dict[str, Any]:
    """What years without drift came to."""
    years, said = len(found), Counter(alarm for year in found for alarm in year.alarms)
    threshold = lowest_threshold([year.score for year in found], ALLOWED * years)
    rules = {name: [year.others[name] for year in found] for name in found[0].others}
    rules[CHEXSTRAY] = [year.score >= threshold for year in found]
    return {
        "kind": "quiet", "rate": rate, "years": years, "alarms": said.total(), "said": dict(said),
        "most_a_year": round(most(said.total(), years), 4), "crying": sum(year.crying for year in found),
        "comparisons": max(year.comparisons for year in found), "detectors": max(year.detectors for year in found),
        "chexstray_from": round(threshold, 3), "release": release.card()["weights_sha256"],
        "others": {
            name: {"alarms": sum(map(begun, cries)), "crying": int(sum(cry.sum() for cry in cries))}
            for name, cries in rules.items()
        },
    }  # fmt: skip


def change_line(rate: int, change: Change, found: Sequence[Run], threshold: float) -> dict[str, Any]:
    """What runs with a change came to."""
    rules = {name: [run.others[name] for run in found] for name in found[0].others}
    rules[CHEXSTRAY] = [run.score >= threshold for run in found]
    return {
        "kind": "change", "release": release.card()["weights_sha256"], "change": change.name, "rate": rate,
        "runs": len(found),
        "delays": [run.delay for run in found], "right": change.cause.name, "right_place": change.place,
        "named": sum(run.name == change.cause.name for run in found), "names": Counter(run.name for run in found),
        "placed": sum(run.place == change.place for run in found),
        "others": {
            name: {
                "delays": [_first(cry, run.images) for cry, run in zip(cries, found, strict=True)],
                "before": int(sum(cry[0] for cry in cries)),
            }
            for name, cries in rules.items()
        },
    }  # fmt: skip


def most(number: int, years: int) -> float:
    """The upper 95 % bound, one-sided, of how many a year there are where `number` were seen (Garwood 1936)."""
    return float(chi2.ppf(0.95, 2 * (number + 1)) / 2 / years)


def begun(cry: Days) -> int:
    """How often a rule began to say drift, after four weeks in which it didn't: as the program joins what speaks."""
    days = np.flatnonzero(cry)
    return int(np.count_nonzero(np.diff(days, prepend=-WINDOW_DAYS - 1) > WINDOW_DAYS))


def lowest_threshold(scores: Sequence[Figures], allowed: float) -> float:
    """The lowest threshold, to a hundredth, from which on all of these begin to cry at most so often."""
    highest = max(float(np.nanmax(score, initial=0.0)) for score in scores)
    tried = np.arange(0, highest + 0.02, 0.01)
    too_low = [threshold for threshold in tried if sum(begun(score >= threshold) for score in scores) > allowed]
    return max(too_low, default=highest) + 0.01


def _quiet_year(where: Where, task: tuple[int, int]) -> Quiet:
    rate, number = task
    at = _loaded(where)
    all_of_it = stream(at.material, np.random.default_rng([1, rate, number]), rate, BEFORE + YEAR)
    year = all_of_it.since(BEFORE)
    heard = listen(where.home, year, at.reference)
    others = {name: cry[BEFORE:] for name, cry in drift_others.cries(all_of_it, at.reference).items()}
    said = [f"{alarm.scope}: {alarm.guess}" for alarm in heard.alarms]
    score = drift_others.score(all_of_it, BEFORE)[BEFORE:]
    return Quiet(said, heard.crying, others, score, heard.comparisons, heard.detectors)


def _changed_stream(where: Where, task: tuple[int, Change, int]) -> Run:
    rate, change, number = task
    at = _loaded(where)
    chance = np.random.default_rng([2, rate, CHANGES.index(change), number])
    came = stream(at.material, chance, rate, BEFORE + AFTER, change, BEFORE)
    changed_on = came.days[BEFORE]
    heard = listen(where.home, came, at.reference, changed_on)
    alarm = next((each for each in heard.alarms if each.opened_on >= changed_on.isoformat()), None)
    images = np.cumsum(came.images[BEFORE:]).tolist()
    delay = images[_day(came, alarm.opened_on) - BEFORE] if alarm else None
    others = {name: cry[BEFORE - 1 :] for name, cry in drift_others.cries(came, at.reference).items()}
    score = drift_others.score(came, BEFORE)[BEFORE - 1 :]
    return Run(delay, alarm.guess if alarm else "", alarm.scope if alarm else "", others, score, images)


def _day(came: Came, stamp: str) -> int:
    return [day.isoformat() for day in came.days].index(stamp)


def _first(cry: Days, images: list[int]) -> int | None:
    """Images until a rule says drift, `cry` being from the day before the change on; None where it never does."""
    days = np.flatnonzero(cry[1:])
    return images[days[0]] if len(days) else None


def _median(delays: list[int | None]) -> float:
    return float(np.median([np.inf if delay is None else delay for delay in delays]))


@dataclass(frozen=True)
class _Loaded:
    material: Material
    reference: Reference


@cache
def _loaded(where: Where) -> _Loaded:
    reference = references.of_card(release.card())
    assert reference is not None, "the release's card has a reference"
    return _Loaded(material(where.folders), reference)


@contextmanager
def _at_work() -> Iterator[Callable[[Callable[[Where, Task], Found], Sequence[Task]], list[Found]]]:
    """Does tasks on all cores, once all that is drawn from has been looked at."""
    with tempfile.TemporaryDirectory() as folder:
        where = Where(Folders.named(), Path(folder) / "home")
        material(where.folders)
        open_home(where.home)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(os.cpu_count(), context) as pool:
            yield lambda call, tasks: list(pool.map(call, repeat(where), tasks, chunksize=5))


def _keep(kind: str, lines: list[dict[str, Any]]) -> None:
    """In the place of the lines of that kind; those of the other stay."""
    kept = [*lines, *results("change")] if kind == "quiet" else [*results("quiet"), *lines]
    RESULTS.write_text("".join(f"{json.dumps(line)}\n" for line in kept), encoding="utf-8")
