"""How often readers agree with the model, with an interval that says how little a few reads tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from math import sqrt

from scipy.special import ndtri

from cxr_core.drift.signals import ENOUGH
from cxr_core.drift.weeks import weekly
from cxr_core.errors import BadInput


@dataclass(frozen=True)
class Judgement:
    """One reader's standing answer to one prediction."""

    at: datetime
    model: str
    """The version whose prediction was judged."""
    agrees: bool


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


def weekly_agreement(judgements: Iterable[Judgement]) -> list[Agreement]:
    """Agreement per week and model version, by week, then by version; versions are never pooled."""
    return [
        _count(start, model, [row.agrees for row in rows if row.model == model])
        for start, rows in weekly(judgements).items()
        for model in sorted({row.model for row in rows})
    ]


def _count(start: date, model: str, answers: list[bool]) -> Agreement:
    return Agreement(start, model, len(answers), sum(answers), *wilson(sum(answers), len(answers)))
