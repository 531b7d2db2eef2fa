"""How far counts of a signal lie from its reference's, and how often chance alone does that.

Both answers come from counts on the same bins. Effects are shares of images, 0 to 1; chances are bounds that hold for
the numbers at hand, few or many, so that they may be corrected for thousands of looks. They take images for
independent: several of one patient count as more evidence than they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_core.drift import hypergeom
from cxr_core.drift.catalogue import Signal
from cxr_core.drift.grid import Counts

MISSING = "missing"
"""What has changed where images lack a signal more or less often than in the reference."""
_TIE = 1e-9
_ROUNDED = 1 - 1e-6
"""Keeps a bound below what it bounds, however either is rounded."""
Column = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """A signal's counts beside its reference's."""

    effect: float
    """Kolmogorov-Smirnov distance of numbers, or the largest change of a word's share; 0..1."""
    chance: float
    """The chance, at most, of such an effect if both were drawn from the same images."""
    what: str = ""
    """The word whose share changed most, or MISSING; empty where the numbers themselves have changed."""


def compare(signal: Signal, reference: Counts, current: Counts, least: float = 0.0) -> Comparison:
    """`current` beside `reference`: counts of the signal's bins, then of images that lack it.

    Where the effect is below `least`, its chance isn't worked out, and is 1.
    """
    effect, what = effects(signal, reference, current[None])
    return judged(signal, reference, current, float(effect[0]), str(what[0]), least)


def judged(
    signal: Signal, reference: Counts, current: Counts, effect: float, what: str, least: float = 0.0
) -> Comparison:
    """The comparison with this effect, as `effects` gave it, and its chance.

    By the sum of chances (Bonferroni) over what was tried: each word seen, or numbers and images that lack them.
    """
    if effect <= 0 or effect < least:
        return Comparison(effect, 1.0, what)
    tried = 2 if signal.grid else np.count_nonzero(current + reference)
    if what:
        place = signal.bins if what == MISSING else signal.words.index(what)
        chance = _fisher(int(current[place]), int(current.sum()), int(reference[place]), int(reference.sum()))
    else:
        chance = float(_kolmogorov(effect, current[:-1].sum(), reference[:-1].sum()))
    return Comparison(effect, min(1.0, float(tried * chance)), what)


def least_chances(signal: Signal, reference: Counts, rows: Counts, far: Column, whats: NDArray[np.str_]) -> Column:
    """No more than the chance that `judged` gives each row, whose effect (`far`) and change are as `effects` gave them.

    Quick for thousands of rows: of a share's tail, only the probability of its first value.
    """
    places = {word: place for place, word in enumerate(signal.words)} | {MISSING: signal.bins}
    place = np.array([places.get(str(what), 0) for what in whats], np.int64)
    k, n, m = rows[np.arange(len(rows)), place], rows.sum(1), reference.sum()
    first = 2 * hypergeom.pmf(k, n + m, k + reference[place], n) * _ROUNDED
    tried = 2 if signal.grid else np.count_nonzero(rows + reference, axis=1)
    tails = np.where(whats == "", _kolmogorov(far, rows[:, :-1].sum(1), reference[:-1].sum()), first)
    return np.minimum(tried * tails, 1.0)


def effects(signal: Signal, reference: Counts, rows: Counts) -> tuple[Column, NDArray[np.str_]]:
    """Of each row of counts (n x bins + 1) its effect beside the reference, and what has changed in it.

    0 where either side has no image. Numbers tell of those that are there; but of the images that lack them where those
    make a change by themselves, and of more images than the numbers do.
    """
    if not signal.grid:
        return _shares((*signal.words, MISSING), reference, rows)
    there = _there(rows)
    lacking, _ = _shares(("", MISSING), _there(reference[None])[0], there)
    far = distances(reference[:-1], rows[:, :-1], signal.grid.bins_within(signal.slack))
    by_lack = (lacking >= signal.floor) & (lacking >= far * there[:, 0] / np.maximum(there.sum(1), 1))
    return np.where(by_lack, lacking, far), np.where(by_lack, MISSING, "")


def distances(reference: Counts, rows: Counts, slack: int = 0) -> Column:
    """Kolmogorov-Smirnov distance, 0..1, of each row of counts (n x bins); a shift by `slack` bins is none.

    Never more than that of the values themselves: neither bins nor slack can make two samples differ more.
    """
    if not reference.sum():
        return np.zeros(len(rows))
    totals = rows.sum(1)
    ours = np.cumsum(rows, axis=1) / np.maximum(totals, 1)[:, None]
    theirs = np.cumsum(reference) / reference.sum()
    above = np.append(theirs[slack:], np.ones(slack))
    below = np.append(np.zeros(slack), theirs[: len(theirs) - slack])
    far = np.maximum((ours - above).max(1), (below - ours).max(1))
    return np.where(totals > 0, np.maximum(far, 0.0), 0.0)


def _shares(words: tuple[str, ...], reference: Counts, rows: Counts) -> tuple[Column, NDArray[np.str_]]:
    """The word whose share changed most, in each row (of two that changed as much, the one that rose), and how much."""
    totals = rows.sum(1)
    rises = rows / np.maximum(totals, 1)[:, None] - reference / max(reference.sum(), 1)
    changes, places = np.abs(rises), np.abs(rises + _TIE).argmax(1)
    known = (totals > 0) & bool(reference.sum())
    return np.where(known, changes[np.arange(len(rows)), places], 0.0), np.array(words)[places]


def _there(rows: Counts) -> Counts:
    return np.column_stack([rows[:, :-1].sum(1), rows[:, -1]])


def _kolmogorov(effect: Column | float, n: Counts | np.int64, m: np.int64) -> Column:
    """At most the chance of such a two-sample distance without a change: e exp(-2 nm/(n+m) D^2) (Wei & Dudley 2012).

    Proved for n = m; for others they checked it up to 200, where 2 does in the place of e but for n, m <= 3.
    """
    return np.minimum(1.0, np.exp(1 - 2 * n * m / np.maximum(n + m, 1) * np.square(effect)))


def _fisher(k: int, n: int, k_reference: int, m: int) -> float:
    """Twice the tail of the hypergeometric distribution, on the side where k of n lies (Fisher 1935)."""
    tail = hypergeom.upper if k * m >= k_reference * n else hypergeom.lower
    return min(1.0, 2 * tail(k, n + m, k + k_reference, n))


def moved(signal: Signal, reference: Counts, current: Counts) -> dict[str, float]:
    """How far a signal moved: by its name, up (above 0) or down; of words and MISSING images, each share's change."""
    if not reference.sum() or not current.sum():
        return {}
    change = current / current.sum() - reference / reference.sum()
    if not signal.grid:
        return {
            f"{signal.name}: {word}": float(part) for word, part in zip((*signal.words, MISSING), change, strict=True)
        }
    found = {f"{signal.name}: {MISSING}": float(change[-1])}
    if reference[:-1].any() and current[:-1].any():
        lower = np.cumsum(reference[:-1]) / reference[:-1].sum() - np.cumsum(current[:-1]) / current[:-1].sum()
        found[signal.name] = float(lower[np.abs(lower).argmax()])
    return found
