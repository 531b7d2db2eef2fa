"""The process that inputs are given to, one after the other: it may die of them, and is watched from outside."""

from __future__ import annotations

import multiprocessing
import resource
import time
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from tools.fuzz.lines import Step, followed
from tools.fuzz.targets import Target, target_of

LIMIT_SECONDS = 30.0
"""That an input may take, from being sent to its verdict."""
MEMORY = 4 * 2**30
"""Bytes that the process may take."""
Way = Literal["read", "store", "check"]
_FRESH = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Answered:
    """How an input fared."""

    outcome: str
    """What it was answered; or what went wrong, if `failed`."""
    failed: bool = False
    seconds: float = 0.0
    steps: frozenset[Step] = frozenset()


class Victim:
    """A process with a home of its own; started anew once it has died or hung."""

    def __init__(self, kind: str, follow: bool) -> None:
        self._kind, self._follow = kind, follow
        self._start()

    def _start(self) -> None:
        self._ours, theirs = _FRESH.Pipe()
        self._process = _FRESH.Process(target=_serve, args=(theirs, self._kind, self._follow), daemon=True)
        self._process.start()
        theirs.close()
        self._ours.recv()  # its home is there: making one counts for no input

    def give(self, what: Way, data: bytes = b"") -> Answered:
        """How this input fares when it is read or stored; or whether the home is whole after all that was stored."""
        begun = time.monotonic()
        try:
            self._ours.send((what, data))
            if not self._ours.poll(None if what == "check" else LIMIT_SECONDS):
                return self._anew(f"no answer within {LIMIT_SECONDS:.0f} s", begun)
            found: Answered = self._ours.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            return self._anew(f"the process ended with {self._process.exitcode}", begun)
        return found

    def _anew(self, why: str, begun: float) -> Answered:
        self.end()
        self._start()
        return Answered(why, True, time.monotonic() - begun)

    def end(self) -> None:
        """Take the process down."""
        self._process.kill()
        self._process.join()
        self._ours.close()


def _serve(pipe: Connection, kind: str, follow: bool) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    with TemporaryDirectory() as folder:
        target = target_of(kind, Path(folder))
        pipe.send("ready")
        while True:
            what, data = pipe.recv()
            pipe.send(_answered(target, what, data, follow))


def _answered(target: Target, what: Way, data: bytes, follow: bool) -> Answered:
    begun, steps = time.monotonic(), set[Step]()
    try:
        if what == "check":
            outcome = target.check()
        elif what == "store":
            outcome = target.store(data)
        else:
            with followed(steps) if follow else nullcontext():
                outcome = target.read(data)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is what is looked for)
        return Answered(f"{type(error).__name__}: {error}", True, time.monotonic() - begun)
    return Answered(outcome, False, time.monotonic() - begun, frozenset(steps))
