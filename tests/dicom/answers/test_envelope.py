"""An envelope keeps whose X-ray it is, byte by byte, and nothing that no answer needs."""

import warnings
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from cxr_core.dicom.answers.envelope import Envelope, enclose, raw_value
from cxr_core.dicom.answers.kept import KEPT
from cxr_core.errors import IntegrityError, RejectedFile
from tests.dicom.answers.material import GREEK, IMAGE_ID, JAPANESE, ODD, ROWS, WHO, enveloped, received, sent
from tests.dicom.films import dataset, film, to_bytes

CHARSETS = {
    "ISO_IR 100": "Müller^Jürgen", "ISO_IR 126": GREEK, "ISO_IR 144": "Иванов^Иван", "ISO_IR 192": f"{GREEK}^李",
    "GB18030": "王^小东=王^小东", "\\ISO 2022 IR 87": JAPANESE, "\\ISO 2022 IR 149": "Hong^Gildong=洪^吉洞=홍^길동",
    "ISO_IR 13\\ISO 2022 IR 87": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
}  # fmt: skip


def test_it_comes_back_as_it_was():
    envelope = enveloped()
    assert envelope.image_id == IMAGE_ID
    assert envelope.to_bytes() == Envelope.from_bytes(envelope.to_bytes()).to_bytes()
    for keyword, value in WHO.items():
        assert envelope.texts(keyword) == (value if isinstance(value, list) else [value])
    assert envelope.integer("Rows") == ROWS


@pytest.mark.parametrize("charset", CHARSETS)
def test_texts_survive_in_any_character_set(charset):
    data = received(SpecificCharacterSet=charset.split("\\"), PatientName=CHARSETS[charset])
    envelope = enveloped(data)
    came = dcmread(BytesIO(data)).get_item("PatientName").value
    assert raw_value(envelope.source, "PatientName") == came.strip(b" ")
    assert dcmread(BytesIO(envelope.to_bytes())).PatientName == CHARSETS[charset]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_it_is_the_same_whatever_the_transfer_syntax(syntax):
    attributes = ODD["with issuers and requests"]
    ds, file = sent(**attributes), BytesIO()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.save_as(file, enforce_file_format=True)
    assert enclose(file.getvalue(), IMAGE_ID) == enclose(received(**attributes), IMAGE_ID)


def test_texts_that_do_not_keep_to_their_character_set_go_back_as_they_came():
    """Many senders write Latin-1 and declare nothing, and the archive has got used to it."""
    for charset in ({}, {"SpecificCharacterSet": "ISO_IR 192"}):
        items = [{"LocalNamespaceEntityID": "M?ller"}]
        data = received(PatientName="M?ller", IssuerOfAccessionNumberSequence=items, **charset)
        with warnings.catch_warnings(action="error"):
            envelope = enclose(data.replace(b"M?ller", b"M\xfcller"), IMAGE_ID)
            again = Envelope.from_bytes(envelope).to_bytes()
        assert again == envelope
        assert again.count(b"M\xfcller") == 2


def test_nothing_else_is_kept():
    data = received(
        PatientAddress="CANARY street", PatientComments="CANARY", OperatorsName="CANARY", InstitutionName="CANARY",
        OtherPatientIDsSequence=[{"PatientID": "CANARY"}],
        RequestAttributesSequence=[{"RequestedProcedureID": "R-1", "RequestedProcedureDescription": "CANARY"}],
        ReferencedStudySequence=[{"ReferencedSOPInstanceUID": "1.2.3.4"}],
    )  # fmt: skip
    kept = enclose(data, IMAGE_ID)
    assert b"CANARY" in data
    assert b"CANARY" not in kept
    assert {element.keyword for element in Envelope.from_bytes(kept).source} <= set(KEPT)


