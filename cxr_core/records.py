"""The vocabulary of the project: frozen dataclasses and enums that every floor shares."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
MEGABYTE = 2**20


class Label(StrEnum):
    """What an X-ray shows, as the model or a reader puts it."""

    NORMAL = "Normal"
    PNEUMONIA = "Pneumonia"
    UNCERTAIN = "Uncertain"


CLASSES = (Label.NORMAL, Label.PNEUMONIA)
"""Order of the network's outputs, and of folders in a data set."""


class Side(StrEnum):
    """The side of a split that a patient belongs to for ever."""

    TRAIN = "train"
    VALIDATION = "validation"
    CALIBRATION = "calibration"
    LOCKED = "locked"


class Role(StrEnum):
    """What a user may do."""

    RADIOLOGIST = "radiologist"
    """Reads."""
    ADMIN = "admin"
    """Decides: on accounts, retrains, models, rules."""
    AUDITOR = "auditor"
    """Sees everything, and changes nothing."""
    PACS_ADMIN = "PACS administrator"
    """Connects the program with the hospital's network."""

    @property
    def in_one_word(self) -> str:
        """As the command line calls it: in small letters, with hyphens."""
        return self.value.lower().replace(" ", "-")


class Status(StrEnum):
    """What became of a file."""

    PREDICTED = "predicted"
    NOT_ANALYSED = "not_analysed"
    REJECTED = "rejected"
    HELD_BACK = "held back"
    """Not taken in yet: text may be in the picture, and somebody must look at it first."""
    WITHHELD = "withheld"
    """Taken in; what the model says may not be seen by the one who asks, or not yet."""


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        """Whether something may still become of the job: it waits or runs."""
        return self in (JobState.QUEUED, JobState.RUNNING)


class Channel(StrEnum):
    """Ways on which alarms are told elsewhere."""

    WEBHOOK = "webhook"
    MAIL = "e-mail"


class Answer(StrEnum):
    """Kinds of objects that go back to an archive."""

    CAPTURE = "capture"
    """A Secondary Capture: picture, heatmap and probability."""
    REPORT = "report"
    """A structured report: the same for machines, or why there is no opinion."""
    PRESENTATION = "presentation"
    """A presentation state: the heatmap's contour on the original."""
    ASSESSMENT = "assessment"
    """A structured report of what a reader says of the opinion."""


class Release(StrEnum):
    """When an answer may leave."""

    AS_READ = "as read"
    """At once where readers see the opinion at once, after their read where theirs comes first, else never."""
    AT_ONCE = "at once"
    AFTER_READ = "after the first read"
    NEVER = "never"


class Proof(StrEnum):
    """How it is made sure that a destination keeps what it accepted."""

    COMMITMENT = "commitment"
    """DICOM Storage Commitment (PS3.4 J)."""
    QUERY = "query"
    """It is asked whether the object is there."""
    NONE = "none"
    """It is believed."""


class DeliveryState(StrEnum):
    """Where the delivery of an answer stands."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    VERIFIED = "verified"
    DEAD = "dead"


class Mode(StrEnum):
    """When a reader sees the model's opinion."""

    CONCURRENT = "concurrent"
    """At once."""
    SECOND_READER = "second reader"
    """Once the own opinion is recorded; then comes the final one."""
    BLINDED = "blinded"
    """Never."""


class Ordering(StrEnum):
    """By what a worklist goes. The first two tell what the model says, so they are for concurrent lists only."""

    SUSPICION = "suspicion"
    UNCERTAINTY = "uncertainty"
    WAITING = "waiting time"
    RANDOM = "random"


class Seen(StrEnum):
    """What a reader had seen of the model's opinion on an image when they gave theirs."""

    NOTHING = "nothing"
    DIRECTLY = "directly"


@dataclass(frozen=True)
class Worklist:
    """How a list is read."""

    id: int
    name: str
    mode: Mode
    ordering: Ordering
    share: float
    """Of all that comes in, 0 to 1, drawn at random for this list; the first list takes what is left."""
    twice: float
    """Of the list's images, 0 to 1, drawn at random to be read by two; where they differ, a third decides."""
    longest_wait_hours: float
    """After which a case stands first, whatever the list goes by."""


class Lane(StrEnum):
    """Which worker takes a job: reading must never wait for learning."""

    READING = "reading"
    LEARNING = "learning"


class Method(StrEnum):
    """How a heatmap is drawn: Grad-CAM comes with every opinion, the others when somebody asks."""

    GRAD_CAM = "Grad-CAM"
    GRAD_CAM_PLUS_PLUS = "Grad-CAM++"
    LAYER_CAM = "LayerCAM"
    EIGEN_CAM = "EigenCAM"
    SCORE_CAM = "Score-CAM"


