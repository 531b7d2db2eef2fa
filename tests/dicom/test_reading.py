"""Reading: what comes out of a good file, and what each bad one is refused for."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
)

from cxr_core.dicom.reading import Identity, read
from cxr_core.errors import RejectedFile
from tests.dicom.answers.material import MAKERS, enveloped
from tests.dicom.films import dataset, dicom, film, picture, to_bytes


def reason_of(data):
    with pytest.raises(RejectedFile) as refused:
        read(data)
    assert str(refused.value).endswith(".")
    return refused.value.reason


def xray(data):
    return read(data).radiograph


def test_pixels_are_the_stored_values_and_can_not_be_written_to():
    radiograph = xray(dicom())
    assert np.array_equal(radiograph.pixels, film())
    assert radiograph.pixels.dtype == np.uint16
    assert not radiograph.pixels.flags.writeable
    assert (radiograph.source, radiograph.bits, radiograph.modality) == ("dicom", 12, "CR")


def test_a_file_is_known_by_its_content():
    assert xray(picture(film(bits=8))).source == "png"
    assert xray(picture(film(bits=8), "JPEG")).source == "jpeg"


def test_a_data_set_without_preamble_or_meta_is_read():
    whole = dicom()
    assert np.array_equal(xray(whole[132:]).pixels, film())
    bare = whole[whole.index(b"\x08\x00\x16\x00UI") :]
    assert np.array_equal(xray(bare).pixels, film())


def test_an_empty_file_is_called_empty():
    assert reason_of(b"") == "empty"


@pytest.mark.parametrize("data", [b"a", b"This is a letter, named film.dcm.\n" * 20, b"\0" * 500, b"%PDF-1.7 ..."])
def test_what_is_no_image_is_refused(data):
    assert reason_of(data) == "not_an_image"


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("make", [dicom, lambda: picture(film(bits=8)), lambda: picture(film(bits=8), "JPEG")])
def test_a_file_that_is_cut_off_is_refused(make, share):
    whole = make()
    cut = whole[: int(len(whole) * share)]
    assert reason_of(cut) == "truncated"


def test_a_file_without_pixels_is_refused_as_cut_off():
    assert reason_of(dicom(PixelData=None)) == "truncated"


@pytest.mark.parametrize(
    "header",
    [
        {"SOPClassUID": CTImageStorage, "Modality": "CT"},
        {"SOPClassUID": UltrasoundImageStorage, "Modality": "US"},
        {"Modality": "MR"},
        {"SOPClassUID": SecondaryCaptureImageStorage, "Modality": "CT"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11", "Modality": "SR"},
    ],
)
def test_another_kind_of_object_is_refused(header):
    assert reason_of(dicom(**header)) == "not_an_xray"


@pytest.mark.parametrize("modality", ["CR", "DX", "OT", None])
def test_secondary_capture_is_accepted(modality):
    assert xray(dicom(SOPClassUID=SecondaryCaptureImageStorage, Modality=modality)).modality == (modality or "OT")


def test_multi_frame_secondary_capture_is_accepted_with_one_frame():
    header = {"SOPClassUID": MultiFrameGrayscaleByteSecondaryCaptureImageStorage, "Modality": "OT"}
    pixels = film(bits=8)
    assert xray(dicom(pixels, 8, NumberOfFrames=1, **header)).pixels.shape == pixels.shape
    assert reason_of(dicom(pixels, 8, NumberOfFrames=2, **header)) == "many_frames"


@pytest.mark.parametrize("make", [dicom, picture, lambda pixels: picture(pixels, "JPEG")])
def test_a_tiny_image_is_refused(make):
    assert reason_of(make(film(rows=63, bits=8))) == "too_small"


def test_500_megapixels_are_refused_before_they_are_looked_for():
    assert reason_of(dicom(Rows=25_000, Columns=20_000)) == "too_large"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_500_megapixels_in_a_small_picture_are_refused(kind):
    data = bytearray(picture(film(bits=8), kind))
    at = 16 if kind == "PNG" else data.index(b"\xff\xc0") + 5
    size = 4 if kind == "PNG" else 2
    data[at : at + size] = data[at + size : at + 2 * size] = (25_000).to_bytes(size, "big")
    assert reason_of(bytes(data)) == "too_large"


@pytest.mark.parametrize("make", [dicom, picture])
def test_a_blank_image_is_refused(make):
    assert reason_of(make(np.full((80, 80), 77, np.uint8))) == "blank"


def test_identifying_text_in_the_picture_is_refused():
    assert reason_of(dicom(BurnedInAnnotation="YES")) == "burned_in"
    assert xray(dicom(BurnedInAnnotation="NO")).pixels.size


@pytest.mark.parametrize("kind", MAKERS)
def test_an_answer_of_the_program_is_no_xray(kind):
    assert reason_of(MAKERS[kind](enveloped())) == "own_answer"


def test_a_header_that_contradicts_itself_is_refused():
    for header in ({"BitsAllocated": 32}, {"BitsStored": 20}, {"HighBit": 15, "BitsStored": 17}, {"BitsStored": 4}):
        assert reason_of(dicom(**header)) == "undecodable"
    assert reason_of(dicom(PhotometricInterpretation=None)) == "undecodable"


def test_the_identity_is_kept_apart_from_the_xray():
    device = {"Manufacturer": "ACME", "StationName": "R1", "DeviceSerialNumber": "9"}
    reading = read(dicom(PatientID="4711", IssuerOfPatientID="CLINIC", **device))
    found = reading.identity
    assert (found.patient, found.device, found.equipment) == ("CLINIC\\4711", "ACME\\\\R1\\9", "ACME\\")
    assert "4711" not in repr({name: value for name, value in vars(reading.radiograph).items() if name != "pixels"})


def test_the_same_id_from_another_issuer_is_another_patient():
    one, other = (read(dicom(IssuerOfPatientID=issuer)).identity.patient for issuer in ("A", "B"))
    assert one != other


def test_the_equipment_is_maker_and_model_whatever_the_room():
    model = {"Manufacturer": "ACME", "ManufacturerModelName": "Ray 5"}
    one, other = (read(dicom(StationName=room, **model)).identity for room in ("R1", "R2"))
    assert one.equipment == other.equipment == "ACME\\Ray 5"
    assert one.device != other.device
    assert read(dicom(ManufacturerModelName="Ray 5")).identity.equipment == "\\Ray 5"
    assert read(dicom(StationName="R1", DeviceSerialNumber="9")).identity.equipment is None


def test_nobody_is_named_where_the_header_names_nobody():
    found = read(dicom(PatientID=None)).identity
    assert (found.patient, found.device, found.equipment) == (None, None, None)
    assert read(picture(film(bits=8))).identity == Identity()


def test_a_demo_image_is_known_by_both_its_marks():
    assert xray(dicom(QualityControlImage="YES", PatientID="SYNTHETIC-1")).synthetic
    assert not xray(dicom(QualityControlImage="YES")).synthetic
    assert not xray(dicom(PatientID="SYNTHETIC-1")).synthetic


def test_the_lossy_mark_is_read():
    assert xray(dicom(LossyImageCompression="01")).lossy
    assert not xray(dicom()).lossy


def test_presentation_inverse_counts_once():
    plain = xray(dicom())
    inverse = xray(dicom(PresentationLUTShape="INVERSE"))
    both = xray(dicom(PresentationLUTShape="INVERSE", PhotometricInterpretation="MONOCHROME1"))
    assert plain.photometric == "MONOCHROME2" and inverse.photometric == both.photometric == "MONOCHROME1"
    assert np.allclose(inverse.tone.table, 1 - plain.tone.table, atol=1e-4)
    assert np.array_equal(inverse.tone.table, both.tone.table)


def test_a_header_of_too_many_elements_is_refused():
    whole = dicom()
    at = whole.index(b"\x08\x00\x16\x00UI")
    element = b"\x07\x00\x10\x00LO\x00\x00"
    assert reason_of(whole[:at] + element * 200_000 + whole[at:]) == "undecodable"


def test_a_header_nested_too_deep_is_refused():
    whole = dicom()
    at = whole.index(b"\x08\x00\x16\x00UI")
    opening = b"\x07\x00\x10\x00SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    assert reason_of(whole[:at] + opening * 5000 + whole[at:]) == "undecodable"


def test_nested_sequences_and_private_elements_are_stepped_over():
    inner, outer = Dataset(), Dataset()
    inner.PatientID, inner.Rows = "OTHER", 3
    outer.ReferencedImageSequence = [inner, inner]
    ds = dataset(film(), RequestAttributesSequence=[outer], ReferencedStudySequence=[inner])
    ds.add_new(0x00090010, "LO", "ACME")
    ds.add_new(0x00091001, "SQ", [outer])
    ds.add_new(0x00091002, "UN", b"\1\2\3\4")
    for element in (ds["RequestAttributesSequence"], ds[0x00091001]):
        element.is_undefined_length = True
    reading = read(to_bytes(ds))
    assert np.array_equal(reading.radiograph.pixels, film())
    assert reading.identity.patient == "\\P-1"
