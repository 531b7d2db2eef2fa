"""study, forward, folder: from bytes to opinions."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from bench.measure import Measurement, in_turns, peak_mb
from bench.reference import Reference
from bench.subjects import big_study
from cxr_core.dicom.reading import read
from cxr_core.model import predict, release
from cxr_core.model.network import feature_maps, normalise
from cxr_core.model.preprocess import to_grey
from cxr_core.work import reading

ROUNDS = 15
FOLDER = 500
DIFFERENT = 20
"""The folder holds this many different files, linked again and again: 4 GB of disk would measure the disk."""


def study() -> Measurement:
    """Bytes in memory to probability, gate verdict and 7 x 7 map in memory."""
    model, reference, data = predict.load_file(release.WEIGHTS), Reference(), big_study(9001, True)
    ours, theirs = in_turns(
        lambda: reading.read_all(model, [read(data).radiograph]), lambda: reference.study(data), ROUNDS
    )
    note = f"one {len(data) / 1e6:.0f} MB DX; limit is one forward pass; {torch.get_num_threads()} threads"
    return Measurement("study", ours * 1000, theirs * 1000, "ms", note)


def forward() -> Measurement:
    """The forward pass with its heatmap, against the bare network in eager mode."""
    model, reference, data = predict.load_file(release.WEIGHTS), Reference(), big_study(9001, True)
    rule = model.card.preprocessing
    grey = to_grey(read(data).radiograph, rule)[None]
    batch = normalise(torch.from_numpy(grey), rule).contiguous()

    def eager() -> float:
        with torch.no_grad():
            return float(reference.network(batch)[0, 1])

    ours, theirs = in_turns(lambda: predict.forward(model.network, grey, rule), eager, ROUNDS)
    maps = feature_maps(model.network, normalise(torch.from_numpy(grey), rule))
    return Measurement("forward", ours * 1000, theirs * 1000, "ms", f"with heatmap of {tuple(maps.shape[2:])} cells")


def folder() -> Measurement:
    """A folder of 500 studies in batches, per study; the reference over 20 of them."""
    model, reference = predict.load_file(release.WEIGHTS), Reference()
    with tempfile.TemporaryDirectory() as folder_name:
        paths = _linked(Path(folder_name))
        start = time.perf_counter()
        answers = [found for _, found in reading.read_files(model, paths)]
        ours = (time.perf_counter() - start) / len(answers)
        own_peak = peak_mb()
        start = time.perf_counter()
        for path in paths[:DIFFERENT]:
            reference.study(path.read_bytes())
        theirs = (time.perf_counter() - start) / DIFFERENT
    return Measurement(
        "folder", ours * 1000, theirs * 1000, "ms/study", f"{len(answers)} studies, peak {own_peak:.0f} MB"
    )


def _linked(folder: Path) -> list[Path]:
    for number in range(DIFFERENT):
        (folder / f"{number:03}.dcm").write_bytes(big_study(9100 + number, bool(number % 2)))
    for number in range(DIFFERENT, FOLDER):
        (folder / f"{number:03}.dcm").symlink_to(folder / f"{number % DIFFERENT:03}.dcm")
    return sorted(folder.glob("*.dcm"))


def spread(values: list[float]) -> str:
    """Smallest and largest, for a note."""
    return f"{np.min(values):.2f} to {np.max(values):.2f}"
