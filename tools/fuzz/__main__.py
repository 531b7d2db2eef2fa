"""python -m tools.fuzz [KIND…] [--count N]: a JSON line a kind (> docs/fuzz.jsonl); what goes wrong to build/fuzz/."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from hashlib import sha256
from pathlib import Path

from tools.fuzz.corpus import CORPUS
from tools.fuzz.running import Run, fuzz

COUNT = 10_000
FINDINGS = Path("build/fuzz")
TELL_EVERY = 500


def _tell(run: Run) -> None:
    if run.inputs % TELL_EVERY == 0:
        print(f"{run.kind}: {run.inputs}, {run.kept} kept, {len(run.findings)} wrong", file=sys.stderr, flush=True)


def _keep(run: Run) -> None:
    for why, data in run.findings:
        FINDINGS.mkdir(parents=True, exist_ok=True)
        path = FINDINGS / f"{run.kind}-{sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        print(f"{path}: {why}", file=sys.stderr)


def main() -> int:
    """1 if anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz")
    parser.add_argument("kinds", nargs="*", choices=[*CORPUS, []], default=[], metavar="KIND")
    parser.add_argument("--count", type=int, default=COUNT)
    options = parser.parse_args()
    wrong = 0
    for kind in options.kinds or CORPUS:
        begun = time.monotonic()
        run = fuzz(kind, options.count, tell=_tell)
        _keep(run)
        wrong += len(run.findings)
        minutes = round((time.monotonic() - begun) / 60, 1)
        print(json.dumps({**run.as_dict(), "minutes": minutes, "python": platform.python_version()}), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
