"""Processes that receive side by side: a Python process computes on one core at a time."""

from __future__ import annotations

import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable

TOLD_TO_STOP = (signal.SIGTERM, signal.SIGINT)
_FORKED = multiprocessing.get_context("fork")
_PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that a process gets when the one that started it ends."""
_MOST = 8
"""What so many receive, no network of a hospital brings."""
log = logging.getLogger(__name__)


def side_by_side() -> int:
    """How many processes should receive: one for each core that this one may use."""
    return min(len(os.sched_getaffinity(0)), _MOST)


def hold_signals() -> None:
    """From now on, being told to stop waits until this process, or one that it starts, asks for it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, TOLD_TO_STOP)


def told_to_stop(seconds: float | None = None) -> bool:
    """Wait until this process is told to stop, for so many seconds at most; whether it was."""
    if seconds is None:
        signal.sigwait(TOLD_TO_STOP)
        return True
    return signal.sigtimedwait(TOLD_TO_STOP, seconds) is not None


class Processes:
    """So many that do the same, each until it is told to stop, and none for longer than this process lives.

    They are forked: while one is started, this process must have no other thread, and no database open. Signals must
    be held.
    """

    def __init__(self, count: int, do: Callable[[], None]) -> None:
        self._do = do
        gc.freeze()  # what is here already needn't be looked through by each of them, time and again
        self._all = [self._started() for _ in range(count)]

    def mend(self) -> None:
        """Have another in the place of each that has ended."""
        for place, each in enumerate(self._all):
            if not each.is_alive():
                log.error("a process that receives has ended (%s): another takes its place", each.exitcode)
                self._all[place] = self._started()

    def stop(self, seconds: float) -> None:
        """Tell all to stop, and wait for that; those that haven't after so many seconds are killed."""
        for each in self._all:
            each.terminate()
        end = time.monotonic() + seconds
        for each in self._all:
            each.join(max(end - time.monotonic(), 0))
            each.kill()
            each.join()

    def _started(self) -> multiprocessing.process.BaseProcess:
        process = _FORKED.Process(target=_live, args=(os.getpid(), self._do), daemon=True)
        process.start()
        return process


def _live(parent: int, do: Callable[[], None]) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == parent:  # it may have ended before it was asked for
        do()
