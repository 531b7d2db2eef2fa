"""The way of a hospital's X-ray to its answer as a drawing: who has it, and where it says whose it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tools.svg import BLUE, INK, RED, drawing, text

WIDE, HIGH, ACROSS, DOWN, MARGIN = 158, 72, 188, 112, 16
_LINE = 15


class Says(StrEnum):
    """What a place knows of the patient: how its box is drawn."""

    WHOSE = f'fill="white" stroke="{RED}"'
    SEALED = f'fill="#fdf1e4" stroke="{RED}" stroke-dasharray="5 3"'
    NOBODYS = f'fill="#eaf3f7" stroke="{BLUE}"'


@dataclass(frozen=True)
class Place:
    """A box, by its column and row."""

    name: str
    words: tuple[str, ...]
    column: int
    row: int
    says: Says

    @property
    def left(self) -> int:
        """Pixels."""
        return MARGIN + ACROSS * self.column

    @property
    def top(self) -> int:
        """Pixels."""
        return MARGIN + DOWN * self.row

    @property
    def middle(self) -> tuple[float, float]:
        """x and y."""
        return self.left + WIDE / 2, self.top + HIGH / 2


MACHINE = Place("X-ray machine, router", ("or an archive that is asked",), 0, 0, Says.WHOSE)
RECEIVING = Place("Receiving", ("who may, and what it is;", "no pixel is decoded"), 0, 1, Says.WHOSE)
SPOOL = Place("Spool", ("sealed, synced, queued;", "then its sender hears success"), 1, 1, Says.SEALED)
INTAKE = Place("Intake, by the worker", ("opens it, reads it, blanks", "text, keys what identifies"), 2, 1, Says.WHOSE)
IMAGE = Place("Image", ("stored file and picture,", "made from scratch"), 3, 1, Says.NOBODYS)
OPINION = Place("Opinion", ("probability and heatmap,", "or why there is none"), 4, 1, Says.NOBODYS)
QUARANTINE = Place("Quarantine", ("stays in the spool until", "an admin has looked"), 1, 2, Says.SEALED)
ENVELOPE = Place("Envelope", ("what an answer needs", "to go home"), 2, 2, Says.SEALED)
RULES = Place("Rules", ("which answers go where, and", "whether they may leave yet"), 3, 2, Says.NOBODYS)
READ = Place("Read", ("what a reader says,", "with or without the opinion"), 4, 2, Says.NOBODYS)
ARCHIVE = Place("Archive", ("the patient's own study",), 0, 3, Says.WHOSE)
DELIVERING = Place("Delivering", ("makes it, addresses it,", "checks it; keeps nothing"), 2, 3, Says.WHOSE)
LEDGER = Place("Ledger", ("a row for each answer", "and destination"), 3, 3, Says.NOBODYS)
PLACES = (
    MACHINE, RECEIVING, SPOOL, INTAKE, IMAGE, OPINION, QUARANTINE, ENVELOPE, RULES, READ, ARCHIVE, DELIVERING, LEDGER,
)  # fmt: skip
WAYS = (
    (MACHINE, RECEIVING, "C-STORE, STOW-RS"), (RECEIVING, SPOOL, ""), (SPOOL, INTAKE, ""), (INTAKE, IMAGE, ""),
    (IMAGE, OPINION, ""), (SPOOL, QUARANTINE, "held back"), (INTAKE, ENVELOPE, ""), (OPINION, READ, ""),
    (READ, RULES, ""), (IMAGE, RULES, ""), (RULES, LEDGER, ""), (ENVELOPE, DELIVERING, ""), (LEDGER, DELIVERING, ""),
    (DELIVERING, ARCHIVE, "sent; then proven by commitment or query"),
)  # fmt: skip
LEGEND = (
    (Says.WHOSE, "tells whose it is: the hospital's own, or in memory alone"),
    (Says.SEALED, "tells it, and rests sealed"), (Says.NOBODYS, "tells nobody"),
)  # fmt: skip


def flow() -> str:
    """From the machine to the archive."""
    width, height = 2 * MARGIN + 4 * ACROSS + WIDE, 2 * MARGIN + 3 * DOWN + HIGH + 34
    ways = [part for start, end, words in WAYS for part in _way(start, end, words)]
    boxes = [part for place in PLACES for part in _box(place)]
    return drawing(width, height, [_ARROW, *ways, *boxes, *_legend(height - 26)])


def _box(place: Place) -> Iterator[str]:
    yield f'<rect x="{place.left}" y="{place.top}" width="{WIDE}" height="{HIGH}" rx="4" {place.says}/>'
    x = place.middle[0]
    yield f'<g font-weight="bold">{text(x, place.top + 22, place.name, "middle")}</g>'
    for number, words in enumerate(place.words):
        yield f'<g font-size="11">{text(x, place.top + 42 + _LINE * number, words, "middle")}</g>'


def _way(start: Place, end: Place, words: str) -> Iterator[str]:
    """An arrow between two places of one column or row."""
    (x1, y1), (x2, y2) = start.middle, end.middle
    right, down = (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)
    x1, y1 = x1 + right * WIDE / 2, y1 + down * HIGH / 2
    x2, y2 = x2 - right * WIDE / 2, y2 - down * HIGH / 2
    yield f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{INK}" marker-end="url(#arrow)"/>'
    if words and right:
        yield f'<g font-size="11">{text((x1 + x2) / 2, y1 - 8, words, "middle")}</g>'
    elif words:
        yield f'<g font-size="11">{text(x1 + 8, (y1 + y2) / 2 + 4, words, "start")}</g>'


def _legend(top: float) -> Iterator[str]:
    x = float(MARGIN)
    for says, words in LEGEND:
        yield f'<rect x="{x}" y="{top}" width="22" height="14" rx="3" {says}/>'
        yield text(x + 30, top + 11, words, "start")
        x += 60 + 6.2 * len(words)


_ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    f'<path d="M0 0L8 4L0 8z" fill="{INK}"/></marker></defs>'
)
