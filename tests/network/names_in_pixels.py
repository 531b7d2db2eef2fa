"""X-rays on which names are written, and a search for them in any bytes: as pixels, and as any picture shows them."""

from __future__ import annotations

import gzip
import re
from base64 import b64decode
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom import dcmread

from tests.dicom.films import dataset, to_bytes
from tests.dicom.test_rendering import values_in
from tests.model.chests import phantom_chest

SIDE = 800
"""Rows and columns of each X-ray."""
READABLE = 8
"""Pixels that capitals are high at least: smaller ones can hardly be read, and aren't sought."""
SEEN = 0.6
"""Correlation from which a word is in a picture: those that are there reach 0.7; others stay below 0.4, and below 0.56
where a word that is there shares most of their letters."""
_SHADES = 255
_PICTURE = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff")
_WRITTEN_OUT = re.compile(rb"data:image/[a-z]+;base64,([A-Za-z0-9+/=]+)")


class Fate(Enum):
    """What becomes of an X-ray that is written on."""

    BLANKED = "at intake"
    TAKEN = "held back, and blanked where somebody says"
    LET_ON = "held back, and taken in as it is, for it names nobody"
    REFUSED = "held back, and refused"


@dataclass(frozen=True)
class Written:
    """An X-ray with some words on it."""

    number: int
    words: tuple[str, ...]
    fate: Fate
    size: int
    """Pixels that capitals are high."""
    at: tuple[int, int]
    """Row and column of their upper left corner."""
    is_typeset: bool = False
    """In an outline font, else drawn by lines."""
    is_negative: bool = False
    """MONOCHROME1 with 12 bits, else MONOCHROME2 with 8."""
    is_turned: bool = False
    """Written upwards."""

    @cached_property
    def clean(self):
        """The X-ray before anybody wrote on it: uint8, SIDE x SIDE."""
        return phantom_chest(self.number, self.number % 2 == 1, SIDE)

    @cached_property
    def shown(self):
        """The X-ray as displayed: uint8, SIDE x SIDE."""
        written = self.clean.copy()
        row, column = self.at
        for word in self.words:
            strokes = self.strokes(word)
            place = written[row : row + strokes.shape[0], column : column + strokes.shape[1]]
            np.maximum(place, strokes, out=place)
            row, column = (row, column + strokes.shape[1] + self.size) if not self.is_turned else (
                row - strokes.shape[0] - self.size, column)  # fmt: skip
        return written

    def strokes(self, word):
        """A word as it is written on the X-ray: uint8, no larger than it must be."""
        drawn = (_typeset if self.is_typeset else _drawn)(word, self.size)
        left, top, width, height = cv2.boundingRect(drawn)
        tight = drawn[top : top + height, left : left + width]
        return np.ascontiguousarray(np.rot90(tight)) if self.is_turned else tight

    @cached_property
    def pixels(self):
        """As they stand in the file."""
        return (16 * (255 - self.shown.astype(np.uint16))) if self.is_negative else self.shown

    @cached_property
    def data(self):
        """The DICOM file."""
        uid = f"1.2.826.0.1.3680043.77.{self.number}"
        return to_bytes(dataset(
            self.pixels, PatientID=f"P-{self.number}", PatientName=f"Canary^{self.number}", StationName="ROOM 1",
            PhotometricInterpretation="MONOCHROME1" if self.is_negative else "MONOCHROME2",
            StudyInstanceUID=uid, SeriesInstanceUID=f"{uid}.1", SOPInstanceUID=f"{uid}.1.1",
        ))  # fmt: skip

    @cached_property
    def rows(self):
        """The rows of pixels that most of its words is in, as they stand in the file: no other X-ray has them."""
        changed = (self.shown != self.clean).sum(axis=1)
        return {self.pixels[row].tobytes() for row in np.argsort(changed)[-4:]}

    def seen(self, picture):
        """Those of its words that can be seen in a picture (`pictures_in`) that is as wide as the X-ray it shows."""
        scale = picture.shape[1] / SIDE
        if self.size * scale < READABLE:
            return set()
        return {word for word in self.words if likeness(picture, self.strokes(word), scale) > SEEN}

    def is_in(self, data):
        """Its words that are in these bytes, as pixels or in a picture."""
        if any(row in data for row in self.rows):
            return set(self.words)
        return set().union(*(self.seen(picture) for picture in pictures_in(data)))


