"""Answers to what came over the network: which go where, by the rules, and whether they may leave yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from cxr_core.records import Answer, Label, Mode, Release, Seen, Status
from cxr_core.store import arrivals, deliveries, destinations, images, models, predictions, reads
from cxr_core.store.arrivals import Arrival
from cxr_core.store.deliveries import Delivery
from cxr_core.store.destinations import Rule

OPINIONS = (Answer.CAPTURE, Answer.REPORT, Answer.PRESENTATION)
"""What tells of the model's opinion."""


@dataclass(frozen=True)
class Known:
    """What the rules ask of an arrival."""

    arrival: Arrival
    image: dict[str, Any] | None
    """Its row; None of an object that could not be taken in."""
    said: dict[str, Any] | None
    """The opinion that stands on it, or why there is none."""

    @property
    def label(self) -> Label | None:
        """What the opinion is; None where there is none."""
        return Label(self.said["label"]) if self.said and self.said["label"] else None

    @property
    def model(self) -> str | None:
        """Whose opinion it is."""
        return self.said["model"] if self.said else None


def answer(db: Database, arrival: Arrival) -> int:
    """Queue, within the caller's transaction, each answer to an arrival that may leave now; how many are new."""
    known = known_of(db, arrival)
    return sum(
        deliveries.queue(db, each)
        for rule in destinations.rules(db)
        if fits(rule, known)
        for each in _answers(db, rule, known)
        if may_leave(rule, known, each.answer)
    )


def answer_image(db: Database, image: str) -> int:
    """As `answer`, to each object that an image came as: an opinion is new, or a read was given."""
    return sum(answer(db, arrival) for arrival in arrivals.of_image(db, image))


def wanted_by(db: Database, delivery: Delivery) -> tuple[Known, list[Rule]]:
    """What is known now of what a delivery tells, and the rules that want it: it may have been queued long ago."""
    known = _known_from(db, delivery)
    return known, [
        rule
        for rule in destinations.rules(db)
        if rule.destination == delivery.destination and delivery.answer in rule.answers and fits(rule, known)
    ]


def known_of(db: Database, arrival: Arrival) -> Known:
    """What is known of an arrival now."""
    if arrival.image is None:
        return Known(arrival, None, None)
    said = predictions.standing(db, arrival.image, models.running(db))
    return Known(arrival, images.get(db, arrival.image), said)


def fits(rule: Rule, known: Known) -> bool:
    """Whether a rule is about an arrival."""
    arrival = known.arrival
    wanted = (
        (rule.sender, arrival.sender), (rule.modality, arrival.modality), (rule.device, arrival.device),
        (rule.label, known.label),
    )  # fmt: skip
    return all(asked is None or asked == found for asked, found in wanted) and _is_within(rule, arrival.received_at)


def may_leave(rule: Rule, known: Known, answer: Answer) -> bool:
    """Whether an answer may leave now, by the rule and by how the image is read.

    Where two read an image, the first one's read is not enough: the answer would tell the second of the opinion, or,
    whatever the rule, of what the first one made of it.
    """
    if known.image is None:
        return rule.release is not Release.NEVER
    is_read = known.image["slots_open"] == 0
    match rule.release, Mode(known.image["mode"]):
        case (Release.AT_ONCE, _) | (Release.AS_READ, Mode.CONCURRENT):
            return is_read or answer is not Answer.ASSESSMENT
        case (Release.AFTER_READ, _) | (Release.AS_READ, Mode.SECOND_READER):
            return is_read
    return False


def kinds(rule: Rule, known: Known) -> list[Answer]:
    """Which of the rule's answers tell of this opinion: without one only a report, without a finding no contour."""
    if known.said is None or known.said["status"] != Status.PREDICTED:
        return [Answer.REPORT] if Answer.REPORT in rule.answers else []
    has_contour = known.label is Label.PNEUMONIA and not known.said["heatmap_doubt"]
    return [each for each in OPINIONS if each in rule.answers and (each is not Answer.PRESENTATION or has_contour)]


def _known_from(db: Database, delivery: Delivery) -> Known:
    """What is known of the arrival that a delivery answers, with the opinion that it tells."""
    arrival = arrivals.get(db, delivery.arrival)
    if arrival.image is None:
        return Known(arrival, None, None)
    said = predictions.of_model(db, arrival.image, delivery.model) if delivery.model else None
    return Known(arrival, images.get(db, arrival.image), said)


def _answers(db: Database, rule: Rule, known: Known) -> Iterator[Delivery]:
    number = known.arrival.id
    for kind in kinds(rule, known):
        yield Delivery(number, rule.destination, kind, known.model)
    if Answer.ASSESSMENT in rule.answers and known.image is not None and known.said is not None:
        for read in reads.current_of(db, known.image["id"]):
            if read["final"] and read["seen"] == Seen.DIRECTLY and read["prediction"] == known.said["id"]:
                yield Delivery(number, rule.destination, Answer.ASSESSMENT, known.model, read["id"])


def _is_within(rule: Rule, received_at: str) -> bool:
    if rule.hours is None:
        return True
    first, last = rule.hours
    hour = datetime.fromisoformat(received_at).astimezone().hour
    return first <= hour < last if first < last else hour >= first or hour < last
