"""How far fingerprints lie apart: of an X-ray and its changed copies, and of different films.

`python -m tools.fingerprints DATA... > docs/fingerprints.jsonl`, where each DATA holds NORMAL/ and PNEUMONIA/: a line
for each change, then one for films of different patients and one for different films of the same patient. Of
byte-identical files, one counts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.reading import read
from cxr_core.model.dataset import Sample, find_samples
from cxr_core.model.fingerprint import NEAR, distance, distances, fingerprint, words
from cxr_core.records import Floats

Change = Callable[[Floats], Floats]


def grey(image: Floats) -> NDArray[np.uint8]:
    """Brightness in 0..1 as a picture of 8 bits."""
    return np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)


def kept(image: Floats) -> Floats:
    """As it comes back from a picture of 8 bits."""
    return grey(image).astype(np.float32) / 255


def saved(quality: int) -> Change:
    """Saved as JPEG and opened."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return lambda image: _opened(cv2.imencode(".jpg", grey(image), options)[1])


def _opened(file: NDArray[np.uint8]) -> Floats:
    return cv2.imdecode(file, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255


def resized(side: int) -> Change:
    """Squeezed, or enlarged, to side x side."""
    return lambda image: kept(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA))


def power(gamma: float) -> Change:
    """Mid-tones brighter (below 1) or darker."""
    return lambda image: kept(image**gamma)


def windowed(contrast: float, shift: float) -> Change:
    """Another window: what leaves it becomes black or white."""
    return lambda image: kept(0.5 + contrast * (image - 0.5) + shift)


def cropped(share: float) -> Change:
    """`share` of rows and columns cut away at each of the four sides."""

    def crop(image: Floats) -> Floats:
        rows, columns = (round(share * length) for length in image.shape)
        return np.ascontiguousarray(image[rows : len(image) - rows, columns : image.shape[1] - columns])

    return crop


def rotated(degrees: float) -> Change:
    """Turned about the middle; what comes in from outside is black."""

    def rotate(image: Floats) -> Floats:
        rows, columns = image.shape
        matrix = cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), degrees, 1)
        return cv2.warpAffine(image, matrix, (columns, rows))

    return rotate


def noisy(deviation: float) -> Change:
    """With Gaussian noise; the same in each run."""
    return lambda image: kept(image + np.random.default_rng(0).normal(0, deviation, image.shape).astype(np.float32))


def lettered(image: Floats) -> Floats:
    """A white rectangle near the upper left corner, as a side marker or a name plate."""
    rows, columns = image.shape
    marked = image.copy()
    marked[rows // 20 : rows // 8, columns // 20 : columns // 4] = 1
    return marked


CHANGES: dict[str, Change] = {
    **{f"JPEG, quality {quality}": saved(quality) for quality in (90, 60, 30)},
    **{f"resized to {side}": resized(side) for side in (1024, 512, 224, 128)},
    **{f"gamma {gamma}": power(gamma) for gamma in (0.7, 1.4)},
    **{f"contrast x {contrast}": windowed(contrast, 0) for contrast in (0.7, 1.3)},
    **{f"brightness {shift:+}": windowed(1, shift) for shift in (-0.1, 0.1)},
    "histogram equalised": lambda image: kept(cv2.equalizeHist(grey(image)) / np.float32(255)),
    **{f"noise {deviation}": noisy(deviation) for deviation in (0.03, 0.1)},
    "letters": lettered,
    **{f"cropped {share:.0%} at each side": cropped(share) for share in (0.01, 0.02, 0.03, 0.05)},
    **{f"rotated {degrees}°": rotated(degrees) for degrees in (1, 2, 3)},
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "negative": lambda image: 1 - image,
}


LIMITS = (80, 90, 100, 105, 110, 115, 120, 125, 130)
"""Distances up to which the pairs of different films are counted."""


def changed(name: str, originals: list[bytes], copies: list[bytes]) -> dict[str, Any]:
    """How far the copies lie from their originals, and the share that is near."""
    apart = np.array([distance(*pair) for pair in zip(originals, copies, strict=True)])
    median, p95 = np.percentile(apart, (50, 95)).tolist()
    near = round(float((apart <= NEAR).mean()), 4)
    return {"change": name, "films": len(apart), "median": median, "p95": p95, "max": int(apart.max()), "near": near}


def apart(name: str, fingerprints: list[bytes], chosen: NDArray[np.bool_]) -> dict[str, Any]:
    """The chosen pairs (films x films): the nearest, the median, and how many lie within each of LIMITS."""
    found = words(fingerprints)
    sizes = distances(found, found)[np.triu(chosen, 1)]
    within = {str(most): int((sizes <= most).sum()) for most in LIMITS}
    near = int((sizes <= NEAR).sum())
    pairs, least, median = len(sizes), int(sizes.min()), float(np.median(sizes))
    return {"films": name, "pairs": pairs, "least": least, "median": median, "near": near, "within": within}


def main(arguments: list[str]) -> int:
    """Take the fingerprints of all X-rays and of their changed copies, and print how far apart they lie."""
    parser = argparse.ArgumentParser(prog="tools.fingerprints", description=__doc__)
    parser.add_argument("data", type=Path, nargs="+")
    samples = list({sample.sha256: sample for sample in find_samples(parser.parse_args(arguments).data)}.values())
    originals, copies = _taken(samples)
    for name, some in copies.items():
        print(json.dumps(changed(name, originals, some), ensure_ascii=False))
    patients = np.array([sample.patient for sample in samples])
    same = patients[:, None] == patients
    print(json.dumps(apart("of different patients", originals, ~same)))
    print(json.dumps(apart("of the same patient", originals, same)))
    return 0


def _taken(samples: list[Sample]) -> tuple[list[bytes], dict[str, list[bytes]]]:
    """The fingerprints of the X-rays, and those of their copies by change."""
    originals: list[bytes] = []
    copies: dict[str, list[bytes]] = {name: [] for name in CHANGES}
    for sample in samples:
        film = read(sample.path.read_bytes()).radiograph
        shown = film.tone(film.pixels)
        originals.append(fingerprint(shown))
        for name, change in CHANGES.items():
            copies[name].append(fingerprint(change(shown)))
    return originals, copies


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
