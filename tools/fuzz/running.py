"""A run: so many inputs of a kind, the next made from what reached something new; and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tools.fuzz.corpus import CORPUS
from tools.fuzz.lines import Step
from tools.fuzz.mutations import mutated
from tools.fuzz.victim import Victim, Way

SEED = 20_261
STORED_EVERY = 20
SHRINKS = 60
"""Tries to make an input smaller that still goes wrong in the same way."""


@dataclass
class Run:
    """What so many inputs of a kind came to."""

    kind: str
    inputs: int = 0
    stored: int = 0
    """Inputs that went all the way through a home, to their verdicts."""
    answers: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    steps: set[Step] = field(default_factory=set)
    kept: int = 0
    """Inputs that reached something new, from which others were made."""
    findings: list[tuple[str, bytes]] = field(default_factory=list)
    """What went wrong, and the smallest input found that does so."""

    def as_dict(self) -> dict[str, Any]:
        """Its figures: the same wherever it is run, but for the seconds."""
        return {"kind": self.kind, "inputs": self.inputs, "stored": self.stored, "failures": len(self.findings),
                "kept": self.kept, "steps": len(self.steps), "slowest_seconds": round(self.slowest, 2),
                "answers": dict(sorted(self.answers.items()))}  # fmt: skip


def fuzz(kind: str, count: int, follow: bool = True, tell: Callable[[Run], None] = lambda run: None) -> Run:
    """Give `count` inputs of a kind to a process, those of the corpus first; `follow` its lines to choose by."""
    run, pool, victim = Run(kind), CORPUS[kind](), Victim(kind, follow)
    whole = list(pool)
    try:
        for number in range(count):
            data = whole[number] if number < len(whole) else _next(pool, kind, number)
            _give(run, pool, data, victim)
            tell(run)
        _note(run, victim, "check", b"")
    finally:
        victim.end()
    return run


def _next(pool: list[bytes], kind: str, number: int) -> bytes:
    chance = Random(f"{SEED} {kind} {number}")
    newest = pool[-1 - int(len(pool) * chance.random() ** 2)] if chance.random() < 0.5 else chance.choice(pool)
    return mutated(newest, chance.choice(pool), kind, chance)


def _give(run: Run, pool: list[bytes], data: bytes, victim: Victim) -> None:
    """Every input is read; those that reach something new, and some others, go all the way."""
    steps = _note(run, victim, "read", data)
    is_new = not steps <= run.steps
    if is_new:
        run.steps |= steps
        run.kept += 1
        pool.append(data)
    if is_new or run.inputs % STORED_EVERY == 0:
        run.stored += 1
        _note(run, victim, "store", data)
    run.inputs += 1


def _note(run: Run, victim: Victim, what: Way, data: bytes) -> frozenset[Step]:
    """Write down how an input fares; the steps that it took."""
    found = victim.give(what, data)
    run.slowest = max(run.slowest, found.seconds)
    if found.failed:
        run.findings.append((f"{what}: {found.outcome}", _shrunk(data, found.outcome, victim, what)))
    elif what == "read":
        run.answers.update(found.outcome.split())
    return found.steps


def _shrunk(data: bytes, outcome: str, victim: Victim, what: Way) -> bytes:
    """`data` without pieces that don't matter to how it goes wrong."""
    piece, tries = len(data) // 2, 0
    while piece and tries < SHRINKS:
        for at in range(0, len(data), piece):
            smaller, tries = data[:at] + data[at + piece :], tries + 1
            if victim.give(what, smaller).outcome == outcome:
                data = smaller
                break
        else:
            piece //= 2
    return data
