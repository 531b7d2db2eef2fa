"""A distribution as a few numbers, small enough for a model's card and free of any picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxr_core.errors import BadInput

PROBABILITIES: NDArray[np.float64] = np.linspace(0, 1, 33)
"""Where the quantiles of a sketch are taken: every 1/32, with both ends."""
DECIMALS = 6
"""To what values are rounded, in a sketch and before they are compared with one, so that ties stay ties."""


@dataclass(frozen=True)
class Sketch:
    """What is kept of a reference's values of one signal."""

    n: int
    """How many values there were."""
    quantiles: tuple[float, ...]
    """At PROBABILITIES: never decreasing, the first is the smallest value and the last the largest."""
    mean: float
    std: float
    """Standard deviation, divided by n."""

    def __post_init__(self) -> None:
        if self.n < 1 or len(self.quantiles) != len(PROBABILITIES):
            raise BadInput(f"A reference needs at least one value and {len(PROBABILITIES)} quantiles; make it anew.")
        if not np.isfinite([*self.quantiles, self.mean, self.std]).all() or np.any(np.diff(self.quantiles) < 0):
            raise BadInput("A reference's quantiles must be finite and never decrease; make it anew.")

    @property
    def median(self) -> float:
        """The middle value."""
        return self.quantiles[len(self.quantiles) // 2]

    def as_dict(self) -> dict[str, Any]:
        """As written on a card: only JSON's own types."""
        return {**asdict(self), "quantiles": list(self.quantiles)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Sketch:
        """As read from a card; raises BadInput where a part is missing or doesn't fit."""
        try:
            quantiles = tuple(float(q) for q in values["quantiles"])
            return cls(int(values["n"]), quantiles, float(values["mean"]), float(values["std"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"This isn't a reference distribution ({error!r}); take it from a model's card.") from error


def rounded(values: ArrayLike) -> NDArray[np.float64]:
    """`values` as a flat float64 array, rounded as a sketch rounds."""
    return np.round(np.asarray(values, dtype=np.float64).ravel(), DECIMALS)


def sketch(values: ArrayLike) -> Sketch:
    """The sketch of `values`, any number of finite numbers; raises BadInput for none or for NaN.

    Quantiles are values that occurred (the inverse of the empirical distribution function, type 1 of
    Hyndman and Fan 1996), so a share of equal values stays visible as a run of equal quantiles.
    """
    numbers = rounded(values)
    if not numbers.size or not np.isfinite(numbers).all():
        raise BadInput(f"A reference needs finite values; of {numbers.size}, {np.isfinite(numbers).sum()} are.")
    quantiles = np.quantile(numbers, PROBABILITIES, method="inverted_cdf")
    mean, std = np.round([numbers.mean(), numbers.std()], DECIMALS)
    return Sketch(numbers.size, tuple(quantiles.tolist()), float(mean), float(std))


def sketches(rows: Sequence[Mapping[str, float]]) -> dict[str, Sketch]:
    """A sketch per signal of `rows`, one mapping of signal to value an image; raises BadInput for no rows.

    A row may lack a signal; the sketch's `n` then says how many had it.
    """
    if not rows:
        raise BadInput("A reference needs at least one image.")
    return {name: sketch([row[name] for row in rows if name in row]) for name in _names(rows)}


def _names(rows: Iterable[Mapping[str, float]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))
