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
    place: int
    """Among those who read the image: the first two read it for themselves, a later one decides between them."""
    label: str
    model: str | None
    """What the model said; None where it was Uncertain or gave no opinion."""
    first: str | None
    """What the reader had said before they saw that; None where they saw it at once, or never."""
    saw: bool
    """Whether they had seen the model's opinion."""
    seconds: float

    @property
    def own(self) -> str | None:
        """What the reader said without the model's opinion; None where they only ever said something with it."""
        return self.first or (None if self.saw else self.label)


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
    """Between the two readers of an image, by such opinions; None where too few."""
    towards: Share
    """Of the opinions that differed from the model's before it was shown: those changed to it."""
    away: Share
    """Of those that were the same: those changed after all."""
    corrected: Share
    """Of the changes on images that another reader judged without the model: those to what that reader said.

    One other reader may err, too, but wasn't chosen for agreeing or differing.
    """
    reversed: Share
    """The rest of them: away from what that reader said."""
    seconds: float
    """A case, median."""


def by_month(opinions: Iterable[Opinion]) -> list[Month]:
    """The months in order."""
    found: dict[date, list[Opinion]] = defaultdict(list)
    pairs: dict[date, list[tuple[Opinion, Opinion]]] = defaultdict(list)
    known = list(opinions)
    for opinion in known:
        found[_start(opinion)].append(opinion)
    for pair in _pairs(known):
        pairs[max(map(_start, pair))].append(pair)
    return [_month(start, found[start], pairs[start]) for start in sorted(found)]


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


def _month(start: date, opinions: list[Opinion], pairs: list[tuple[Opinion, Opinion]]) -> Month:
    judged = [each for each in opinions if each.model]
    blind = [(each.own, each.model) for each in judged if each.own and each.model]
    shown = [each for each in judged if each.first]
    differed = [each for each in shown if each.first != each.model]
    same = [each for each in shown if each.first == each.model]
    both_ways = [way for pair in pairs for way in (pair, pair[::-1])]
    changed = [(each, other.own) for each, other in both_ways if each.first not in (None, each.label)]
    return Month(
        start, len(opinions),
        agreed=_share(each.label == each.model for each in judged if each.saw),
        independent=kappa(blind),
        between=kappa((one.own, other.own) for one, other in pairs if one.own and other.own),
        towards=_share(each.label == each.model for each in differed),
        away=_share(each.label != each.model for each in same),
        corrected=_share(each.label == own for each, own in changed if own),
        reversed=_share(each.label != own for each, own in changed if own),
        seconds=median(each.seconds for each in opinions),
    )  # fmt: skip


def _start(opinion: Opinion) -> date:
    return opinion.day.replace(day=1)


def _share(hits: Iterable[bool]) -> Share:
    found = list(hits)
    return Share(sum(found), len(found))


def _pairs(opinions: list[Opinion]) -> list[tuple[Opinion, Opinion]]:
    """The first two readers of each image that two read."""
    found: dict[str, list[Opinion]] = defaultdict(list)
    for each in sorted(opinions, key=lambda opinion: opinion.place):
        found[each.image].append(each)
    return [(said[0], said[1]) for said in found.values() if len(said) > 1]
