"""The quickest runtime that is exact enough on this machine: measured here, for this model, and never assumed."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from cxr_core.model.gate.likeness import features
from cxr_core.model.predict import Model, Outputs, look
from cxr_core.model.runtime import make, offered
from cxr_core.records import Floats

log = logging.getLogger(__name__)

BOUND = 0.01
"""A probability may differ from the reference's by no more, on whatever image."""
MARGIN = 0.5
"""Share of the bound that a runtime may use up on the few images it is tried on: others may differ by twice as much."""
TURNS = 7


def choosing(model: Model, grey: Floats) -> Iterator[Model]:
    """`model` with the best runtime known so far, after each step of trying them on `grey` (n x size x size in 0..1).

    A step takes a second or two. Whoever has no more time keeps the last model that came. The time that counts is
    that of one image: it is what a person waits for.
    """
    plain = replace(model, runtime=None)
    expected, best = look(plain, grey), (1.0, plain)
    for name in offered():
        best = max(best, _tried(plain, name, grey, expected), key=itemgetter(0))
        yield best[1]
    served_by = best[1].served_by.name
    log.info("%s is served by %s, %.1f times as fast as the reference", model.card.name, served_by, best[0])


def _tried(plain: Model, name: str, grey: Floats, expected: Outputs) -> tuple[float, Model]:
    """How many times as fast as the reference a runtime is, and the model with it.

    0 if it isn't exact enough, or doesn't work on this machine though its package is there: some of them can be made,
    and fail when they are run.
    """
    try:
        tried = replace(plain, runtime=make(name, plain.network, plain.card.preprocessing))
        if is_exact(plain, expected, look(tried, grey)):
            return _times_faster(tried, plain, grey[:1]), tried
    except (ImportError, RuntimeError, MemoryError) as error:
        log.warning("%s can't be used here: %s", name, error)
    return 0.0, plain


def is_exact(model: Model, expected: Outputs, found: Outputs) -> bool:
    """Whether outputs are near enough to the reference's on the same images: probability within bounds, gate the same.

    A unit of the logit changes a probability by at most a quarter of the calibration's slope, so images that the model
    is sure of tell as much as others.
    """
    change = 0.25 * model.card.calibration.slope * np.abs(found.logits - expected.logits).max()
    return bool(change <= MARGIN * BOUND) and np.array_equal(_admitted(model, found), _admitted(model, expected))


def _admitted(model: Model, outputs: Outputs) -> NDArray[np.bool_]:
    likeness = model.card.gate.likeness
    return likeness.admits(likeness.judge(features(outputs.traits, outputs.embeddings)))


def _times_faster(tried: Model, plain: Model, grey: Floats) -> float:
    """By the best of several turns: what else the machine does in a turn says nothing about a runtime."""
    look(tried, grey), look(plain, grey)
    pairs = [(_seconds(tried, grey), _seconds(plain, grey)) for _ in range(TURNS)]
    return min(b for _, b in pairs) / min(a for a, _ in pairs)


def _seconds(model: Model, grey: Floats) -> float:
    start = time.perf_counter()
    look(model, grey)
    return time.perf_counter() - start
