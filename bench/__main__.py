"""Run every measurement, or the one that is named."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from bench import prediction, waiting
from bench.measure import Measurement, tell

MEASUREMENTS: dict[str, Callable[[], Measurement]] = {
    "study": prediction.study,
    "forward": prediction.forward,
    "folder": prediction.folder,
    "upload-to-opinion": waiting.upload_to_opinion,
}


def chosen(names: list[str]) -> Iterator[Callable[[], Measurement]]:
    """The measurements that are named, or all."""
    for name in names or MEASUREMENTS:
        if name not in MEASUREMENTS:
            sys.exit(f"there is no measurement {name!r}; there are {', '.join(MEASUREMENTS)}")
        yield MEASUREMENTS[name]


if __name__ == "__main__":
    print(f"{'':20}{'ours':>10}{'reference':>10} {'unit':10}{'ratio':>7}", file=sys.stderr)
    for measurement in chosen(sys.argv[1:]):
        tell(measurement())
