"""Run the measurement that is named, or each in a process of its own, so that its peak memory is its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from bench import drift, drift_page, load, prediction, reading_room, receiving, retraining, training, waiting
from bench.measure import Measurement, heading, tell
from cxr_core.errors import CxrError

MEASUREMENTS: dict[str, Callable[[], Measurement]] = {
    "study": prediction.study,
    "study-torch": prediction.study_torch,
    "forward": prediction.forward,
    "folder": prediction.folder,
    "training": training.training,
    "upload-to-opinion": waiting.upload_to_opinion,
    "next-case": reading_room.next_case,
    "next-after-read": reading_room.next_after_read,
    "drag-fps": reading_room.drag_fps,
    "worklist": reading_room.worklist,
    "drift-page": drift_page.page,
    "drift": drift_page.command,
    "bookkeeping": drift_page.bookkeeping,
    "fine-tune": retraining.fine_tune,
    "fine-tune-block": retraining.fine_tune_block,
    "retrain-interference": retraining.retrain_interference,
    "load": load.load,
    "receive": receiving.receive,
    "round-trip": receiving.round_trip,
    "receive-interference": receiving.receive_interference,
    "drift-alarms": drift.drift_alarms,
    "drift-delay": drift.drift_delay,
}


def main(names: list[str]) -> int:
    """1 if a measurement failed, 2 if there is none of that name."""
    if unknown := sorted(set(names) - set(MEASUREMENTS)):
        print(f"there is no measurement {unknown[0]!r}; there are {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    heading()
    if len(names) == 1:
        return _measure(names[0])
    ended = [subprocess.run([sys.executable, "-m", "bench", name]).returncode for name in names or MEASUREMENTS]
    return int(any(ended))


def _measure(name: str) -> int:
    try:
        tell(MEASUREMENTS[name]())
    except CxrError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
