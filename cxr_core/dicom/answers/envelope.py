"""What is kept of a received X-ray so that an answer can go home: whose it is, of which study, and which image.

The program works on de-identified X-rays. An envelope is the way back: a small DICOM file with the elements of
`kept.KEPT` and nothing else, for the caller to seal at once. Texts stay the bytes that they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from pydicom import dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.filewriter import dcmwrite
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID, ExplicitVRLittleEndian

from cxr_core.dicom import marks
from cxr_core.dicom.answers.kept import KEPT, SAME, SEQUENCES
from cxr_core.dicom.answers.values import bare, fit
from cxr_core.dicom.dicom_file import parse
from cxr_core.dicom.elements import Element, Header, items_of
from cxr_core.errors import IntegrityError, RejectedFile

_NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
_MOST_ITEMS = 10
"""Of a sequence: issuers have one, requests and codes a few."""
_GROUP, _CREATOR, _IMAGE_ID, _UNFIT = 0x2501, "CXR SECOND READER", 0x01, 0x02
"""Where the image's id stands, and what doesn't fit: a private block (PS3.5 7.8.1)."""
_TOLD = ("PatientName", "PatientID", "IssuerOfPatientID", "AccessionNumber")
"""The texts of SAME: what a character set is for."""


@dataclass(frozen=True)
class Envelope:
    """Whose X-ray it is and where an answer to it belongs, in clear: never to be written down unsealed."""

    source: Dataset
    """The elements of `kept.KEPT` that the X-ray had."""
    image_id: str
    """64 hex digits: the X-ray's pixels (`stored.image_id`)."""
    unfit: tuple[str, ...] = ()
    """Keywords of SAME whose value the X-ray has, and no answer can have: none can go to that patient and study."""

    def to_bytes(self) -> bytes:
        """The envelope as a DICOM file."""
        ds = copied(self.source, KEPT)
        own = ds.private_block(_GROUP, _CREATOR, create=True)
        own.add_new(_IMAGE_ID, "LO", self.image_id)
        if self.unfit:
            own.add_new(_UNFIT, "LT", " ".join(self.unfit))
        return to_file(ds)

    @classmethod
    def from_bytes(cls, data: bytes) -> Envelope:
        """The envelope that to_bytes wrote. Raises IntegrityError where `data` isn't its work."""
        try:
            ds = dcmread(BytesIO(data))
            own = ds.private_block(_GROUP, _CREATOR)
            image_id = str(own[_IMAGE_ID].value)
            unfit = str(own[_UNFIT].value).split() if _UNFIT in own else []
        except (InvalidDicomError, EOFError, KeyError) as error:
            raise IntegrityError("an envelope can't be read any more: restore it from a backup") from error
        return cls(copied(ds, KEPT), image_id, tuple(unfit))

    def text(self, keyword: str) -> str | None:
        """The value of an element that is no text of a person's: a code, a number, a UID, a date."""
        raw = raw_value(self.source, keyword)
        return None if raw is None else raw.decode("ascii", errors="replace")

    def texts(self, keyword: str) -> list[str]:
        """The values of such an element."""
        text = self.text(keyword)
        return [] if text is None else [part.strip() for part in text.split("\\")]

    def integer(self, keyword: str) -> int | None:
        """The value of a US element."""
        element = self.source.get_item(keyword)
        return None if element is None else int.from_bytes(_bytes_of(element)[:2], "little")


def enclose(data: bytes, image_id: str) -> bytes:
    """The envelope, unsealed, of a received DICOM file that is the image `image_id`.

    A value that can't be read or doesn't fit its element is left out; one of SAME is then named in `unfit`. Raises
    RejectedFile where `data` doesn't say which object of which study it is, so that no answer would have anywhere to
    go, or can't be walked at all.
    """
    header = parse(data, _WANTED).header
    source = _kept(header, KEPT)
    if keyword := lacking(header):
        raise RejectedFile("undecodable", f"The DICOM file has no valid {keyword}, so no answer can go back.")
    unfit = tuple(keyword for keyword in SAME if _is_lost(keyword, header, source))
    return Envelope(source, image_id, unfit).to_bytes()