class Reason(StrEnum):
    """Why a reader disagrees with the model, as codes that become slices of the reports."""

    OVERLYING_DEVICE = "overlying device"
    ROTATION = "rotation"
    POOR_INSPIRATION = "poor inspiration"
    CHRONIC_CHANGE = "chronic change"
    SKIN_FOLD = "skin fold"
    OTHER_OPACITY = "opacity, not pneumonia"
    RETROCARDIAC = "retrocardiac"
    SMALL = "small finding"
    ATYPICAL = "atypical pattern"
    PORTABLE = "portable technique"
    UNSUITABLE = "image unsuitable"
    AMBIGUOUS = "label ambiguous"


class Shape(StrEnum):
    """What a reader may draw around something on an X-ray."""

    BOX = "box"
    ELLIPSE = "ellipse"


@dataclass(frozen=True)
class Region:
    """What a reader marked as wrong or missed: the box, or the ellipse that fills it, in pixels of the source."""

    shape: Shape
    x: float
    """Of the left edge; 0 is the left edge of the first column."""
    y: float
    """Of the upper edge; 0 is the upper edge of the first row."""
    width: float
    height: float

    def as_dict(self) -> dict[str, Any]:
        """As stored with a read, and as the viewer draws it."""
        return asdict(self)


@dataclass(frozen=True)
class Tone:
    """The display curve of an X-ray: `table[stored - lowest]` is brightness in 0..1, white is 1."""

    table: Floats
    lowest: int

    def __call__(self, stored: NDArray[Any]) -> Floats:
        """Brightness, float32 in 0..1, of stored pixel values; values outside the table are clipped."""
        index = np.clip(stored.astype(np.int32) - self.lowest, 0, len(self.table) - 1)
        return np.take(self.table, index)


@dataclass(frozen=True)
class Radiograph:
    """An X-ray as read: stored pixel values, the curve that shows them, and what is known of it."""

    pixels: NDArray[Any]
    """rows x columns, integers as stored (MONOCHROME1 not inverted: the tone does that)."""
    tone: Tone
    source: str
    """`dicom`, `png` or `jpeg`."""
    modality: str = "OT"
    """`CR`, `DX`, …, or DICOM's `OT` (other) where it isn't known."""
    body_part: str | None = None
    """CHEST, HAND, …: a term of Body Part Examined (PS3.16 Annex L), or None where it isn't known."""
    view: str | None = None
    """PA, AP, LL, …: ViewPosition, or None where it isn't known."""
    orientation: tuple[str, str] | None = None
    """Where rows and columns run to on the patient, such as L and F: PatientOrientation (PS3.3 C.7.6.1.1.1)."""
    age_years: int | None = None
    sex: str | None = None
    manufacturer: str | None = None
    photometric: str | None = None
    bits: int = 8
    pixel_spacing: tuple[float, float] | None = None
    """Millimetres between rows and between columns, at the detector."""
    lossy: bool = False
    synthetic: bool = False
    """Made by the program for a demo; never from a person."""
    kvp: float | None = None
    """The tube's peak voltage in kilovolt."""
    exposure_mas: float | None = None
    """What the tube gave, in milliampere seconds, to whole microampere seconds."""


@dataclass(frozen=True)
class Opinion:
    """What one forward pass says of one image."""

    probability: float
    """Of pneumonia, calibrated, 0..1."""
    logit: float
    """Pneumonia's logit minus Normal's, before calibration."""
    label: Label
    heatmap: Floats
    """7 x 7, evidence for pneumonia, not negative, in units of Pneumonia's own logit, not of the difference."""
    embedding: Floats
    """512 numbers: the globally pooled feature maps."""
    heatmap_doubt: str | None = None
    """Why the heatmap must not be shown."""
    put_right: str | None = None
    """What was put right in the image before the model looked: `inverted`."""


@dataclass(frozen=True)
class SessionLimits:
    """When a session ends by itself."""

    idle_minutes: int
    """Without a click."""
    hours: int
    """After signing in, whatever is done in it."""


@dataclass(frozen=True)
class User:
    """A signed-in person."""

    id: int
    name: str
    role: Role


@dataclass(frozen=True)
class Job:
    """A row of work to be done."""

    id: int
    kind: str
    lane: Lane
    state: JobState
    payload: dict[str, Any]
    progress: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    attempts: int = 0
    created_at: str = ""
    finished_at: str | None = None
