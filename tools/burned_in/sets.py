"""The films that are written on, or not: the same from each seed. Rules were made on seeds and films that differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tools.burned_in.films import Grey, brought_to_size, opened, phantom, real_films
from tools.burned_in.planting import Planted, plant

FILMS = 300
"""With text in them, and as many without."""
_PHANTOMS = range(2000, 2040)


def phantoms(seed: int) -> Grey:
    """The phantom that a seed's text is planted on."""
    return phantom(_PHANTOMS[seed % len(_PHANTOMS)])


def planted(film: Grey, seed: int, written: bool) -> Planted:
    """The seed's film, in its size and gradation, with a marker or not and with text if it's `written` on."""
    rng = np.random.default_rng((seed, int(written)))
    return plant(brought_to_size(film, rng), rng, written)


def on_phantoms(written: bool, seeds: range = range(FILMS)) -> Iterator[Planted]:
    """A planted phantom for each seed."""
    return (planted(phantoms(seed), seed, written) for seed in seeds)


def on_real_films(folder: Path, written: bool, seeds: range = range(FILMS)) -> Iterator[Planted]:
    """A planted film for each seed, of the half of the folder's that no rule was made on."""
    films = real_films(folder, half=1)
    order = np.random.default_rng(len(films)).permutation(len(films))
    return (planted(opened(films[order[(2 * seed + written) % len(films)]]), seed, written) for seed in seeds)
