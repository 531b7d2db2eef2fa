"""What is said of an X-ray, for the archive: the model's answer or refusal, and a reader's word on it. No identity."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cxr_core.records import Floats, Label, Reason, Region

NOT_FOR_DIAGNOSIS = "AI output - not for diagnosis"


@dataclass(frozen=True)
class Refusal:
    """One reason why the model gives no opinion."""

    kind: str
    """What it is about: `age`, `view`, `quality`, …, as the gate names it."""
    sentence: str


@dataclass(frozen=True)
class Finding:
    """What one model version says of one image, and by which rule. The same finding gives the same bytes, always."""

    image_id: str
    """64 hex digits: the image that it was said of."""
    model: str
    """The name of the model version."""
    weights_sha256: str
    made_at: str
    """When it was said, ISO 8601 with an offset: every date and time of the objects that isn't the study's."""
    program: str
    """The version of this program."""
    key: bytes = field(repr=False)
    """At least 16 secret bytes of the site, that UIDs are made with."""
    threshold: float
    """The probability from which a forced answer is Pneumonia."""
    normal_up_to: float
    pneumonia_from: float
    """Between the two the answer is Uncertain."""
    probability: float | None = None
    """Of pneumonia, calibrated, 0..1; None where the model gives no opinion."""
    label: Label | None = None
    heatmap: Floats | None = None
    """7 x 7, evidence for pneumonia."""
    heatmap_doubt: str | None = None
    """Why the heatmap must not be shown."""
    heatmap_scale: float = 1.0
    """Where the colours end, in the heatmap's unit: the card's, one for all X-rays."""
    put_right: str | None = None
    """What was put right in the image before the model looked: `inverted`."""
    refusals: tuple[Refusal, ...] = ()
    predecessor: str | None = None
    """SHA-256 of the weights whose answer on the same image this one takes the place of."""
    audit_head: str | None = None
    """Where the program's audit chain ended when this was first made: the archive keeps it, so a chain that is cut off
    or written anew is found. None where that isn't told."""

    @property
    def shown_heatmap(self) -> Floats | None:
        """The heatmap, where it may be shown."""
        return None if self.heatmap_doubt or self.label is None else self.heatmap

    @property
    def moment(self) -> datetime:
        """When it was said."""
        return datetime.fromisoformat(self.made_at)


class Verdict(StrEnum):
    """What a reader makes of the model's answer."""

    AGREES = "agrees"
    CHANGES = "changes"
    """In part: where the evidence lies is put differently, say."""
    REJECTS = "rejects"


@dataclass(frozen=True)
class Read:
    """What a reader says of an image and of the model's answer to it."""

    number: int
    """Tells this read from all others of the site."""
    reader: str
    """A pseudonym: what the archive is to call the reader."""
    label: Label
    verdict: Verdict
    made_at: str
    """ISO 8601 with an offset."""
    reason: Reason | None = None
    regions: tuple[Region, ...] = ()
    predecessor: int | None = None
    """The number of the read that this one takes the place of, said of the finding's predecessor where it has one."""

    @property
    def moment(self) -> datetime:
        """When it was said."""
        return datetime.fromisoformat(self.made_at)


def percent(share: float) -> str:
    """0.934 as `93 %`; what isn't quite 0 or 1 is never written as 0 % or 100 %."""
    rounded = f"{share * 100:.0f}"
    if rounded == "0" and share > 0:
        return "<1 %"
    return ">99 %" if rounded == "100" and share < 1 else f"{rounded} %"


def plain(text: str, longest: int) -> str:
    """`text` in printable ASCII, which every character set of DICOM contains, cut off after `longest` characters."""
    folded = unicodedata.normalize("NFKD", text.replace("–", "-").replace("’", "'").replace("×", "x"))
    ascii_only = "".join(c for c in folded if " " <= c <= "~").replace("\\", "/")
    return ascii_only[:longest].strip()
