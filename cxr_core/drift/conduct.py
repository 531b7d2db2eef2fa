"""What readers do with the model's opinion, by month and as a group: nobody is ranked, and few reads say nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import sqrt
from statistics import median

from scipy.special import ndtri

from cxr_core.drift.agreement import wilson

FEWEST = 10
"""Below this many, a share or a kappa isn't told."""


@dataclass(frozen=True)
class Opinion:
    """One reader's last word on one image."""

    day: date
    """In UTC."""
    image: str
    label: str
    model: str | None
    """What the model said; None where it was Uncertain or gave no opinion."""
    first: str | None
    """What the reader had said before they saw that; None where they saw it at once, or never."""
    saw: bool
    """Whether they had seen the model's opinion."""
    seconds: float


@dataclass(frozen=True)
class Share:
    """How many of how many, with a 95 % interval (Wilson 1927)."""

    count: int
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """Low and high, 0..1."""
        return wilson(self.count, self.n)


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance of two who judged the same images (Cohen 1960), -1..1."""

    value: float
    low: float
    high: float
    """95 % interval by the large-sample variance of Fleiss, Cohen and Everitt (1969)."""
    n: int


@dataclass(frozen=True)
class Month:
    """What the readers did in a month."""

    start: date
    reads: int
    agreed: Share
    """With the model's opinion, having seen it."""
    independent: Kappa | None
    """Between readers and model, by opinions given before or without seeing the model's; None where too few."""
    between: Kappa | None
    """Between two readers of the same image; None where too few."""
    towards: Share
    """Of the opinions that differed from the model's before it was shown: those changed to it."""
    away: Share
    """Of those that were the same: those changed after all."""
    corrected: Share
    """Of the changes on images whose label others agree on: those to that label. The rest are harmful reversals."""
    seconds: float
    """A case, median."""


def by_month(opinions: Iterable[Opinion]) -> list[Month]:
    """The months in order."""
    found: dict[date, list[Opinion]] = defaultdict(list)
    for opinion in opinions:
        found[opinion.day.replace(day=1)].append(opinion)
    labels = _others_labels(each for month in found.values() for each in month)
    return [_month(start, found[start], labels) for start in sorted(found)]


def kappa(pairs: Iterable[tuple[str, str]]) -> Kappa | None:
    """Cohen's kappa of pairs of labels, with its interval; None for fewer than FEWEST, or where all are one label."""
    counts = Counter(pairs)
    n = counts.total()
    share = {pair: count / n for pair, count in counts.items()}
    labels = sorted({label for pair in counts for label in pair})
    rows = {label: sum(value for pair, value in share.items() if pair[0] == label) for label in labels}
    columns = {label: sum(value for pair, value in share.items() if pair[1] == label) for label in labels}
    expected = sum(rows[label] * columns[label] for label in labels)
    if n < FEWEST or expected == 1:
        return None
    observed = sum(value for pair, value in share.items() if pair[0] == pair[1])
    value = (observed - expected) / (1 - expected)
    same = sum(p * (1 - (rows[a] + columns[a]) * (1 - value)) ** 2 for (a, b), p in share.items() if a == b)
    other = sum(p * (columns[a] + rows[b]) ** 2 for (a, b), p in share.items() if a != b)
    spread = same + (1 - value) ** 2 * other - (value - expected * (1 - value)) ** 2
    half = float(ndtri(0.975)) * sqrt(max(spread, 0.0) / n) / (1 - expected)
    return Kappa(value, max(-1.0, value - half), min(1.0, value + half), n)


def _month(start: date, opinions: list[Opinion], labels: dict[str, list[str]]) -> Month:
    judged = [each for each in opinions if each.model]
    blind = [(each.first or each.label, each.model) for each in judged if each.model and (each.first or not each.saw)]
    shown = [each for each in judged if each.first]
    differed = [each for each in shown if each.first != each.model]
    same = [each for each in shown if each.first == each.model]
    known = [(each, truth) for each in shown if each.first != each.label and (truth := _truth(each, labels))]
    return Month(
        start, len(opinions),
        agreed=_share(each.label == each.model for each in judged if each.saw),
        independent=kappa(blind), between=kappa(_pairs(opinions)),
        towards=_share(each.label == each.model for each in differed),
        away=_share(each.label != each.model for each in same),
        corrected=_share(each.label == truth for each, truth in known),
        seconds=median(each.seconds for each in opinions),
    )  # fmt: skip


def _share(hits: Iterable[bool]) -> Share:
    found = list(hits)
    return Share(sum(found), len(found))


def _pairs(opinions: list[Opinion]) -> list[tuple[str, str]]:
    """What the first two readers of an image said, by themselves where they did."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in opinions:
        found[each.image].append(each.first or each.label)
    return [(said[0], said[1]) for said in found.values() if len(said) > 1]


def _others_labels(opinions: Iterable[Opinion]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for each in opinions:
        found[each.image].append(each.label)
    return found


def _truth(opinion: Opinion, labels: dict[str, list[str]]) -> str | None:
    """The label on which two or more others agree, and none of them differs."""
    others = Counter(labels[opinion.image]) - Counter([opinion.label])
    return next(iter(others)) if len(others) == 1 and others.total() > 1 else None
