"""`python -m tools.new_site DATA SECOND` adds what is missing to docs/new_site.jsonl; SECOND is another hospital's."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cxr_core.model import dataset
from cxr_core.model.dataset import Sample
from tools.ablation.folds import halves
from tools.new_site.rows import ROWS, TRIED
from tools.new_site.run import Judged, judged_on, new_site, result, take_in_and_read
from tools.new_site.table import RESULTS


def main(arguments: list[str]) -> int:
    """Read half of the second hospital's patients at a site of each seed, and retrain there by each row's options."""
    parser = argparse.ArgumentParser(prog="tools.new_site", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="ROW")
    options = parser.parse_args(arguments)
    read, unseen = halves(dataset.find_samples([options.second]))
    judged = judged_on(options.data, unseen)
    done = _done()
    for seed in sorted({seed for _, seed in TRIED}):
        if names := [name for name in options.rows if (name, seed) in TRIED and (name, seed) not in done]:
            _at_one_site(options.data, read, judged, seed, names)
    return 0


def _at_one_site(base: Path, read: list[Sample], judged: dict[str, Judged], seed: int, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = new_site(Path(folder) / "home", base, seed)
        reads = take_in_and_read(site, read)
        for name in names:
            print(f"{name}, seed {seed}", file=sys.stderr)
            start = time.monotonic()
            found = result(site, ROWS[name], judged)
            _add({"row": name, "seed": seed, "reads": reads, **found, "seconds": round(time.monotonic() - start)})


def _done() -> set[tuple[str, int]]:
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    return {(found["row"], found["seed"]) for found in map(json.loads, lines)}


def _add(found: dict[str, Any]) -> None:
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
