"""Every element is walked, however it is written and however deep it lies."""

from io import BytesIO

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from cxr_core.dicom.flat import PIXEL_DATA, elements_of
from cxr_core.errors import RejectedFile
from tests.dicom.films import dataset, film, to_bytes
from tests.dicom.test_deidentify import Planter, plant


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian], ids=lambda uid: uid.name
)
def test_all_that_was_planted_is_in_some_element(syntax):
    planter = Planter()
    ds = plant(dataset(film(), syntax=syntax), planter, depth=3)
    for sequence in (ds.RequestAttributesSequence, ds[0x000910F0].value):
        sequence.is_undefined_length = True
    file = BytesIO()
    ds.save_as(file, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True, enforce_file_format=True)
    values = [bytes(element.value) for element in elements_of(file.getvalue())]
    assert [each for each in planter.planted if not any(each in value for value in values)] == []


def test_an_element_is_told_with_its_place_and_kind():
    data = to_bytes(dataset(film(), PatientName="Doe^Jane\\Roe^Jim"))
    (name,) = (element for element in elements_of(data) if element.tag == 0x00100010)
    assert (name.vr, name.texts()) == ("PN", [b"Doe^Jane", b"Roe^Jim"])
    assert data[name.start :].startswith(b"Doe^Jane")


def test_what_follows_the_pixels_is_walked_too():
    ds = dataset(film())
    ds.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
    ds.DataSetTrailingPadding = b"padding."
    tags = [element.tag for element in elements_of(to_bytes(ds))]
    assert tags[-2:] == [PIXEL_DATA, 0xFFFCFFFC]


def test_a_file_that_is_cut_off_gives_what_comes_before():
    ds = dataset(film(), PatientName="Doe^Jane")
    ds.RequestAttributesSequence = Sequence([Dataset()])
    data = to_bytes(ds)
    tags = {element.tag for element in elements_of(data[:-100])}
    assert 0x00100010 in tags and PIXEL_DATA not in tags


def test_what_can_not_be_unpacked_is_refused():
    with pytest.raises(RejectedFile):
        list(elements_of(to_bytes(dataset(film(), syntax=DeflatedExplicitVRLittleEndian))[:-100]))
