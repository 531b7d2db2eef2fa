"""`python -m tools.ablation DATA SECOND` adds what is missing to docs/ablation.jsonl; SECOND is another hospital's."""

from __future__ import annotations

import argparse
import json
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

from cxr_core.commands.output import training_progress
from cxr_core.model import dataset
from cxr_core.model.recipe import RELEASE
from tools.ablation.folds import Fold, folds, named
from tools.ablation.rows import MOST_SEEDS, ROWS, SEEDS
from tools.ablation.run import Data, cells, read_once

RESULTS = Path(__file__).parents[2] / "docs" / "ablation.jsonl"


def main(arguments: list[str]) -> int:
    """Train and judge each row on each fold with each of its seeds, unless the result is there."""
    parser = argparse.ArgumentParser(prog="tools.ablation", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="ROW")
    options = parser.parse_args(arguments)
    data = _gathered(options.data, options.second)
    done = _done()
    for name, fold, seed in product(options.rows, folds(named(data.samples)), range(MOST_SEEDS)):
        if seed < SEEDS.get(name, 1) and (name, fold.name, seed) not in done:
            print(f"{name}, fold {fold.name}, seed {seed}", file=sys.stderr)
            _add(_result(data, name, fold, seed))
    return 0


def _result(data: Data, name: str, fold: Fold, seed: int) -> dict[str, Any]:
    start, row = time.monotonic(), ROWS[name]
    columns = cells(data, row, fold, seed, training_progress)
    seconds = round(time.monotonic() - start)
    return {
        "row": name, "fold": fold.name, "seed": seed, "columns": columns, "recipe": row.recipe.as_dict(),
        "second_domain": row.second_domain, "prepared": row.prepare.__name__, "seconds": seconds,
    }  # fmt: skip


def _gathered(first: Path, second: Path) -> Data:
    samples, others = dataset.find_samples([first]), dataset.find_samples([second])
    split = dataset.split_by_patient(samples, RELEASE.split)
    return Data(samples, others, split, read_once([*samples, *others]))


def _done() -> set[tuple[str, str, int]]:
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    return {(found["row"], found["fold"], found["seed"]) for found in map(json.loads, lines)}


def _add(found: dict[str, Any]) -> None:
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
