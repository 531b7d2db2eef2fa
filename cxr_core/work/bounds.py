"""What a worker may take: memory, and time without headway. The system and a timer hold it to that, not our code."""

from __future__ import annotations

import faulthandler
import resource

from cxr_core.records import MEGABYTE, Lane
from cxr_core.settings import Settings


def memory_of(lane: Lane, settings: Settings) -> tuple[str, int]:
    """The setting that says how many megabytes a lane's worker may take (0: no limit), and what it says."""
    if lane is Lane.LEARNING:
        return "CXR_LEARNING_MEMORY_MB", settings.learning_memory_mb
    return "CXR_READING_MEMORY_MB", settings.reading_memory_mb


def patience_of(lane: Lane, settings: Settings) -> int:
    """Seconds without headway after which a lane's worker ends (0: never)."""
    return settings.learning_stuck_seconds if lane is Lane.LEARNING else settings.reading_stuck_seconds


def hold_memory(megabytes: int) -> None:
    """What this process, or one that it starts, asks for beyond this it doesn't get: a MemoryError comes instead."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes * MEGABYTE, most))


def lacked_memory(error: BaseException) -> bool:
    """Whether an error is about memory that wasn't to be had; torch and OpenVINO have no kind of their own for it."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _speaks_of_memory(str(error)))


def _speaks_of_memory(words: str) -> bool:
    return "memory" in words or "bad_alloc" in words


def expect_headway(seconds: float) -> None:
    """End this process unless this is called again within `seconds` (0: don't): where code hangs, none of ours runs.

    The timer is a thread of C that needs no lock of Python's, so it ends a process that a library holds up as well.
    What was being done goes to standard error: names of files and functions, no values.
    """
    if seconds:
        faulthandler.dump_traceback_later(seconds, exit=True)
    else:
        faulthandler.cancel_dump_traceback_later()
