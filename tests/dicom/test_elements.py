"""Walking a header: only what is named is kept, and nothing is believed."""

from io import BytesIO

import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from cxr_core.dicom.elements import Encoding, Header, Walker
from cxr_core.errors import RejectedFile

ENCODINGS = [(True, True), (False, True), (True, False)]


def written(ds, explicit=True, little=True):
    file = DicomBytesIO()
    file.is_implicit_VR, file.is_little_endian = not explicit, little
    write_dataset(file, ds)
    return file.getvalue()


def walked(data, explicit=True, little=True) -> Header:
    view = memoryview(data)
    return Walker(view).collect(0, len(view), Encoding(explicit, little))[0]


@pytest.mark.parametrize(("explicit", "little"), ENCODINGS)
def test_values_are_read_in_every_encoding(explicit, little):
    code, outer = Dataset(), Dataset()
    code.CodeValue, code.CodeMeaning = "399173006", "left lateral"
    outer.ViewCodeSequence = [code, code]
    outer.Rows, outer.PixelPaddingValue, outer.PixelRepresentation = 1234, -5, 1
    outer.PixelSpacing, outer.PatientID = ["0.1", "0.2"], " 4711 "
    outer.ReferringPhysicianName = "Doe"
    header = walked(written(outer, explicit, little), explicit, little)
    assert header.integer("Rows") == 1234
    assert header.integer("PixelPaddingValue", signed=True) == -5
    assert header.numbers("PixelSpacing") == [0.1, 0.2]
    assert header.text("PatientID") == "4711"
    assert [item.text("CodeValue") for item in header.items("ViewCodeSequence")] == ["399173006"] * 2
    assert len(header.elements) == 6


@pytest.mark.parametrize("undefined", [False, True])
def test_nested_values_are_not_taken_for_the_outer_ones(undefined):
    inner, outer = Dataset(), Dataset()
    inner.Rows, inner.PatientID = 7, "INNER"
    inner.is_undefined_length_sequence_item = undefined
    outer.ReferencedImageSequence = [inner]
    outer["ReferencedImageSequence"].is_undefined_length = undefined
    outer.Columns = 9
    header = walked(written(outer))
    assert (header.integer("Rows"), header.integer("Columns"), header.text("PatientID")) == (None, 9, None)


def test_unknown_elements_of_undefined_length_are_implicit_inside():
    inner = Dataset()
    inner.PatientID = "INNER"
    item = written(inner, explicit=False)
    unknown = (
        b"\x09\x00\x10\x10UN\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0" + len(item).to_bytes(4, "little") + item
        + b"\xfe\xff\xdd\xe0\0\0\0\0"
    )  # fmt: skip
    rows = Dataset()
    rows.Rows = 77
    assert walked(unknown + written(rows)).integer("Rows") == 77


def test_text_in_utf_8_and_in_latin_1():
    for charset, code in (("ISO_IR 192", "utf-8"), ("ISO_IR 100", "latin-1")):
        ds = Dataset()
        ds.SpecificCharacterSet, ds.PatientID = charset, "Müller"
        file = BytesIO(written(ds))
        assert "Müller".encode(code) in file.getvalue()
        assert walked(file.getvalue()).text("PatientID") == "Müller"


def test_an_element_that_reaches_beyond_the_file_is_refused():
    ds = Dataset()
    ds.PatientID = "4711"
    with pytest.raises(RejectedFile) as refused:
        walked(written(ds)[:-1])
    assert refused.value.reason == "truncated"


def test_numbers_that_are_none_are_absent():
    ds = Dataset()
    ds.add_new("WindowCenter", "LO", "wide")
    ds.add_new("Rows", "LO", "")
    header = walked(written(ds))
    assert header.numbers("WindowCenter") == [] and header.integer("Rows") is None
    assert header.items("ViewCodeSequence") == [] and header.text("Modality") is None
