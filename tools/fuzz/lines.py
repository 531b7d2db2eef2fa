"""Which steps of the program's own readers an input takes: from one line to the next, in a few folders."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import cxr_core

_ROOT = Path(cxr_core.__file__).parent
FOLDERS = tuple(str(_ROOT / part) for part in ("dicom/", "pacs/web/", "work/incoming/", "work/hospital/receiving"))
"""Where bytes that came from elsewhere are read."""
Step = tuple[str, int, int]
"""A file, and the two lines between which it went."""


@contextmanager
def followed(steps: set[Step]) -> Iterator[None]:
    """Add to `steps` those that this thread takes within the block."""

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(FOLDERS) or "/phantoms/" in name:
            return None
        last = frame.f_lineno

        def step(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal last
            if event == "line":
                steps.add((name, last, frame.f_lineno))
                last = frame.f_lineno
            return step

        return step

    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(None)
