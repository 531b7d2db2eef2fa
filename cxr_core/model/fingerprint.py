"""Which X-rays are one film: fingerprints that outlive another export, and the pairs of those that agree.

A byte-identical copy has the same content hash; a copy that was saved again, resized or windowed anew has not. Chest
X-rays of different people look alike, so what all chests share is taken out before the bits are drawn: slow changes of
brightness, which way an X-ray is windowed, the border, and the few longest waves, which draw two dark lungs in a body.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cxr_core.errors import ModelError
from cxr_core.model.preprocess import squeeze
from cxr_core.records import Floats

BITS = 512
"""Of a fingerprint; it has an eighth as many bytes."""
NEAR = 80
"""Largest Hamming distance at which two X-rays are taken for one film.

Measured on the 5,780 different files of two public sets, 5,190 of children (Guangzhou, 224 x 224) and 590 of adults
(NIH, 512 x 512), from which length and limit were chosen as well (tools/fingerprints.py, docs/fingerprints.jsonl). Of
the 16.7 million pairs of different patients the nearest lie 102 apart, and the median is 245; of the 6,860 pairs of
one patient's different films, the nearest 108. Near stay all copies saved as JPEG of quality 30 to 90, resized to 128
to 1024, with a gamma of 0.7 or 1.4, contrast times 0.7 or 1.3, brightness 0.1 up or down, noise of 0.03, a white
label, and turned by 1 or 2 degrees; 99.97 % of those that lost 2 % at each side, 98.5 % with an equalised histogram,
94 % with noise of 0.1. What lost 3 % at each side is found in 24 %, what lost 5 % never.
"""
GRID = 64
"""Rows and columns that an X-ray is squeezed to before its waves are taken."""
_REACH = 4.0
"""Standard deviation, in cells of the grid, of the window in which brightness and contrast are made even."""
_LEAST = 0.25
"""Of the mean contrast: where an X-ray has much less, as beside the body, its noise is not blown up."""
_FLAT = 1 / 255
"""A picture whose brightness varies by less than a grey level of 8 bits has nothing to tell it by."""
_LONGEST = 3.0
"""Waves below this frequency, in half waves across the picture, are nearly the same in all chests."""
_BLOCK = 256
"""Fingerprints compared with all others at once: with 10,000 others, 20 MB for each array."""


def _waves() -> NDArray[np.intp]:
    """Where the longest BITS waves that differ between chests lie in the flattened transform, the longest first."""
    frequency = np.hypot(*np.mgrid[:GRID, :GRID]).ravel()
    ordered = np.argsort(frequency, kind="stable")
    return ordered[frequency[ordered] >= _LONGEST][:BITS]


def _taper() -> Floats:
    """GRID x GRID, 1 in the middle and 0 at the border: what a crop or a rotation moves furthest counts least."""
    across = np.sin(np.pi * (np.arange(GRID) + 0.5) / GRID) ** 2
    return np.outer(across, across).astype(np.float32)


_WAVES, _TAPER = _waves(), _taper()


def fingerprint(shown: Floats) -> bytes:
    """BITS / 8 bytes of an X-ray's brightness (rows x columns of any size, float32 in 0..1, not stretched).

    The bits are the signs of low-frequency coefficients of the discrete cosine transform of a small picture whose local
    contrast was made even: the DCT hash (Zauner, Implementation and Benchmarking of Perceptual
    Image Hash Functions, 2010). A mirror image and a negative have other fingerprints. A picture without contrast has
    all bits 0: it is near other such pictures, and near no chest.
    """
    small = squeeze(shown, GRID)
    if np.ptp(small) < _FLAT:
        return bytes(BITS // 8)
    waves = cv2.dct(_evened(small) * _TAPER)
    return np.packbits(waves.ravel()[_WAVES] > 0).tobytes()


def _evened(small: Floats) -> Floats:
    """Local mean 0 and local deviation about 1, so that window, gamma and exposure hardly matter."""
    detail = small - cv2.GaussianBlur(small, (0, 0), _REACH)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), _REACH))
    return detail / (contrast + _LEAST * contrast.mean())


def distance(one: bytes, other: bytes) -> int:
    """Hamming distance of two fingerprints, 0 to BITS."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def distances(some: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Hamming distances, some x others, of fingerprints as `words` gives them."""
    found = np.zeros((len(some), len(others)), np.uint16)
    for mine, theirs in zip(some.T, others.T, strict=True):
        found += np.bitwise_count(mine[:, None] ^ theirs)
    return found


def words(fingerprints: Sequence[bytes]) -> NDArray[np.uint64]:
    """Fingerprints as rows of 64-bit words. Raises ModelError where one has another length."""
    if any(len(each) != BITS // 8 for each in fingerprints):
        raise ModelError(f"a fingerprint has {BITS // 8} bytes; take those of another length anew")
    return np.frombuffer(b"".join(fingerprints), np.uint64).reshape(-1, BITS // 64)


def near_pairs(fingerprints: Sequence[bytes]) -> list[tuple[int, int]]:
    """All pairs of places (i < j) whose fingerprints lie within NEAR of each other, in order; none is missed.

    All are compared with all: 10,000 take one core less than 2 seconds. Where many are alike, the answer is as long as
    their pairs are many; `groups` isn't.
    """
    known = words(fingerprints)
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(known), _BLOCK):
        near = np.triu(distances(known[start : start + _BLOCK], known[start:]) <= NEAR, 1)
        pairs += [(start + int(i), start + int(j)) for i, j in np.argwhere(near)]
    return pairs


def groups(fingerprints: Sequence[bytes]) -> list[int]:
    """For each, the number of its group, from 0 in the order of first members: near pairs are in one, chains too."""
    place = {each: number for number, each in enumerate(dict.fromkeys(fingerprints))}
    pairs = np.array(near_pairs(list(place)), np.intp).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), tuple(pairs.T)), (len(place), len(place)))
    _, numbers = connected_components(graph, directed=False)
    return [int(numbers[place[each]]) for each in fingerprints]
