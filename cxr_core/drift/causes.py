"""What usually causes a pattern of changes: a guess for whoever looks into an alarm, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cxr_core.drift.catalogue import HEADERS, NETWORK, NEVER_SEEN, ORIGINS, PICTURES
from cxr_core.drift.compare import MISSING

Changes = Mapping[str, float]
"""By signal, or by signal and word (`view: PA`), how far it moved up (above 0) or down, as a share of images, -1..1.

How they compare says more than how large they are: of images from elsewhere, a tenth moves every signal a tenth as far.
"""
CLEAR = 0.1
"""From here on something moved for certain."""
RARE = 0.02
"""The same of what hardly ever happens."""
NEARLY = 0.8
"""Of the largest change: as good as the largest."""
MOSTLY = 0.6
"""Of the largest change: much of what there is."""
SEVERAL, MANY = 3, 4
"""Signals that moved together: from the first on, another source may do it; from the second on, no one fault does."""
HARDLY = 0.35
"""Of the largest change: what comes along by chance."""


class Next(StrEnum):
    """What to do."""

    LOOK = "Look at the cases."
    CALL = "Look at the cases, then call the modality engineer."
    RETRAIN = "Look at the cases; if they are to stay, let readers judge them and retrain."
    PROGRAM = "Ask whoever runs the program what was changed in it, or before it."


@dataclass(frozen=True)
class Cause:
    """What a change usually is."""

    name: str
    next: Next


INVERTED = Cause("inverted pictures", Next.CALL)
NOT_CHESTS = Cause("other views or body parts", Next.CALL)
HEADER = Cause("a header that isn't filled any more", Next.CALL)
MACHINE = Cause("another machine or protocol", Next.RETRAIN)
PREPROCESSING = Cause("pictures handed to the model in another way", Next.PROGRAM)
CASE_MIX = Cause("another mix of patients", Next.LOOK)
BLURRED = Cause("blurred or smoothed pictures", Next.CALL)
DETECTOR = Cause("a noisy or broken detector", Next.CALL)
EXPOSURE = Cause("another exposure or processing", Next.CALL)
SOURCE = Cause("pictures from another source", Next.RETRAIN)
ERRING = Cause("a model that errs more often", Next.RETRAIN)
UNKNOWN = Cause("a change without a usual cause", Next.LOOK)

CAUSES = {
    cause.name: cause
    for cause in (INVERTED, NOT_CHESTS, HEADER, MACHINE, PREPROCESSING, CASE_MIX, BLURRED, DETECTOR, EXPOSURE, SOURCE,
                  ERRING, UNKNOWN)
}  # fmt: skip
"""By name, as alarms keep them."""
_LOOKS = tuple(signal.name for signal in PICTURES)
_TONE = ("mean", "p01", "p99", "contrast")
_FORM = ("sharpness", "noise", "border", "polarity", "shorter", "elongation")
_SEEN = (*(signal.name for signal in NETWORK), "probability", "confidence")
_WRONG = ("of the ill: Normal", "of the ill: Uncertain", "of the healthy: Pneumonia", "of the healthy: Uncertain",
          "agreed: disagreed")  # fmt: skip
_NO_CHEST = tuple(f"refused for: {word}" for word in ("no frontal chest X-ray", "view", "body part", "turned"))


def likely(changes: Changes) -> Cause:
    """The first cause, from the surest sign to the vaguest, that the changes look like; UNKNOWN for none."""
    return next((cause for cause, holds in _SIGNS if holds(changes)), UNKNOWN)


def _rise(changes: Changes, *names: str) -> float:
    return max((changes.get(name, 0.0) for name in names), default=0.0)


def _most(changes: Changes, names: Iterable[str]) -> float:
    return max((abs(changes.get(name, 0.0)) for name in names), default=0.0)


def _is_inverted(changes: Changes) -> bool:
    return _rise(changes, "put right: inverted", "refused for: inverted") >= RARE


def _lacks_header(changes: Changes) -> bool:
    return _rise(changes, *(f"{signal.name}: {MISSING}" for signal in (*HEADERS, *ORIGINS))) >= CLEAR


def _is_another_machine(changes: Changes) -> bool:
    if _rise(changes, *(f"{signal.name}: {NEVER_SEEN}" for signal in ORIGINS)) >= RARE:
        return True
    words = (name for name in changes if name.split(":")[0] in ("manufacturer", "modality"))
    return _rise(changes, *words) >= CLEAR / 2 or _most(changes, ("kvp", "exposure")) >= CLEAR


def _is_preprocessing(changes: Changes) -> bool:
    """The model sees what nobody else does."""
    seen = _most(changes, _SEEN)
    return seen >= CLEAR and _most(changes, _LOOKS) <= HARDLY * seen


def _is_case_mix(changes: Changes) -> bool:
    """The model is as sure as before, only more often of one answer; pictures moved less than that."""
    told = abs(changes.get("probability", 0.0))
    doubtful = _most(changes, ("answer: Uncertain", "answer: not analysed"))
    return told >= CLEAR and told >= _most(changes, _LOOKS) and doubtful <= HARDLY / 2 * told


def _are_no_chests(changes: Changes) -> bool:
    refused = _rise(changes, *_NO_CHEST)
    return refused >= RARE and refused >= MOSTLY * _most(changes, _LOOKS)


def _is_blurred(changes: Changes) -> bool:
    blur = -changes.get("sharpness", 0.0)
    return blur >= CLEAR and blur >= NEARLY * _most(changes, _LOOKS)


def _is_noisy(changes: Changes) -> bool:
    noise = changes.get("noise", 0.0)
    return noise >= CLEAR and noise >= NEARLY * _most(changes, _LOOKS) and _alike(changes) < MANY


def _is_exposure(changes: Changes) -> bool:
    tone = _most(changes, _TONE)
    return tone >= CLEAR and MOSTLY * tone >= _most(changes, _FORM)


def _is_another_source(changes: Changes) -> bool:
    return _most(changes, _LOOKS) >= CLEAR / 2 and _alike(changes) >= SEVERAL


def _is_erring(changes: Changes) -> bool:
    """Readers find what it doesn't, and what comes in looks as before."""
    return _most(changes, _WRONG) >= CLEAR or abs(changes.get("left over", 0.0)) >= CLEAR


def _alike(changes: Changes) -> int:
    """How many signals of the pictures moved at least half as far as the one that moved most."""
    return sum(abs(changes.get(name, 0.0)) >= _most(changes, _LOOKS) / 2 for name in _LOOKS)


_SIGNS: tuple[tuple[Cause, Callable[[Changes], bool]], ...] = (
    (INVERTED, _is_inverted),
    (HEADER, _lacks_header),
    (MACHINE, _is_another_machine),
    (PREPROCESSING, _is_preprocessing),
    (CASE_MIX, _is_case_mix),
    (NOT_CHESTS, _are_no_chests),
    (BLURRED, _is_blurred),
    (DETECTOR, _is_noisy),
    (EXPOSURE, _is_exposure),
    (SOURCE, _is_another_source),
    (ERRING, _is_erring),
)
"""The order matters: what an early sign explains, later ones show as well."""
