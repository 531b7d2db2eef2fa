"""study, study-torch, forward, folder: from bytes to opinions."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from bench.measure import Measurement, after, in_turns, peak_mb
from bench.reference import Reference
from bench.subjects import big_study
from cxr_core.dicom.reading import read
from cxr_core.model import predict, release
from cxr_core.model.predict import Model
from cxr_core.model.preprocess import squeeze, to_grey
from cxr_core.records import Radiograph
from cxr_core.settings import Settings
from cxr_core.work.models import reading
from cxr_core.work.models.quickening import as_set, quickest

ROUNDS = 15
FOLDER = 500
DIFFERENT = 20
"""The folder holds this many different files, linked again and again: 4 GB of disk would measure the disk."""


def study() -> Measurement:
    """Bytes in memory to probability, gate verdict and 7 x 7 map in memory, by the runtime that serves here."""
    return _study("study", quickest(predict.load_file(release.WEIGHTS)))


def study_torch() -> Measurement:
    """The same with torch alone."""
    return _study("study-torch", as_set(Settings(runtime="torch"), predict.load_file(release.WEIGHTS)))


def _study(name: str, model: Model) -> Measurement:
    reference, data = Reference(), big_study(9001, True)
    ours, theirs = in_turns(
        lambda: reading.read_all(model, [read(data).radiograph]), lambda: reference.study(data), ROUNDS
    )
    return Measurement(name, ours * 1000, theirs * 1000, "ms", f"{_served(model)}; one {len(data) / 1e6:.0f} MB DX")


def forward() -> Measurement:
    """All that follows decoding and squeezing: tone, gate, heatmap and forward pass, against that pass alone."""
    model = quickest(predict.load_file(release.WEIGHTS))
    data, rule = big_study(9001, True), model.card.preprocessing

    def decoded() -> Radiograph:
        radiograph = read(data).radiograph
        return replace(radiograph, pixels=squeeze(radiograph.pixels, rule.size))

    squeezed = decoded()
    grey = torch.from_numpy(to_grey(squeezed, rule)[None])

    def bare() -> None:
        with torch.inference_mode():
            model.served_by.run(grey)

    ours, theirs = after(decoded, lambda: reading.read_all(model, [squeezed]), bare, ROUNDS)
    return Measurement("forward", ours * 1000, theirs * 1000, "ms", f"{_served(model)}; the bare pass as reference")


def folder() -> Measurement:
    """A folder of 500 studies in batches, per study; the reference over 20 of them."""
    reference = Reference()
    model = quickest(predict.load_file(release.WEIGHTS))
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
    note = f"{_served(model)}; {len(answers)} studies"
    return Measurement("folder", ours * 1000, theirs * 1000, "ms/study", f"{note}, peak {own_peak:.0f} MB")


def _served(model: Model) -> str:
    return f"{model.served_by.name}, {torch.get_num_threads()} threads"


def _linked(folder: Path) -> list[Path]:
    for number in range(DIFFERENT):
        (folder / f"{number:03}.dcm").write_bytes(big_study(9100 + number, bool(number % 2)))
    for number in range(DIFFERENT, FOLDER):
        (folder / f"{number:03}.dcm").symlink_to(folder / f"{number % DIFFERENT:03}.dcm")
    return sorted(folder.glob("*.dcm"))


def spread(values: list[float]) -> str:
    """Smallest and largest, for a note."""
    return f"{np.min(values):.2f} to {np.max(values):.2f}"
