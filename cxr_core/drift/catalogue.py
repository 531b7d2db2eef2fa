"""The signals that are watched: what each is, where its values fall, what a change means, what is too small."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cxr_core.drift.grid import Grid, Scale


class About(StrEnum):
    """What a signal tells of."""

    PICTURE = "what the image is"
    HEADER = "what the header says"
    NETWORK = "what the network sees"
    MODEL = "what the model says"
    READERS = "how the readers judge"


@dataclass(frozen=True)
class Signal:
    """One signal: numbers on a grid, or one of a few words."""

    name: str
    about: About
    title: str
    """What it is, in plain words."""
    meaning: str
    """What a change usually means, in one sentence."""
    grid: Grid | None = None
    words: tuple[str, ...] = ()
    """What it may be, where it isn't a number."""
    slack: float = 0.0
    """A difference up to this much, in the signal's own unit, is never a change."""
    floor: float = 0.1
    """The least effect that is a change: a distance (Kolmogorov-Smirnov), or a share of images that became another."""

    @property
    def bins(self) -> int:
        """How many counts it takes, besides that of images which lack it."""
        return self.grid.bins if self.grid else len(self.words)


GREY_LEVEL = 0.005
"""A little more than one of 256 grey levels, 1/255 = 0.004: a difference that no reader can see."""
BRIGHTNESS = Grid(0, 1, 200)
SHARE = Grid(0, 1, 100, Scale.ROOT)
RARE = 0.02
"""The floor of what hardly ever happens: one image in fifty."""
AXES = 8
"""Directions in which the network's view of images is followed."""
OTHER = "Other"
"""The last word of a signal that has more than are told apart."""


def _picture(name: str, title: str, meaning: str, grid: Grid, slack: float = 0.0) -> Signal:
    return Signal(name, About.PICTURE, title, meaning, grid, slack=slack)


def _said(name: str, title: str, meaning: str, words: tuple[str, ...], floor: float = 0.1) -> Signal:
    return Signal(name, About.HEADER, title, meaning, words=words, floor=floor)


PICTURES = (
    _picture(
        "mean", "Average brightness",
        "Another exposure, window or processing on the machine, or another kind of patient.", BRIGHTNESS, GREY_LEVEL,
    ),
    _picture(
        "p01", "Darkest parts",
        "Another window or processing, added or removed black borders, or a lifted black level.", BRIGHTNESS,
        GREY_LEVEL,
    ),
    _picture(
        "p99", "Brightest parts",
        "Another window or processing, burned-in text, or more metal and devices in the picture.", BRIGHTNESS,
        GREY_LEVEL,
    ),
    _picture(
        "contrast", "Contrast",
        "Another window, tube voltage or processing, or more scattered radiation.", Grid(0, 0.5, 100), GREY_LEVEL,
    ),
    _picture(
        "sharpness", "Sharpness",
        "Edge enhancement switched on or off, movement, another resolution, or strong compression.",
        Grid(0.02, 4, 120, Scale.LOG),
    ),
    _picture(
        "noise", "Noise",
        "Another dose, an ageing or broken detector, or a noise filter switched on or off.",
        Grid(1e-5, 0.1, 120, Scale.LOG),
    ),
    _picture(
        "saturated", "Fully black or white share",
        "Over- or underexposure, a window that is too narrow, or added masks and borders.", SHARE,
    ),
    _picture(
        "border", "Empty border share",
        "Another collimation, or pictures that are padded or cropped before they arrive.", SHARE,
    ),
    _picture(
        "polarity", "Sides minus middle",
        "Inverted pictures, where it rises above zero; else other collimation, positioning or view.",
        Grid(-1, 1, 200), GREY_LEVEL,
    ),
    _picture(
        "shorter", "Shorter side in pixels",
        "Another detector, another resolution, or pictures that are reduced on their way.",
        Grid(64, 8192, 84, Scale.LOG),
    ),
    _picture(
        "elongation", "Height over width",
        "Another detector or collimation, or pictures that are cropped or turned.", Grid(0.25, 4, 80, Scale.LOG),
    ),
)  # fmt: skip
"""What the picture itself is like, whatever model looks at it: all but the last two by `appearance.measure`."""

VIEWS = ("PA", "AP", "LL", "RL", "LATERAL", OTHER)
MODALITIES = ("CR", "DX", "SC", OTHER)
SEXES = ("M", "F", "O")
MANUFACTURERS = (
    "Agfa", "Canon", "Carestream", "DRGEM", "Fujifilm", "GE", "Hologic", "Kodak", "Konica Minolta", "Mindray",
    "Philips", "Samsung", "Shimadzu", "Siemens", "Swissray", "Toshiba", "United Imaging", "Varian", "Vieworks", OTHER,
)  # fmt: skip

