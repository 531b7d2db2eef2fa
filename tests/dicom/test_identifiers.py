"""What identifies is told from what doesn't, at any depth and in its own letters."""

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from cxr_core.dicom.identifiers import Identifier, identifiers_of
from tests.dicom.films import dataset, film, to_bytes


def found(**attributes):
    """The identifiers of an X-ray with these attributes beside its own."""
    return {(each.kind, each.value) for each in identifiers_of(to_bytes(dataset(film(), **attributes)))}


def test_it_knows_who_where_and_by_whom():
    told = found(
        PatientName="Doe^Jane", PatientBirthDate="19500117", AccessionNumber="A-1", InstitutionName="St. Nowhere",
        StationName="ROOM1", OperatorsName="Roe^Jim", PatientAddress="1 Lane", StudyInstanceUID="1.2.3",
    )  # fmt: skip
    assert told - found() == {
        ("patient name", "Doe^Jane"), ("birth date", "19500117"), ("order", "A-1"), ("institution", "St. Nowhere"),
        ("device", "ROOM1"), ("person", "Roe^Jim"), ("address", "1 Lane"), ("UID", "1.2.3"),
    }  # fmt: skip


def test_what_tells_of_nobody_is_none():
    assert found(StudyDescription="Chest", StudyDate="20240301", PatientSex="F", KVP="120") == found()
    assert not any(value.startswith("1.2.840.10008.") for _, value in found())


def test_it_looks_into_sequences():
    item = Dataset()
    item.PatientID = "OLD-1"
    assert ("patient ID", "OLD-1") in found(OtherPatientIDsSequence=Sequence([item]))


def test_names_are_in_the_files_own_letters():
    for charset in ("ISO_IR 100", "ISO_IR 192", "ISO_IR 144"):
        name = "Иванов^Иван" if charset == "ISO_IR 144" else "Müßig^Jörg"
        ds = dataset(film(), SpecificCharacterSet=charset, PatientName=name)
        assert Identifier("patient name", name) in identifiers_of(to_bytes(ds))
