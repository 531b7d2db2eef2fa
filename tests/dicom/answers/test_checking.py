"""No answer goes out that isn't of the patient, the study and the X-ray that it is meant for."""

from dataclasses import replace
from io import BytesIO

import pytest
from pydicom import dcmread

from cxr_core.dicom.answers.checking import check
from cxr_core.dicom.answers.envelope import raw_value
from cxr_core.dicom.answers.kept import SAME
from cxr_core.errors import IntegrityError
from tests.dicom.answers.material import IMAGE_ID, MAKERS, OPINION, REFUSED, WHO, enveloped, received
from tests.dicom.films import to_bytes

OTHER = {
    "SpecificCharacterSet": "ISO_IR 100", "PatientName": "Doe^John", "PatientID": "P-0816",
    "IssuerOfPatientID": "CLINIC", "PatientBirthDate": "20210305", "PatientSex": "M",
    "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.2", "AccessionNumber": "A-4712",
}  # fmt: skip
every_kind = pytest.mark.parametrize("kind", MAKERS)


def finding_for(kind):
    return REFUSED if kind == "not analysed" else OPINION


@every_kind
def test_an_answer_passes(kind):
    check(MAKERS[kind](enveloped()), enveloped())


def test_an_answer_to_what_never_became_an_image_passes():
    never = replace(enveloped(), image_id="")
    check(MAKERS["not analysed"](never, replace(REFUSED, image_id="")), never)
    with pytest.raises(IntegrityError, match="ContributionDescription"):
        check(MAKERS["not analysed"](enveloped()), never)


@every_kind
@pytest.mark.parametrize("keyword", [*OTHER, "SOPInstanceUID"])
def test_an_answer_to_another_x_ray_is_stopped(kind, keyword):
    other = enveloped(received(**{keyword: OTHER.get(keyword, "1.2.826.0.1.3680043.8.498.1.1.9")}))
    named = "ReferencedSOPInstanceUID" if keyword == "SOPInstanceUID" else keyword
    with pytest.raises(IntegrityError, match=named) as caught:
        check(MAKERS[kind](other), enveloped())
    assert str(raw_value(other.source, keyword), "ascii") not in str(caught.value)
    assert str(WHO.get(keyword, "nothing")) not in str(caught.value)


@every_kind
@pytest.mark.parametrize("keyword", [keyword for keyword in SAME if keyword in WHO])
def test_one_that_lacks_something_is_stopped(kind, keyword):
    ds = dcmread(BytesIO(MAKERS[kind](enveloped())))
    del ds[keyword]
    with pytest.raises(IntegrityError, match=keyword):
        check(to_bytes(ds), enveloped())


@every_kind
def test_none_passes_where_the_x_ray_says_whose_it_is_in_a_way_that_can_not_be_repeated(kind):
    nameless = received(PatientName="X" * 8, PatientID="Y" * 6)
    envelope = enveloped(nameless.replace(b"X" * 8, b"Doe\tJane").replace(b"Y" * 6, b"P\n0815"))
    with pytest.raises(IntegrityError, match="X-ray's PatientName, PatientID isn't as DICOM has it") as caught:
        check(MAKERS[kind](envelope), envelope)
    assert "Doe" not in str(caught.value) and "0815" not in str(caught.value)


@every_kind
def test_an_answer_about_another_image_is_stopped(kind):
    swapped = replace(finding_for(kind), image_id="f" * 64)
    with pytest.raises(IntegrityError, match="ContributionDescription"):
        check(MAKERS[kind](enveloped(), swapped), enveloped())
    with pytest.raises(IntegrityError, match="ContributionDescription"):
        check(MAKERS[kind](enveloped()), replace(enveloped(), image_id="f" * 64))
    assert enveloped().image_id == IMAGE_ID


def test_an_answer_to_what_was_never_read_may_go_and_one_about_an_image_in_its_place_may_not():
    never_read = enveloped(image_id="")
    not_analysed = MAKERS["not analysed"]
    check(not_analysed(never_read, replace(REFUSED, image_id="")), never_read)
    with pytest.raises(IntegrityError, match="ContributionDescription"):
        check(not_analysed(never_read, REFUSED), never_read)
    with pytest.raises(IntegrityError, match="ContributionDescription"):
        check(not_analysed(enveloped(), replace(REFUSED, image_id="")), enveloped())


@pytest.mark.parametrize("kind", ["report", "assessment", "marks"])
def test_a_reference_deep_inside_is_found(kind):
    ds = dcmread(BytesIO(MAKERS[kind](enveloped())))
    last = [each for each in ds.iterall() if each.keyword == "ReferencedSOPInstanceUID"]
    of_source = [each for each in last if each.value == WHO["SOPInstanceUID"]]
    of_source[-1].value = "1.2.3.4"
    with pytest.raises(IntegrityError, match="ReferencedSOPInstanceUID"):
        check(to_bytes(ds), enveloped())


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "SeriesInstanceUID"])
def test_one_that_would_take_the_x_rays_place_is_stopped(keyword):
    ds = dcmread(BytesIO(MAKERS["picture"](enveloped())))
    ds[keyword].value = WHO[keyword]
    with pytest.raises(IntegrityError, match=keyword):
        check(to_bytes(ds), enveloped())


@every_kind
def test_one_that_is_cut_off_is_stopped(kind):
    with pytest.raises(IntegrityError):
        check(MAKERS[kind](enveloped())[:700], enveloped())


def test_a_later_picture_to_a_captured_source_passes():
    envelope = enveloped(received("SC"))
    later = replace(OPINION, weights_sha256="cd" * 32, predecessor=OPINION.weights_sha256)
    check(MAKERS["picture"](envelope, later), envelope)