HEADERS = (
    _said("manufacturer", "Manufacturer", "A machine of another make sends, or one doesn't say its make any more.",
          MANUFACTURERS),
    _said("view", "View", "Other views are taken or sent, or a machine doesn't name the view any more.", VIEWS, 0.05),
    _said("modality", "Modality", "Another kind of machine, or another way on which pictures come.", MODALITIES),
    _said("sex", "Sex", "Another mix of patients, or a header that isn't filled any more.", SEXES),
    Signal("age", About.HEADER, "Age", "Another mix of patients, or a header that isn't filled any more.",
           Grid(0, 95, 19)),
    Signal("kvp", About.HEADER, "Tube voltage in kV", "Another protocol, grid, or machine.", Grid(40, 160, 60)),
    Signal("exposure", About.HEADER, "Exposure in mAs",
           "Another dose, an automatic exposure that has gone astray, or another protocol.",
           Grid(0.05, 500, 80, Scale.LOG)),
)  # fmt: skip
"""What the header says; of each, a share of images that lack it is watched, too."""

KNOWN, NEVER_SEEN = "known", "never seen"
ORIGINS = (
    _said("station", "Station",
          "A machine sends that sent none of the site's reference, or one doesn't say its name any more.",
          (KNOWN, NEVER_SEEN), RARE),
    _said("equipment", "Make and model",
          "A make and model sends that sent none of the site's reference, or one doesn't say its own any more.",
          (KNOWN, NEVER_SEEN), RARE),
)  # fmt: skip
"""Whether the site's reference has X-rays from there, by what the header says; these have no meaning beside another."""

NETWORK = tuple(
    Signal(
        f"axis{number + 1}", About.NETWORK, f"Network's view, axis {number + 1}",
        "Pictures that look different to the model, in whatever way.", Grid(-6, 6, 60),
    )
    for number in range(AXES)
)  # fmt: skip
"""The pooled features along the reference's own principal axes, in its standard deviations."""

ANSWERS = ("Normal", "Pneumonia", "Uncertain", "not analysed")
TURNS = ("as it came", "inverted")
REFUSALS = (
    "none",
    "modality",
    "body part",
    "view",
    "age",
    "quality",
    "turned",
    "inverted",
    "no frontal chest X-ray",
    OTHER,
)
OPINIONS = (
    *NETWORK,
    Signal("probability", About.MODEL, "Probability of pneumonia",
           "More or fewer patients with pneumonia, or pictures that the model doesn't know.", Grid(0, 1, 100),
           slack=0.01),
    Signal("confidence", About.MODEL, "Confidence of the model",
           "Pictures that the model finds harder than those it was checked on, or another mix of patients.",
           Grid(0.5, 1, 50), slack=0.01),
    Signal("answer", About.MODEL, "Answers",
           "More or fewer patients with pneumonia, or pictures that the model can't judge.", words=ANSWERS, floor=0.05),
    Signal("put right", About.MODEL, "Put right before they were judged",
           "Inverted pictures come in: a machine or a router has changed.", words=TURNS, floor=RARE),
    Signal("refused for", About.MODEL, "Not judged because of",
           "Other views, body parts or patients come in, or pictures of poor quality.", words=REFUSALS, floor=RARE),
)  # fmt: skip
"""What one version of the model sees and says; never comparable across versions."""

JUDGED = ("agreed", "disagreed")
FLAGS = (
    "not flagged", "overlying device", "rotation", "poor inspiration", "chronic change", "skin fold",
    "opacity, not pneumonia", "retrocardiac", "small finding", "atypical pattern", "portable technique",
    "image unsuitable", "label ambiguous", OTHER,
)  # fmt: skip
JUDGEMENTS = (
    Signal("agreed", About.READERS, "Readers, having seen the opinion",
           "The model errs more often, or others read, or they rely on it more.", words=JUDGED),
    Signal("flagged for", About.READERS, "Flagged because of",
           "Something that misleads the model comes more often.", words=FLAGS, floor=0.05),
    Signal("of the ill", About.READERS, "Pneumonia found unaided: the model",
           "The model misses more, or fewer, of those who are ill.", words=ANSWERS),
    Signal("of the healthy", About.READERS, "Normal found unaided: the model",
           "The model alarms more, or less, on those who aren't ill.", words=ANSWERS),
    Signal("left over", About.READERS, "Calibration: found unaided, less the probability",
           "The probabilities no longer fit what readers find.", Grid(-1, 1, 200)),
)  # fmt: skip
"""What readers made of one version's opinions; the last three of reads given without having seen them."""

SIGNALS = {signal.name: signal for signal in (*PICTURES, *HEADERS, *ORIGINS, *OPINIONS, *JUDGEMENTS)}
