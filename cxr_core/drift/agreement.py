"""How often readers agree with the model, with an interval that says how little a few reads tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import sqrt

from scipy.special import ndtri

from cxr_core.drift.trace import ENOUGH
from cxr_core.drift.weeks import monday
from cxr_core.errors import BadInput


@dataclass(frozen=True)
class Judgements:
    """The readers' standing answers of one day to one version's predictions."""

    day: date
    """In UTC."""
    model: str
    """The version whose predictions were judged."""
    n: int
    agreed: int


@dataclass(frozen=True)
class Agreement:
    """How often the readers of a week agreed with one version of the model."""

    start: date
    """The week's Monday, UTC."""
    model: str
    n: int
    agreed: int
    low: float
    high: float
    """95 % interval of the share, 0..1 (Wilson 1927)."""

    @property
    def share(self) -> float:
        """Share that agreed, 0..1."""
        return self.agreed / self.n

    @property
    def enough(self) -> bool:
        """Whether there are reads enough to speak of the share at all."""
        return self.n >= ENOUGH


def wilson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Score interval of a share, low and high in 0..1 (Wilson 1927); (0, 1) for n = 0.

    Raises BadInput where `successes` isn't in 0..n or `confidence` isn't between 0 and 1.
    """
    if not 0 <= successes <= n or not 0 < confidence < 1:
        raise BadInput(
            f"No interval for {successes} of {n} at {confidence}; give 0 <= successes <= n, 0 < confidence < 1."
        )
    if n == 0:
        return 0.0, 1.0
    z = float(ndtri((1 + confidence) / 2))
    share, scale = successes / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = max(0.0, middle - half) if successes else 0.0
    high = min(1.0, middle + half) if successes < n else 1.0
    return low, high


def weekly_agreement(judgements: Iterable[Judgements]) -> list[Agreement]:
    """Agreement per week and model version, by week, then by version; versions are never pooled."""
    n: Counter[tuple[date, str]] = Counter()
    agreed: Counter[tuple[date, str]] = Counter()
    for row in judgements:
        n[monday(row.day), row.model] += row.n
        agreed[monday(row.day), row.model] += row.agreed
    return [Agreement(*week, n[week], agreed[week], *wilson(agreed[week], n[week])) for week in sorted(n)]
