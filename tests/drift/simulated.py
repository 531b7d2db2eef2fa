"""X-rays that are made up of distributions, in the form of the bench's material: no data, and a year in a second."""

from __future__ import annotations

import numpy as np

from bench.drift_material import Seen, columns
from cxr_core.drift.catalogue import ANSWERS, AXES, REFUSALS, TURNS
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT
from cxr_core.work.drift.references import Reference

USUAL = 600


def xrays(seed, count, looks=0.0, noise=0.0, ill=0.7, turn=TURNS[0]):
    """So many; all their looks shifted by `looks`, noise by `noise` more, both in standard deviations."""
    chance = np.random.default_rng(seed)
    labels = (chance.random(count) < ill).astype(np.int64)
    rows = [_xray(chance, label, looks, noise, turn) for label in labels]
    pictures, opinions = zip(*rows, strict=True)
    return Seen(np.array(pictures, np.int16), np.array(opinions, np.int16), labels)


def _xray(chance, label, looks, noise, turn):
    z = chance.normal(size=7)
    z[[0, 3]] += 0.7 * label
    picture = {
        "mean": 0.5 + 0.07 * (z[0] + looks), "p01": 0.05 + 0.02 * z[1], "p99": 0.9 + 0.03 * z[2],
        "contrast": 0.2 + 0.03 * (z[3] + looks), "sharpness": float(np.exp(-1 + 0.2 * (z[4] - looks))),
        "noise": float(np.exp(-6 + 0.3 * (z[5] + looks + noise))), "polarity": -0.2 + 0.05 * (z[6] + looks),
    }  # fmt: skip
    probability = float(chance.beta(8, 1.5) if label else chance.beta(1.5, 8))
    opinion = {
        **{f"axis{number + 1}": value for number, value in enumerate(chance.normal(size=AXES))},
        "probability": probability, "confidence": max(probability, 1 - probability),
        "answer": ANSWERS[int(probability > 0.5)], "put right": turn, "refused for": REFUSALS[0],
    }  # fmt: skip
    return columns(PICTURE_LAYOUT, picture), columns(OPINION_LAYOUT, opinion)


def material():
    """Usual ones, and some kinds of others."""
    usual = xrays(0, USUAL)
    return {
        "usual": usual, "elsewhere": xrays(1, 200, looks=1.5), "broken": xrays(2, 200, noise=4),
        "inverted": xrays(3, 200, turn=TURNS[1]), "healthy": usual.chosen(usual.labels == 0),
    }  # fmt: skip


def reference(seen):
    """The model's own, of all of these."""
    return Reference(*(_added(layout, seen.of(layout)) for layout in (PICTURE_LAYOUT, OPINION_LAYOUT)), None)


def _added(layout, found):
    return np.bincount(found[found >= 0].astype(np.int64), minlength=layout.width)
