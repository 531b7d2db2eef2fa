"""The strip below the picture: answer, probability and threshold, model version, time, colour bar, and the warning."""

from __future__ import annotations

from datetime import UTC
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cxr_core.dicom.answers.finding import NOT_FOR_DIAGNOSIS, Finding, percent, plain
from cxr_core.dicom.answers.heat import SHARES, ramp
from cxr_core.records import Label

NARROWEST = 640
"""Columns that the text needs."""
_GROUND, _BRIGHT, _DIM, _WARNING = (16, 16, 16), (240, 240, 240), (176, 176, 176), (255, 200, 87)
_LABELS = {Label.PNEUMONIA: "Pneumonia", Label.NORMAL: "Normal", Label.UNCERTAIN: "Uncertain"}


def strip(finding: Finding, width: int) -> NDArray[np.uint8]:
    """The strip, RGB, `width` columns wide and about a seventh of that high."""
    unit = max(16, width // 56)
    image = Image.new("RGB", (width, round(unit * 8.3)), _GROUND)
    pen = ImageDraw.Draw(image)
    for line, (text, size, colour) in enumerate(_lines(finding)):
        top = unit * (0.7 + 1.75 * line + (0.35 if line else 0))
        pen.text((unit, top), text, fill=colour, font=_font(round(unit * size)))
    if finding.shown_heatmap is None:
        _note(pen, finding, width, unit)
    else:
        _colour_bar(image, pen, finding, unit)
    return np.asarray(image)


def _lines(finding: Finding) -> list[tuple[str, float, tuple[int, int, int]]]:
    """Text, size and colour of each line on the left."""
    when = finding.moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    answer = "Not analysed" if finding.label is None else _LABELS[finding.label]
    lines = [(f"AI: {answer}", 1.5, _BRIGHT)]
    if finding.probability is not None:
        said = f"Probability {percent(finding.probability)}, threshold {percent(finding.threshold)}"
        lines.append((said, 1.15, _BRIGHT))
    lines.append((f"{plain(finding.model, 32)}, {when}", 0.95, _DIM))
    return [*lines, (NOT_FOR_DIAGNOSIS, 1.05, _WARNING)]


def _colour_bar(image: Image.Image, pen: ImageDraw.ImageDraw, finding: Finding, unit: int) -> None:
    """The tint's scale, in the heatmap's own unit, as on the screen."""
    right, width, high = image.width - unit, round(image.width * 0.33), unit
    left, top = right - width, round(unit * 2.6)
    bar = ramp(np.linspace(0, 1, width)).round().astype(np.uint8)
    image.paste(Image.fromarray(np.repeat(bar[None], high, axis=0)), (left, top))
    small = _font(round(unit * 0.95))
    pen.text((left, top - unit * 1.5), "Evidence for pneumonia", fill=_BRIGHT, font=small)
    pen.text((left, top + high + unit * 0.3), "0", fill=_DIM, font=small)
    most = f"{finding.heatmap_scale:.3g} logits"
    pen.text((right, top + high + unit * 0.3), most, fill=_DIM, font=small, anchor="ra")
    shares = ", ".join(f"{share:.0%}".rstrip("%") for share in SHARES)
    pen.text((left, top + high + unit * 1.75), f"Lines: {shares} % of its peak", fill=_DIM, font=small)


def _note(pen: ImageDraw.ImageDraw, finding: Finding, width: int, unit: int) -> None:
    """Why there is no heatmap."""
    font, left, limit = _font(round(unit * 0.95)), round(width * 0.6), width * 0.4 - unit
    text = plain(f"Heatmap not shown. {finding.heatmap_doubt}" if finding.heatmap_doubt else "No heatmap", 200)
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and pen.textlength(longer, font=font) > limit:
            lines.append(line)
            longer = word
        line = longer
    pen.multiline_text((left, unit), "\n".join([*lines, line]), fill=_DIM, font=font, spacing=unit * 0.35)


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