def test_values_that_do_not_fit_are_left_out():
    with warnings.catch_warnings(action="ignore"):
        ds = dataset(film())
        for keyword, value in WHO.items():
            setattr(ds, keyword, value)
        data = to_bytes(ds)
    data = data.replace(b"20210304", b"2021-3-4").replace(b"004Y", b"4 Ys").replace(b"P-0815", b"P-\x000\n5")
    envelope = enveloped(data)
    assert [envelope.text(keyword) for keyword in ("PatientBirthDate", "PatientAge", "PatientID")] == [None] * 3
    assert envelope.text("AccessionNumber") == WHO["AccessionNumber"]


@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b"\t \0", b"\x7f"])
def test_what_strayed_to_the_ends_of_a_value_is_left_away_and_no_more(ending):
    data = received(PatientID="P-0815".ljust(12, "?"), PatientName="?".ljust(4, "?") + "Doe^Jane")
    said = b"P-0815" + ending.ljust(6, b" ")
    envelope = enveloped(data.replace(b"P-0815??????", said).replace(b"????Doe", ending.ljust(4, b" ") + b"Doe"))
    assert (envelope.text("PatientID"), envelope.text("PatientName")) == ("P-0815", "Doe^Jane")
    assert envelope.unfit == ()


UNFIT = {
    "PatientID": b"P-\t815", "PatientName": b"Doe\tJane", "PatientBirthDate": b"1950.1.2", "PatientSex": b"W ",
    "AccessionNumber": b"A\n4711", "IssuerOfPatientID": b"HOS\0PITA",
}  # fmt: skip


@pytest.mark.parametrize("keyword", UNFIT)
def test_what_tells_whose_it_is_and_does_not_fit_is_named(keyword):
    value = UNFIT[keyword]
    with warnings.catch_warnings(action="ignore"):
        data = to_bytes(_with(keyword, "X" * len(value)))
    envelope = enveloped(data.replace(b"X" * len(value), value))
    assert (envelope.text(keyword), envelope.unfit) == (None, (keyword,))
    assert Envelope.from_bytes(envelope.to_bytes()) == envelope


def _with(keyword, value):
    ds = dataset(film())
    for name, told in {**WHO, keyword: value}.items():
        setattr(ds, name, told)
    return ds


@pytest.mark.parametrize(("name", "unfit"), [("Doe^Jane", ()), (GREEK, ("SpecificCharacterSet",))])
def test_a_character_set_that_there_is_not_matters_where_a_text_needs_it(name, unfit):
    data = received(SpecificCharacterSet="ISO_IR 126", PatientName=name)
    assert enveloped(data.replace(b"ISO_IR 126", b"ISO_IR_126")).unfit == unfit


def test_an_identifier_longer_than_dicom_allows_goes_back_all_the_same():
    with warnings.catch_warnings(action="ignore"):
        data = received(AccessionNumber="A" * 30)
    with warnings.catch_warnings(action="error"):
        assert enveloped(data).text("AccessionNumber") == "A" * 30


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
def test_without_its_uids_there_is_none(keyword):
    ds = sent(**{keyword: None})
    ds.file_meta.MediaStorageSOPInstanceUID = WHO["SOPInstanceUID"]
    with pytest.raises(RejectedFile, match=keyword):
        enclose(to_bytes(ds), IMAGE_ID)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_gives_an_envelope_or_a_refusal(drawn):
    data = bytearray(received(**ODD["with issuers and requests"])[:2400])
    for _ in range(drawn.draw(st.integers(1, 12))):
        data[drawn.draw(st.integers(132, len(data) - 1))] = drawn.draw(st.integers(0, 255))
    try:
        envelope = enveloped(bytes(data))
    except RejectedFile:
        return
    assert Envelope.from_bytes(envelope.to_bytes()).image_id == IMAGE_ID


@pytest.mark.parametrize("data", [b"", b"no DICOM at all" * 20, received()])
def test_what_is_no_envelope_is_not_read_as_one(data):
    with pytest.raises(IntegrityError):
        Envelope.from_bytes(data)
