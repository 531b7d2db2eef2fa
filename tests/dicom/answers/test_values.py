"""Only what fits its element goes back, and texts go back as the bytes that they are."""

import pytest

from cxr_core.dicom.answers.values import fit

FIT = [
    ("PatientID", "LO", b"P-1 ", b"P-1"),
    ("StudyInstanceUID", "UI", b"1.2.3\0", b"1.2.3"),
    ("StudyDate", "DA", b"20240229", b"20240229"),
    ("StudyTime", "TM", b"235960.5", b"235960.5"),
    ("PatientAge", "AS", b"004Y", b"004Y"),
    ("PatientOrientation", "CS", b"L\\F", b"L\\F"),
    ("PixelSpacing", "DS", b".14\\1e-1", b".14\\1e-1"),
    ("SpecificCharacterSet", "CS", b"\\ISO 2022 IR 87", b"\\ISO 2022 IR 87"),
    ("TimezoneOffsetFromUTC", "SH", b"-0330", b"-0330"),
    ("PatientName", "PN", "Müller".encode("latin-1"), "Müller".encode("latin-1")),
    ("PatientName", "PN", b"\x1b$B;3ED\x1b(B", b"\x1b$B;3ED\x1b(B"),
]
UNFIT = [
    ("PatientID", "LO", b"  \0"),
    ("PatientName", "PN", b"A\nB"),
    ("PatientName", "PN", b"A" * 1025),
    ("StudyInstanceUID", "UI", b"1.2.x"),
    ("StudyInstanceUID", "UI", b"1." + b"2" * 64),
    ("StudyDate", "DA", b"20230229"),
    ("StudyDate", "DA", b"2023-02-2"),
    ("StudyTime", "TM", b"25"),
    ("PatientAge", "AS", b"4"),
    ("PatientSex", "CS", b"X"),
    ("PatientOrientation", "CS", b"L"),
    ("PatientOrientation", "CS", b"up\\down"),
    ("Modality", "CS", b"cr"),
    ("PixelSpacing", "DS", b"1e999\\1"),
    ("PixelSpacing", "DS", b"a\\b"),
    ("SpecificCharacterSet", "CS", b"latin-1"),
    ("SpecificCharacterSet", "CS", b"\xff"),
    ("TimezoneOffsetFromUTC", "SH", b"+1560"),
]


@pytest.mark.parametrize(("keyword", "vr", "value", "kept"), FIT)
def test_what_fits_is_kept_without_its_padding(keyword, vr, value, kept):
    assert fit(keyword, vr, value) == kept


@pytest.mark.parametrize(("keyword", "vr", "value"), UNFIT)
def test_what_does_not_fit_is_left_out(keyword, vr, value):
    assert fit(keyword, vr, value) is None
