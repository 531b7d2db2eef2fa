"""What the program tells an operator on standard error, a line of text or of JSON each: never whose X-ray it was.

The words of an error may quote what a sender wrote, and those of a library any value that it met. So of errors there
are kinds and places, and words only where this program chose them; of other libraries there is the place that warns.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any

from cxr_core import clock
from cxr_core.errors import IntegrityError, ModelError, OutOfRoom, SchemaError, SettingsError
from cxr_core.plain import plain

TEXT, JSON = FORMS = ("text", "json")
HEARD = ("cxr_core", "uvicorn")
"""Loggers whose words are passed on: they speak of the program, and quote nobody's error or answer."""
SAID = (SettingsError, SchemaError, ModelError, OutOfRoom, IntegrityError)
"""Errors whose words are about this installation, and hold the remedy."""
_ROOT = Path(__file__).parents[1]
_FRAMES = 12
"""The innermost ones, which tell where it happened."""

log = logging.getLogger("cxr_core")


def begin(form: str, process: str) -> None:
    """Log from here on as FORMS has it, in the name of `process`; once in a process, where nobody else logs already."""
    root = logging.getLogger()
    if root.handlers:  # the tests' own
        return
    handler = logging.StreamHandler()
    handler.setFormatter(AsJson(process) if form == JSON else AsText())
    root.addHandler(handler)
    log.setLevel(logging.INFO)
    warnings.showwarning = _warned
    sys.excepthook = _ended
    threading.excepthook = lambda told: log.error("a thread ended", exc_info=told.exc_value)


def is_json() -> bool:
    """Whether this process logs JSON, so that nothing else should stand between."""
    return any(isinstance(handler.formatter, AsJson) for handler in logging.getLogger().handlers)


class AsText(logging.Formatter):
    """A line each: time, level, logger, message; below it where an error came from."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        lines = [f"{_moment(record)} {record.levelname} {record.name}: {plain(_message(record))}"]
        if error := _error(record):
            lines += [f"    {plain(kind)}" for kind in _kinds(error)]
            lines += [f"    at {place}" for place in _trace(error)]
        return "\n".join(lines)


class AsJson(logging.Formatter):
    """A JSON object each: `time`, `level`, `logger`, `message`, `process`, `pid`; of errors `error` and `trace`."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        told: dict[str, Any] = {
            "time": _moment(record), "level": record.levelname.lower(), "logger": record.name,
            "message": _message(record), "process": self._process, "pid": os.getpid(),
        }  # fmt: skip
        if error := _error(record):
            told |= {"error": list(_kinds(error)), "trace": list(_trace(error))}
        return json.dumps(told)


def _moment(record: logging.LogRecord) -> str:
    return clock.moment(record.created)


def _message(record: logging.LogRecord) -> str:
    if record.name.split(".")[0] in HEARD:
        return record.getMessage().strip()
    return f"a library warns in {record.module}, line {record.lineno}"


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _kinds(error: BaseException) -> Iterator[str]:
    """What kind of error it was, and what led to it."""
    cause: BaseException | None = error
    while cause is not None:
        yield _named(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _named(error: BaseException) -> str:
    words = str(error) if isinstance(error, SAID) else None
    if isinstance(error, OSError) and error.errno:
        words = os.strerror(error.errno)
    return type(error).__name__ + (f": {words}" if words else "")


def _trace(error: BaseException) -> Iterator[str]:
    """Where it happened, innermost last."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    lines = [line for _, line in walk_tb(error.__traceback__)]
    for frame, line in list(zip(frames, lines, strict=True))[-_FRAMES:]:
        yield f"{_shortened(frame.f_code.co_filename)}:{line} {frame.f_code.co_name}"


def _shortened(file: str) -> str:
    path = Path(file)
    if "site-packages" in path.parts:
        return str(Path(*path.parts[path.parts.index("site-packages") + 1 :]))
    return str(path.relative_to(_ROOT)) if path.is_relative_to(_ROOT) else path.name


def _warned(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    log.warning("%s in %s, line %s", category.__name__, _shortened(filename), lineno)


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("the program ended", exc_info=(kind, error, trace))
