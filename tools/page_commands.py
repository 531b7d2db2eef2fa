"""The commands of a page of docs/, as one script that says each before it runs it: `python page_commands.py PAGE`."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

PLACEHOLDERS = {"ADDRESS": "/cxr.bundle"}
"""What a reader puts in, and a trial."""


def commands(page: Path, placed: Mapping[str, str] = PLACEHOLDERS) -> list[str]:
    """The commands in the page's blocks of `sh`, in their order; one that goes on over a line's end is one."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = re.sub(r"\\\n\s*", "", "".join(blocks)).splitlines()
    for name, value in placed.items():
        lines = [re.sub(rf"\b{name}\b", value, line) for line in lines]
    return lines


if __name__ == "__main__":
    sys.stdout.write("\n".join(commands(Path(sys.argv[1]))) + "\n")
