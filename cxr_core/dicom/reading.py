"""From the bytes of one file to an X-ray, or to a plain reason why it isn't one that can be judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cxr_core.dicom import header as fields
from cxr_core.dicom import marks, pictures, pixels
from cxr_core.dicom.answers.envelope import lacking
from cxr_core.dicom.body_part import body_part_of
from cxr_core.dicom.decoders import LOSSY
from cxr_core.dicom.dicom_file import DicomFile, is_dicom, parse
from cxr_core.dicom.elements import Header
from cxr_core.dicom.layout import GREY, layout_of
from cxr_core.dicom.screening import modality_of, screen
from cxr_core.dicom.tone import is_inverted, picture_tone, tone_of
from cxr_core.errors import RejectedFile
from cxr_core.records import Radiograph

_EQUIPMENT = ("Manufacturer", "ManufacturerModelName")


@dataclass(frozen=True)
class Identity:
    """Whose X-ray it is and which machine made it, in clear: to be keyed at once, never to be written down."""

    patient: str | None = None
    """Issuer of Patient ID and Patient ID, joined by a backslash, which neither can contain."""
    device: str | None = None
    """Manufacturer, model, station and serial number, joined likewise."""
    equipment: str | None = None
    """Manufacturer and model, joined likewise: the same for all machines of a kind."""
    study: str | None = None
    """Study Instance UID (0020,000D)."""
    series: str | None = None
    instance: str | None = None
    """SOP Instance UID (0008,0018)."""
    studied_on: date | None = None


@dataclass(frozen=True)
class Named:
    """What the header of a DICOM file calls the object, whether or not it is an X-ray."""

    identity: Identity
    sop_class: str | None
    """SOP Class UID (0008,0016)."""
    modality: str | None
    """One of DICOM's terms."""
    synthetic: bool
    announced: tuple[str | None, str | None]
    """SOP class and instance that the file meta information names (0002,0002 and 0002,0003)."""
    lacking: str | None = None
    """The keyword of a UID without which no answer can go back, where it has no valid one."""


@dataclass(frozen=True)
class Reading:
    """An X-ray, and apart from it the identity that came with it."""

    radiograph: Radiograph
    identity: Identity


def read(data: bytes) -> Reading:
    """The X-ray in the bytes of a DICOM, PNG or JPEG file, told apart by content, never by name.

    Raises RejectedFile, and nothing else, where it isn't an X-ray that can be kept. Reasons:
    `empty`, `not_an_image`, `truncated`, `not_an_xray`, `many_frames`, `too_small`, `too_large`, `blank`,
    `burned_in`, `colour`, `undecodable`, `own_answer`.
    """
    if not data:
        raise RejectedFile("empty", "The file is empty: it has 0 bytes. Copy or export it anew.")
    if is_dicom(data):
        return _read_dicom(parse(data))
    if data.startswith(pictures.PNG_SIGNATURE):
        return _read_picture(data, "png")
    if data.startswith(pictures.JPEG_SIGNATURE):
        return _read_picture(data, "jpeg")
    raise RejectedFile("not_an_image", "The file is neither DICOM nor PNG nor JPEG, whatever its name says.")


def named(data: bytes) -> Named:
    """What the header of a DICOM file says the object is, without a look at its pixels. Raises RejectedFile."""
    header = parse(data).header
    return Named(
        _identity_of(header), header.text("SOPClassUID"), modality_of(header), _is_synthetic(header),
        (header.text("MediaStorageSOPClassUID"), header.text("MediaStorageSOPInstanceUID")), lacking(header),
    )  # fmt: skip


def _read_dicom(file: DicomFile) -> Reading:
    header = file.header
    screen(header)
    layout = layout_of(header)
    values = pixels.stored_values(file, layout)
    radiograph = Radiograph(
        pixels=values,
        tone=tone_of(header, layout, values),
        source=_source_of(header),
        modality=modality_of(header) or "OT",
        body_part=body_part_of(header),
        view=fields.view_of(header),
        orientation=fields.orientation_of(header),
        age_years=fields.age_of(header),
        sex=fields.sex_of(header),
        manufacturer=fields.manufacturer_of(header),
        photometric=GREY[0] if is_inverted(header, layout) else GREY[1],
        bits=layout.bits,
        pixel_spacing=fields.spacing_of(header),
        lossy=_is_lossy(file),
        synthetic=_is_synthetic(header),
        kvp=fields.kvp_of(header),
        exposure_mas=fields.exposure_of(header),
    )
    return Reading(radiograph, _identity_of(header))


def _read_picture(data: bytes, source: str) -> Reading:
    values = pictures.stored_values(data, source)
    radiograph = Radiograph(
        pixels=values,
        tone=picture_tone(values),
        source=source,
        photometric=GREY[1],
        bits=values.itemsize * 8,
        lossy=source == "jpeg",
    )
    return Reading(radiograph, Identity())


def _source_of(header: Header) -> str:
    """`dicom`, or what a file of our own stored form says it was made from."""
    derivation = header.text("DerivationDescription")
    return next((source for source, text in marks.DERIVATIONS.items() if text == derivation), "dicom")


def _is_lossy(file: DicomFile) -> bool:
    """Lossy Image Compression (0028,2110), else what the transfer syntax makes likely."""
    said = file.header.text("LossyImageCompression")
    return said == "01" or (said is None and file.transfer_syntax in LOSSY)


def _is_synthetic(header: Header) -> bool:
    quality_control = header.text("QualityControlImage")
    return marks.is_synthetic(quality_control, header.text("PatientID"), header.text("PatientName"))


def _identity_of(header: Header) -> Identity:
    patient = header.text("PatientID")
    return Identity(
        patient=None if patient is None else f"{header.text('IssuerOfPatientID') or ''}\\{patient}",
        device=_joined(header, *_EQUIPMENT, "StationName", "DeviceSerialNumber"),
        equipment=_joined(header, *_EQUIPMENT),
        study=header.text("StudyInstanceUID"),
        series=header.text("SeriesInstanceUID"),
        instance=header.text("SOPInstanceUID"),
        studied_on=fields.studied_on(header),
    )


def _joined(header: Header, *keywords: str) -> str | None:
    """The values, joined by backslashes, or None where the header has none of them."""
    values = [header.text(keyword) or "" for keyword in keywords]
    return "\\".join(values) if any(values) else None