def _drawn(word, size):
    scale = size / 21  # Hershey's capitals are 21 units high
    board = np.zeros((3 * size, 2 * size * len(word)), np.uint8)
    cv2.putText(board, word, (size, 2 * size), cv2.FONT_HERSHEY_SIMPLEX, scale, _SHADES, max(1, round(size / 12)))
    return board


def _typeset(word, size):
    board = Image.new("L", (2 * size * len(word), 3 * size))
    font = ImageFont.load_default(round(size / 0.7))
    ImageDraw.Draw(board).text((size // 2, size // 2), word, fill=_SHADES, font=font)
    return np.asarray(board)


def likeness(picture, strokes, scale):
    """How much the best place of a picture looks like these strokes, light or dark: 0..1, by normalised correlation.

    A shade of noise lies over it, so that plain places look like nothing.
    """
    noisy = picture + np.random.default_rng(0).standard_normal(picture.shape, np.float32)
    if scale < 1:  # where a stroke falls within a pixel counts: sought in the X-ray's own pixels, and as blurred
        noisy = cv2.resize(noisy, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_CUBIC)
        reach = round(1 / scale)
        strokes = cv2.blur(np.pad(strokes, reach), (reach, reach))
    if strokes.shape[0] > noisy.shape[0] or strokes.shape[1] > noisy.shape[1]:
        return 0.0
    return float(np.abs(cv2.matchTemplate(noisy, strokes.astype(np.float32), cv2.TM_CCOEFF_NORMED)).max())


def pictures_in(data):
    """All pictures that these bytes hold, whatever they are otherwise: float32, brightness in 0..255."""
    if data[128:132] == b"DICM":
        ds = dcmread(BytesIO(data))
        return [_grey(ds.pixel_array)] if "PixelData" in ds else []
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    if data[:4] == b"CXR1":
        values, curve, lowest, _ = values_in(data)
        return [_grey(curve[values - lowest])]
    files = [data[found.start() :] for found in _PICTURE.finditer(data)]
    files += [b64decode(found) for found in _WRITTEN_OUT.findall(data)]
    decoded = (cv2.imdecode(np.frombuffer(each, np.uint8), cv2.IMREAD_GRAYSCALE) for each in files)
    return [_grey(each) for each in decoded if each is not None]


def _grey(values):
    flat = (values.mean(axis=-1) if values.ndim == 3 else values).astype(np.float32)
    flat -= flat.min()
    return flat * (_SHADES / max(1.0, flat.max()))


FILMS = (
    Written(1, ("QUIMBY", "OLWEN"), Fate.BLANKED, 16, (12, 20)),
    Written(2, ("JERRICK", "HAZEL"), Fate.BLANKED, 36, (735, 400), is_typeset=True),
    Written(3, ("VOSSLER", "1961-03-09"), Fate.BLANKED, 18, (20, 480), is_negative=True),
    Written(4, ("BRADSHAW", "77120945"), Fate.TAKEN, 20, (400, 20), is_turned=True),
    Written(5, ("DOXTATER", "JUNE"), Fate.TAKEN, 34, (380, 200)),
    Written(6, ("SUPINE", "MOBILE"), Fate.LET_ON, 40, (380, 200)),
    Written(7, ("WEXFORD", "PIERS"), Fate.REFUSED, 34, (430, 200), is_typeset=True),
    Written(8, ("FENWICK", "MAUD"), Fate.TAKEN, 20, (300, 260), is_negative=True),
)
"""In many sizes and places, by two hands, light on dark and dark on light in what is stored."""
