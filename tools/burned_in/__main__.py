"""How well burnt-in text is found: `python -m tools.burned_in [DATA...] > docs/burned_in.jsonl`.

Three hundred phantoms with text and as many without, then the same on the real films below each DATA.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tools.burned_in.judging import counts
from tools.burned_in.sets import on_phantoms, on_real_films


def main(arguments: list[str]) -> int:
    """Plant text, look for it, and print what came of it."""
    parser = argparse.ArgumentParser(prog="tools.burned_in", description=__doc__)
    parser.add_argument("data", type=Path, nargs="*")
    rows = counts("phantoms", on_phantoms(True), on_phantoms(False))
    for folder in parser.parse_args(arguments).data:
        rows += counts(f"films of {folder.name}", on_real_films(folder, True), on_real_films(folder, False))
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
