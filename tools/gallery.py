"""The failure gallery of docs/model.md: where the program's release errs on pictures that belong to nobody.

`make gallery` looks through phantoms and painted strangers for mistakes, draws the worst of each kind to
docs/figures/failures.png, and writes how many there were to docs/failures.json.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.dicom.reading import read
from cxr_core.model import predict, release
from cxr_core.model.gate import walk
from cxr_core.model.gate.strangers import KINDS, paint
from cxr_core.model.gate.walk import Answer
from cxr_core.model.predict import Model
from cxr_core.model.preprocess import brightness
from cxr_core.records import Floats, Label, Opinion
from cxr_core.work.models.reading import prepared
from tools.ablation.shifts import SHIFTS, Shift

DOCS = Path(__file__).parents[1] / "docs"
PICTURE, COUNTS = DOCS / "figures" / "failures.png", DOCS / "failures.json"
PHANTOMS = range(8000, 8120)
"""Numbers of the synthetic studies, each with and without an opacity; no other part of the program uses them."""
CHANGED_EVERY = 4
"""Of the phantoms, every fourth is changed and shown again."""
STRANGERS = range(90_000, 90_030)
"""Numbers of the painted strangers of each kind; the gate was fitted on others."""
ROWS, BATCH = 256, 32


@dataclass(frozen=True)
class Seen:
    """A picture (brightness, 0..1, size x size), what it shows, and what was answered."""

    image: Floats
    shows: str
    answer: Answer

    @property
    def label(self) -> str | None:
        """The answer's label, or None where there is none."""
        return self.answer.label.value if isinstance(self.answer, Opinion) else None

    @property
    def said(self) -> str:
        """The answer in a few words."""
        if isinstance(self.answer, Opinion):
            return f"{self.label} ({self.answer.probability:.2f})"
        return f"kept back: {self.answer[0].code.replace('_', ' ')}"

    @property
    def sureness(self) -> float:
        """How far from the middle its probability lies."""
        return abs(self.answer.probability - 0.5) if isinstance(self.answer, Opinion) else 0.0


@dataclass(frozen=True)
class Mistakes:
    """One kind of mistake, among how many pictures it was sought, and the pictures."""

    what: str
    among: int
    seen: list[Seen]


def mistakes(model: Model, phantoms: range = PHANTOMS, strangers: range = STRANGERS) -> Iterator[Mistakes]:
    """Every kind of mistake that can be sought on pictures that the program makes."""
    ill, well = (list(_answered(model, _phantoms(phantoms, opacity))) for opacity in (True, False))
    yield Mistakes("opacity, called Normal", len(ill), [each for each in ill if each.label == Label.NORMAL])
    yield Mistakes("clear lungs, called Pneumonia", len(well), [each for each in well if each.label == Label.PNEUMONIA])
    chests = [*ill, *well]
    yield Mistakes("a chest, kept back", len(chests), [each for each in chests if each.label is None])
    others = list(_answered(model, _strangers(strangers, model.card.preprocessing.size)))
    yield Mistakes("no chest, and judged", len(others), [each for each in others if each.label])
    before = [each for each in chests[::CHANGED_EVERY] if each.label == each.shows]
    for name, changes in SHIFTS.items():
        after = list(_answered(model, _changed(before, changes)))
        wrong = [each for each in after if each.label not in (each.shows, Label.UNCERTAIN, None)]
        yield Mistakes(f"right, but wrong with other {name}", len(after), wrong)


def _phantoms(numbers: range, opacity: bool) -> Iterator[tuple[bytes, str]]:
    for number in numbers:
        yield Phantom(number, opacity, rows=ROWS).data, (Label.PNEUMONIA if opacity else Label.NORMAL).value


def _strangers(numbers: range, size: int) -> Iterator[tuple[bytes, str]]:
    for kind in KINDS:
        for number in numbers:
            yield _png(paint(kind, number, size).astype(np.float32)), kind


def _changed(seen: Iterable[Seen], changes: Iterable[Shift]) -> Iterator[tuple[bytes, str]]:
    chance = np.random.default_rng(0)
    for each in seen:
        for change in changes:
            yield _png(change(each.image, chance)), each.shows


def _answered(model: Model, files: Iterable[tuple[bytes, str]]) -> Iterator[Seen]:
    """Each file as the program reads and answers it."""
    named = list(files)
    for start in range(0, len(named), BATCH):
        some = [(read(data).radiograph, shows) for data, shows in named[start : start + BATCH]]
        answers = walk.judge(model, [prepared(radiograph, model.card) for radiograph, _ in some])
        for (radiograph, shows), answer in zip(some, answers, strict=True):
            yield Seen(brightness(radiograph, model.card.preprocessing.size), shows, answer)


def _png(image: Floats) -> bytes:
    buffer = BytesIO()
    Image.fromarray(_grey(image)).save(buffer, "PNG")
    return buffer.getvalue()


def _grey(image: Floats) -> np.ndarray:
    return np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)


TILE, LINE, ACROSS, MARGIN = 150, 16, 6, 8
INK, PAPER = "#24292f", "white"


def sheet(found: list[Mistakes]) -> Image.Image:
    """A strip of pictures for each kind of mistake that was found, the surest first, with what was said."""
    shown = [kind for kind in found if kind.seen]
    height = 2 * LINE + TILE + 2 * MARGIN
    drawn = Image.new("RGB", (ACROSS * (TILE + MARGIN) + MARGIN, max(1, len(shown)) * (height + LINE)), PAPER)
    pen, font = ImageDraw.Draw(drawn), ImageFont.load_default(12)
    for row, kind in enumerate(shown):
        top = row * (height + LINE)
        title = f"{kind.what}: {len(kind.seen)} of {kind.among}"
        pen.text((MARGIN, top + MARGIN // 2), title, INK, ImageFont.load_default(13))
        for column, seen in enumerate(sorted(kind.seen, key=lambda each: -each.sureness)[:ACROSS]):
            left = MARGIN + column * (TILE + MARGIN)
            drawn.paste(Image.fromarray(_grey(seen.image)).resize((TILE, TILE)), (left, top + LINE + MARGIN))
            pen.text((left, top + LINE + MARGIN + TILE + 2), seen.said, INK, font)
    return drawn


def main() -> int:
    """Seek, draw and count."""
    model = predict.load_file(release.WEIGHTS)
    found = list(mistakes(model))
    sheet(found).quantize(64).save(PICTURE, optimize=True)
    counts = [{"what": kind.what, "found": len(kind.seen), "among": kind.among} for kind in found]
    written = {"weights_sha256": model.card.weights_sha256, "mistakes": counts}
    COUNTS.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
