"""Reading a finished answer back before it goes: is it of the patient, the study and the X-ray that it is meant for?

It is read by the walker that reads what comes in, and not by what wrote it; bytes are compared, not what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.datadict import tag_for_keyword

from cxr_core.dicom.answers.envelope import Envelope, raw_value
from cxr_core.dicom.answers.kept import SAME
from cxr_core.dicom.answers.objects import contribution
from cxr_core.dicom.dicom_file import parse
from cxr_core.dicom.elements import Header, items_of
from cxr_core.errors import IntegrityError, RejectedFile

OF_ITS_OWN = ("SOPInstanceUID", "SeriesInstanceUID")
_REFERENCES = (
    "SourceImageSequence", "CurrentRequestedProcedureEvidenceSequence", "ReferencedSeriesSequence",
    "ReferencedSOPSequence", "ContentSequence", "GraphicAnnotationSequence", "ReferencedImageSequence",
)  # fmt: skip
_EARLIER = "ReferencedImageSequence"
"""At the top level, a picture's reference to the one that it takes the place of."""
_WANTED = frozenset(
    tag
    for keyword in (
        *SAME, *OF_ITS_OWN, *_REFERENCES, "ReferencedSOPClassUID", "ReferencedSOPInstanceUID",
        "ContributingEquipmentSequence", "ContributionDescription",
    )
    if (tag := tag_for_keyword(keyword)) is not None
)  # fmt: skip


def check(data: bytes, envelope: Envelope) -> None:
    """Raise IntegrityError, naming what is wrong but no value, where `data` isn't an answer to the envelope's X-ray.

    So too where the X-ray says something that no answer can repeat: it would go to nobody, or to somebody else.
    """
    if envelope.unfit:
        raise IntegrityError(
            f"the X-ray's {', '.join(envelope.unfit)} isn't as DICOM has it, and an answer without would not be the "
            "patient's: put that right where the X-ray comes from"
        )
    try:
        header = parse(data, _WANTED).header
        _check_own(header, envelope)
        _check_references(header, envelope)
        _check_image(header, envelope)
    except RejectedFile as error:
        raise IntegrityError(f"an answer can't be read back ({error.reason}): it must not go out") from error


def _check_own(header: Header, envelope: Envelope) -> None:
    for keyword in SAME:
        if _value(header, keyword) != raw_value(envelope.source, keyword):
            raise _wrong(keyword)
    for keyword in OF_ITS_OWN:
        if _value(header, keyword) in (None, raw_value(envelope.source, keyword)):
            raise _wrong(keyword)


def _check_references(header: Header, envelope: Envelope) -> None:
    """All images of the X-ray's kind that it refers to are the X-ray, and there is one."""
    of_class, source = raw_value(envelope.source, "SOPClassUID"), raw_value(envelope.source, "SOPInstanceUID")
    found = {instance for sop_class, instance in _referenced(header, top=True) if sop_class == of_class}
    if found != {source}:
        raise _wrong("ReferencedSOPInstanceUID")
    studies = {_value(item, "StudyInstanceUID") for item in _items(header, "CurrentRequestedProcedureEvidenceSequence")}
    if studies - {raw_value(envelope.source, "StudyInstanceUID")}:
        raise _wrong("CurrentRequestedProcedureEvidenceSequence")


def _check_image(header: Header, envelope: Envelope) -> None:
    said = [_value(item, "ContributionDescription") for item in _items(header, "ContributingEquipmentSequence")]
    if [text for text in said if text] != [contribution(envelope.image_id).encode()]:
        raise _wrong("ContributionDescription")


def _referenced(header: Header, top: bool = False) -> Iterator[tuple[bytes | None, bytes | None]]:
    """SOP class and instance of all that is referred to, however deep."""
    if instance := _value(header, "ReferencedSOPInstanceUID"):
        yield _value(header, "ReferencedSOPClassUID"), instance
    for keyword in _REFERENCES:
        if not (top and keyword == _EARLIER):
            for item in _items(header, keyword):
                yield from _referenced(item)


def _items(header: Header, keyword: str) -> list[Header]:
    element = header.element(keyword)
    return [] if element is None else list(items_of(element, _WANTED))


def _value(header: Header, keyword: str) -> bytes | None:
    element = header.element(keyword)
    return None if element is None else bytes(element.value).strip(b" \0") or None


def _wrong(keyword: str) -> IntegrityError:
    return IntegrityError(f"an answer's {keyword} isn't that of its X-ray: it must not go out")