def lacking(header: Header) -> str | None:
    """The first of the UIDs without which no answer can go back that a header has no valid value of; None of none."""
    found = {keyword: header.element(keyword) for keyword in _NEEDED}
    fitting = {keyword for keyword, each in found.items() if each and fit(keyword, "UI", bytes(each.value))}
    return next((keyword for keyword in _NEEDED if keyword not in fitting), None)


def copied(ds: Dataset, keywords: tuple[str, ...]) -> Dataset:
    """The elements of `ds` with these keywords, as they are."""
    copy = Dataset()
    for keyword in keywords:
        if keyword in ds:
            copy[_tag(keyword)] = ds.get_item(keyword)
    return copy


def raw_value(ds: Dataset, keyword: str) -> bytes | None:
    """The bytes of an element's value without padding, or None where it is absent or empty."""
    element = ds.get_item(keyword)
    value = b"" if element is None else _bytes_of(element).strip(b" \0")
    return value or None


def to_file(ds: Dataset) -> bytes:
    """A data set as a DICOM file, Explicit VR Little Endian, named by its own SOP class and instance."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID((raw_value(ds, "SOPClassUID") or b"").decode())
    meta.MediaStorageSOPInstanceUID = UID((raw_value(ds, "SOPInstanceUID") or b"").decode())
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(marks.IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = marks.IMPLEMENTATION_VERSION_NAME
    ds.file_meta = meta
    _leave_raw(ds)
    file = BytesIO()
    dcmwrite(file, ds, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return file.getvalue()


def _leave_raw(ds: Dataset) -> None:
    """Have the elements that are still bytes written as they are: what was never decoded can't come back another."""
    ds.set_original_encoding(False, True, ds._character_set)
    for element in ds.elements():
        if element.VR == "SQ":
            for item in ds[element.tag].value:
                _leave_raw(item)


def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


_WANTED = frozenset(
    tag
    for keyword in (*KEPT, *(inner for items in SEQUENCES.values() for inner in items.keywords))
    if (tag := tag_for_keyword(keyword)) is not None
)


def _bytes_of(element: RawDataElement | DataElement) -> bytes:
    if isinstance(element, RawDataElement):
        return element.value or b""
    value = element.value
    parts = [value] if isinstance(value, str | bytes | int) or value is None else list(value)
    return b"\\".join(part if isinstance(part, bytes) else str(part or "").encode() for part in parts)


def _kept(header: Header, keywords: tuple[str, ...]) -> Dataset:
    ds = Dataset()
    for keyword in keywords:
        if (element := header.element(keyword)) is not None:
            _keep(ds, keyword, element, header)
    return ds


def _is_lost(keyword: str, header: Header, source: Dataset) -> bool:
    """Whether the X-ray has a value that isn't kept, and matters: plain ASCII needs no character set to be named."""
    element = header.element(keyword)
    if keyword in source or element is None or not bare(bytes(element.value)):
        return False
    texts = [raw_value(source, text) or b"" for text in _TOLD]
    return keyword != "SpecificCharacterSet" or not all(text.isascii() and b"\x1b" not in text for text in texts)


def _keep(ds: Dataset, keyword: str, element: Element, header: Header) -> None:
    vr = dictionary_VR(_tag(keyword))
    if vr == "SQ":
        if items := _kept_items(keyword, element):
            ds.add(DataElement(_tag(keyword), "SQ", items))
        return
    value = _number(header, keyword) if vr == "US" else fit(keyword, vr, bytes(element.value))
    if value is not None:
        value += b"" if len(value) % 2 == 0 else b"\0" if vr == "UI" else b" "
        ds[_tag(keyword)] = RawDataElement(_tag(keyword), vr, len(value), value, 0, False, True)


def _number(header: Header, keyword: str) -> bytes | None:
    number = header.integer(keyword)
    return None if number is None else number.to_bytes(2, "little")


def _kept_items(keyword: str, element: Element) -> list[Dataset]:
    rule = SEQUENCES[keyword]
    try:
        found = [_kept(item, rule.keywords) for item in items_of(element, _WANTED)]
    except RejectedFile:  # a sequence that is cut off says nothing that can be relied on
        return []
    told = [item for item in found if len(item) and all(needed in item for needed in rule.needed)]
    return told[:_MOST_ITEMS]
