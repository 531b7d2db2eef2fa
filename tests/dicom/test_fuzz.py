"""Damaged files: whatever the damage, an X-ray or a plain refusal comes out, and nothing else."""

import gdcm
import numpy as np
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from cxr_core.dicom.archive import members
from cxr_core.dicom.reading import read
from cxr_core.errors import RejectedFile
from cxr_core.records import Radiograph
from tests.dicom.films import compressed, dataset, dicom, encapsulated, film, gdcm_compressed, picture, zipped

REASONS = {
    "empty", "not_an_image", "truncated", "not_an_xray", "many_frames", "too_small", "too_large",
    "blank", "burned_in", "colour", "undecodable", "own_answer",
}  # fmt: skip
MAKERS = {
    "explicit": lambda folder: dicom(WindowCenter="2000", WindowWidth="900"),
    "implicit": lambda folder: dicom(syntax=ImplicitVRLittleEndian),
    "big endian": lambda folder: dicom(film(bits=8), syntax=ExplicitVRBigEndian),
    "deflated": lambda folder: dicom(syntax=DeflatedExplicitVRLittleEndian),
    "rle": lambda folder: compressed(dataset(film()), RLELossless),
    "jpeg 2000": lambda folder: compressed(dataset(film()), JPEG2000Lossless),
    "jpeg-ls": lambda folder: compressed(dataset(film()), JPEGLSLossless),
    "lossless": lambda folder: gdcm_compressed(dataset(film()), gdcm.TransferSyntax.JPEGLosslessProcess14_1, folder),
    "baseline": lambda folder: encapsulated(film(bits=8), picture(film(bits=8), "JPEG"), JPEGBaseline8Bit),
    "png": lambda folder: picture(film(bits=16)),
    "jpeg": lambda folder: picture(film(bits=8), "JPEG"),
}


def damaged(data, chance):
    """`data` with a few bytes changed, lost or added; now and then cut off."""
    broken = bytearray(data)
    for _ in range(int(chance.integers(1, 6))):
        at = int(len(broken) * chance.random() ** 2)
        kind = chance.integers(4)
        if kind == 0:
            broken[at : at + 1] = chance.bytes(1)
        elif kind == 1:
            del broken[at : at + int(chance.integers(1, 40))]
        elif kind == 2:
            broken[at:at] = chance.bytes(int(chance.integers(1, 20)))
        else:
            broken[at : at + 4] = b"\xff" * 4
    return bytes(broken[: int(chance.integers(len(broken)))] if chance.random() < 0.1 else broken)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_damaged_file_is_read_or_refused(kind, tmp_path):
    whole = MAKERS[kind](tmp_path)
    chance = np.random.default_rng(20_260)
    for _ in range(250):
        try:
            assert isinstance(read(damaged(whole, chance)).radiograph, Radiograph)
        except RejectedFile as refused:
            assert refused.reason in REASONS


@pytest.mark.parametrize("kind", MAKERS)
def test_a_file_cut_anywhere_is_refused(kind, tmp_path):
    whole = MAKERS[kind](tmp_path)
    for length in range(0, len(whole) - 2, max(1, len(whole) // 60)):
        with pytest.raises(RejectedFile) as refused:
            read(whole[:length])
        assert refused.value.reason in REASONS


def test_a_damaged_archive_gives_members_or_a_refusal():
    whole = zipped({"a.dcm": dicom(), "b.png": picture(film(bits=8))})
    chance = np.random.default_rng(7)
    for _ in range(300):
        try:
            found = list(members(damaged(whole, chance)))
        except RejectedFile as refused:
            assert refused.reason in ("damaged", "too_many_files")
        else:
            assert all(member.data or member.rejected or member.name for member in found)
