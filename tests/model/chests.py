"""Made-up chest pictures, quick to draw: two dark lungs in a bright body, and a bright patch for pneumonia."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from cxr_core.dicom.phantoms.chance import Chance
from cxr_core.dicom.phantoms.machines import MACHINES
from cxr_core.dicom.phantoms.phantom import exposed
from cxr_core.dicom.phantoms.thorax import anatomy_of
from cxr_core.model.dataset import split_file, write_split
from cxr_core.model.examples import Examples
from cxr_core.model.predict import judge
from cxr_core.model.preprocess import to_grey
from cxr_core.records import CLASSES, Radiograph, Tone

PLAIN = Tone(np.linspace(0, 1, 256, dtype=np.float32), 0)


def chest(number, opacity, size=224):
    """uint8, size x size; the same number, the same picture."""
    chance = np.random.default_rng(number)
    y, x = np.mgrid[0:size, 0:size] / size
    lungs = sum(np.exp(-((((x - side) / 0.14) ** 2 + ((y - 0.48) / 0.26) ** 2) ** 2)) for side in (0.3, 0.7))
    picture = 0.75 - 0.55 * lungs + 0.05 * chance.normal() * (y - 0.5)
    if opacity:
        across, down = chance.choice((0.3, 0.7)), chance.uniform(0.4, 0.6)
        picture += 0.6 * np.exp(-((x - across) ** 2 + (y - down) ** 2) / 0.02)
    noisy = picture + chance.normal(0, 0.04, (size, size))
    return np.round(np.clip(noisy, 0, 1) * 255).astype(np.uint8)


@cache
def phantom_chest(number, opacity, size=128):
    """uint8, size x size: the chest of a synthetic child, like enough to a real one that the model judges it.

    Nothing is written on it.
    """
    machine, rows = MACHINES[number % len(MACHINES)], max(size, 128)
    small = replace(machine, rows=rows, columns=rows * machine.columns // machine.rows)
    shown = exposed(number, opacity, anatomy_of(number), small, Chance(number, "exposure")) >> 8
    return cv2.resize(shown.astype(np.uint8), (size, size), interpolation=cv2.INTER_AREA)


def png(pixels):
    """The pixels as a PNG file."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def plain(pixels, **known):
    """An X-ray whose stored values 0..255 are shown as they are."""
    return Radiograph(pixels, PLAIN, "png", **known)


def opinions(model, films):
    """The model's opinion on each X-ray, in one batch, whatever its gate says."""
    return judge(model, np.stack([to_grey(film, model.card.preprocessing) for film in films]))


def halves(count, size=32, first=0):
    """`count` pictures that are brighter above (Normal) or below (Pneumonia), in turn; each a patient of its own."""
    chance = np.random.default_rng(first)
    labels = np.arange(count) % 2
    ramp = np.linspace(-70, 70, size)[:, None]
    sign = np.where(labels == 1, 1, -1)[:, None, None]
    grey = np.clip(128 + sign * ramp + chance.normal(0, 20, (count, size, size)), 0, 255).astype(np.uint8)
    return Examples(grey, labels.astype(np.int64), [f"{first}-{number}" for number in range(count)])


def write_chest(folder, number, opacity, size=224, draw=chest):
    """A chest as FOLDER/NORMAL|PNEUMONIA/person{number}_x.png; returns its path."""
    path = folder / CLASSES[int(opacity)].upper() / f"person{number}_x.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(draw(number, opacity, size)))
    return path


def public_set(folder, each):
    """A stand-in for the public set with its own split: `each` says how many of each class lie on a side."""
    split, number = {}, 9000
    for side, count in each.items():
        for _ in range(count):
            for opacity in (False, True):
                number += 1
                path = write_chest(folder, number, opacity)
                split[hashlib.sha256(path.read_bytes()).hexdigest()] = side
    write_split(split, split_file(folder))
    return folder
