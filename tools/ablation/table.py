"""The table of recipes for docs/model.md, made from docs/ablation.jsonl."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cxr_core.errors import CxrError
from cxr_core.model.calibrate import SENSITIVITY
from tools.ablation.rows import AVERAGED_ROW, MOST_SEEDS, ROWS, SEED_RECIPE, SEEDS, SHIPPED_RECIPE, UNSETTLED_ROW
from tools.ablation.run import AIMS
from tools.ablation.shifts import SHIFTS

FOLDS = 2
OWN = ("lowest", "batch", "virus")
"""Columns of images that a fold left out."""
SHIFTED = (*OWN, *SHIFTS, "histogram")
COLUMNS = ("locked", *SHIFTED, "second hospital")


Figure = Callable[[dict[str, Any]], float]


@dataclass(frozen=True)
class Line:
    """A row of the table, trained with one or several seeds; every figure is a mean over both folds."""

    name: str
    seeds: list[dict[str, float]]
    """For each seed, the value of every column."""

    def mean(self, column: str) -> float:
        """Over the seeds."""
        return float(np.mean([found[column] for found in self.seeds]))

    def shifted(self) -> list[float]:
        """For each seed, the mean over the shifted columns."""
        return [float(np.mean([found[column] for column in SHIFTED])) for found in self.seeds]


SINCE = {"patience": 0}
"""Choices that there are only since lines were written, with what all did until then."""


def results(path: Path) -> list[dict[str, Any]]:
    """All results so far. Raises CxrError for one that was found by another recipe than the row now has."""
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for each in found:
        now = ROWS.get(each["row"])
        if now is None or _whole(each["recipe"]) != json.loads(json.dumps(now.recipe.as_dict())):
            raise CxrError(f"{path}: row {each['row']!r} has another recipe now: remove its lines and run it again")
    return found


def _whole(recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe as it would be written today."""
    return {**SINCE, **recipe, "then": recipe["then"] and _whole(recipe["then"])}


def lines(found: list[dict[str, Any]], figure: Figure) -> list[Line]:
    """The rows that are complete, with `figure` of each cell in every column."""
    every = [Line(name, [_columns(parts, figure) for parts in _by_seed(found, name)]) for name in ROWS]
    return [line for line in every if len(line.seeds) == SEEDS.get(line.name, 1)]


def table(found: list[dict[str, Any]]) -> str:
    """Markdown: AUC in every column, the mean over the shifted ones, and how much of the classic row's loss is won.

    Raises CxrError if the classic recipe or the shipped one hasn't been run with all its seeds.
    """
    exact, decided = lines(found, _auc), lines(found, _right_at(SENSITIVITY))
    if missing := {SEED_RECIPE, SHIPPED_RECIPE} - {line.name for line in exact}:
        raise CxrError(f"{' and '.join(sorted(missing))}: not every seed has a result; run `make ablation`")
    classic = next(line for line in exact if line.name == SEED_RECIPE)
    names = ["recipe", "locked", "shifted", "won back", "right at the threshold", *SHIFTED, "second hospital"]
    rows = [names, ["---"] * len(names)]
    for line, judged in zip(exact, decided, strict=True):
        own = [_value(line.mean(column)) for column in SHIFTED]
        rows.append([
            line.name, _value(line.mean("locked")), _with_range(line.shifted()), _won_back(line, classic),
            f"{np.mean(judged.shifted()):.3f}", *own, _value(line.mean("second hospital")),
        ])  # fmt: skip
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def screening(found: list[dict[str, Any]]) -> str:
    """How far chance alone moves the mean over the shifted columns, and what all the trainings took."""
    spans = [max(values) - min(values) for line in lines(found, _auc) if len(values := line.shifted()) > 1]
    minutes = sum(each["seconds"] for each in found) / 60
    return (
        f"These are {len(found)} trainings, {minutes:.0f} minutes of computing. Where a recipe has three seeds,\n"
        f"the best and the worst lie {min(spans):.3f} to {max(spans):.3f} apart in what is shifted:\n"
        "a row with one seed says no more than that."
    )


def operating_points(found: list[dict[str, Any]]) -> str:
    """Markdown: for each sensitivity that a threshold may be chosen for, how often it is right, on average."""
    names = [AVERAGED_ROW, UNSETTLED_ROW, SHIPPED_RECIPE]
    rows = [["mean of sensitivity and specificity", *map(str, AIMS)], ["---"] * (len(AIMS) + 1)]
    for where, columns in (("locked", ("locked",)), ("shifted", SHIFTED)):
        for name in names:
            at = [line for aim in AIMS for line in lines(found, _right_at(aim)) if line.name == name]
            values = [_value(float(np.mean([line.mean(column) for column in columns]))) for line in at]
            rows.append([f"{where}, {name}", *values])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows if len(row) == len(AIMS) + 1)


def _auc(cell: dict[str, Any]) -> float:
    return float(cell["auc"])


def _right_at(aim: float) -> Figure:
    return lambda cell: float(cell["balanced_accuracy"][str(aim)])


def won_back(line: Line, classic: Line) -> float:
    """Share of the classic row's loss from the locked to the shifted columns that this row doesn't have."""
    loss = classic.mean("locked") - np.mean(classic.shifted())
    return float((np.mean(line.shifted()) - np.mean(classic.shifted())) / loss)


def _by_seed(found: list[dict[str, Any]], name: str) -> list[list[dict[str, Any]]]:
    """The results of a row, both folds of a seed together; seeds that lack a fold are left away."""
    parts = [[each for each in found if (each["row"], each["seed"]) == (name, seed)] for seed in range(MOST_SEEDS)]
    return [part for part in parts if len(part) == FOLDS]


def _columns(parts: list[dict[str, Any]], figure: Figure) -> dict[str, float]:
    """Every column, as the mean over the folds and changes that it was judged on."""
    return {column: float(np.mean(list(_cells(parts, column, figure)))) for column in COLUMNS}


def _cells(parts: list[dict[str, Any]], column: str, figure: Figure) -> list[float]:
    numbered = {column, *(f"{column} {number + 1}" for number in range(len(SHIFTS.get(column, ()))))}
    return [figure(cell) for part in parts for name, cell in part["columns"].items() if name in numbered]


def _won_back(line: Line, classic: Line) -> str:
    return "" if line is classic else f"{won_back(line, classic):.0%}"


def _with_range(values: list[float]) -> str:
    middle = f"{np.mean(values):.3f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.3f} to {max(values):.3f})"


def _value(value: float) -> str:
    return f"{value:.3f}"
