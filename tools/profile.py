"""What de-identification does with each attribute that DICOM's Basic Profile names: told by what comes out of it.

`basic_profile.tsv` has tag, keyword and the Basic Profile's action of each attribute in PS3.15 table E.1-1 (2026c).
X-rays that have them all are copied, with other values and under another secret; comparing the copies says what became
of each. Nothing here knows what the code is meant to do.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
)

from cxr_core.dicom.deidentify import deidentify

FACTS = Path(__file__).with_name("basic_profile.tsv")
KEPT, SHIFTED, KEYED, KEYED_UID, GENERALISED, OWN, EMPTIED, REMOVED, NO_FILE = (
    "kept", "shifted", "keyed pseudonym", "keyed UID", "generalised", "the program's own", "emptied", "removed",
    "only in messages",
)  # fmt: skip
"""What can become of an attribute."""
_CLASSES = {
    "CR": ComputedRadiographyImageStorage, "DX": DigitalXRayImageStorageForPresentation,
    "OT": SecondaryCaptureImageStorage,
}  # fmt: skip
_SECRETS = (b"a secret of 16 b", b"another of 16 b.")
_PRIVATE = 0x00091001
_VALUES = {
    "AE": ("CANARY771", "CANARY882"), "AS": ("047Y", "095Y"), "CS": ("CANARY771", "CANARY882"),
    "DA": ("19710813", "19820914"), "DT": ("19710813070809", "19820914080910"), "TM": ("070809", "080910"),
    "DS": ("771.25", "882.25"), "IS": ("771", "882"), "UI": ("1.2.826.771.1", "1.2.826.882.1"),
    "FD": (771.25, 882.25), "FL": (771.25, 882.25), "SL": (77177, 88288), "SS": (7717, 8828), "UL": (77177, 88288),
    "US": (7717, 8828), "AT": (0x00771177, 0x00882288), "OB": (b"CANARY771\0", b"CANARY882\0"),
    "OW": (b"CANARY771\0", b"CANARY882\0"), "UN": (b"CANARY771\0", b"CANARY882\0"),
}  # fmt: skip
"""Two values each; the ages, one that may stay and one that may not (PS3.15 E.1-1 note, 89 years)."""
_FITTING = {
    "PatientSex": ("F", "M"), "Manufacturer": ("Siemens 771", "CANARY 882"), "StudyDate": ("20210813", "20220914"),
}  # fmt: skip
"""Where reading looks for certain terms."""
_OTHERWISE = ("CANARY771", "CANARY882")


@dataclass(frozen=True)
class Attribute:
    """An attribute that the Basic Profile names."""

    tag: str
    """Eight hex digits, `xx` where a group repeats, or `private`."""
    keyword: str
    action: str
    """X, Z, D or U, or which of them by the attribute's type (PS3.15 table E.1-1a)."""

    @property
    def number(self) -> int:
        """Its tag, of a repeating group the first, of private ones that of one."""
        return _PRIVATE if self.tag == "private" else int(self.tag.replace("xx", "00"), 16)

    @property
    def vr(self) -> str:
        """Its VR; LO where the dictionary doesn't know it."""
        if not dictionary_has_tag(self.number):
            return "LO"
        return dictionary_VR(self.number).split(" or ")[0]


ALSO = (Attribute("00080070", "Manufacturer", "not named"), Attribute("00081090", "ManufacturerModelName", "not named"))
"""What the table doesn't name and copies have, changed."""


@cache
def attributes() -> tuple[Attribute, ...]:
    """All that the table names."""
    lines = FACTS.read_text(encoding="utf-8").splitlines()
    return tuple(Attribute(*line.split("\t")) for line in lines)


@cache
def became(attribute: Attribute) -> tuple[str, ...]:
    """What becomes of it, in X-rays of each kind; one answer where it is the same in all."""
    if attribute.number >> 16 == 0:
        return (NO_FILE,)
    return tuple(sorted({_became(attribute, modality) for modality in _CLASSES}))


def _became(attribute: Attribute, modality: str) -> str:
    first, second = values(attribute)
    one, other_value, other_secret = (
        _element(_copy(modality, *how), attribute) for how in ((0, 0), (1, 0), (0, 1))
    )  # fmt: skip
    if one is None:
        return REMOVED
    if not one.value:
        return EMPTIED
    if one.value == first and other_value is not None and other_value.value == second:
        return KEPT
    if other_secret is None or one.value != other_secret.value:
        return {"UI": KEYED_UID, "DA": SHIFTED}.get(one.VR, KEYED)
    return OWN if other_value is not None and one.value == other_value.value else GENERALISED


def _element(copy: Dataset, attribute: Attribute) -> DataElement | None:
    where = copy.file_meta if attribute.number >> 16 == 2 else copy
    return where.get(attribute.number)


@cache
def _copy(modality: str, which: int, secret: int) -> Dataset:
    """The copy of an X-ray that had every attribute, with the first or the second of its values."""
    return dcmread(BytesIO(deidentify(original(modality, which), _SECRETS[secret])))


def values(attribute: Attribute) -> tuple[Any, Any]:
    """The two values that it is tried with."""
    if attribute.vr == "SQ":
        return tuple([_item(text)] for text in _OTHERWISE)  # type: ignore[return-value]
    return _FITTING.get(attribute.keyword) or _VALUES.get(attribute.vr, _OTHERWISE)


def _item(text: str) -> Dataset:
    item = Dataset()
    item.CodeMeaning = item.PersonName = item.TextValue = text
    return item


def original(modality: str, which: int) -> bytes:
    """An X-ray of 64 x 64 pixels with every attribute, the first or the second of its values, as a DICOM file."""
    ds = _xray(modality)
    for attribute in (*attributes(), *ALSO):
        if attribute.number >> 16 == 0:
            continue
        where = ds.file_meta if attribute.number >> 16 == 2 else ds
        where.add_new(attribute.number, attribute.vr, values(attribute)[which])
    ds.add_new(_PRIVATE >> 16 << 16 | 0x10, "LO", "CANARY")
    file = BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _xray(modality: str) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID = _CLASSES[modality]
    ds.Modality, ds.BodyPartExamined = modality, "CHEST"
    ds.ViewPosition, ds.PatientOrientation, ds.ImagerPixelSpacing = "PA", ["L", "F"], [0.15, 0.15]
    ds.KVP, ds.ExposureInuAs = "120", 1200
    ds.Rows = ds.Columns = 64
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = np.arange(64 * 64, dtype="<u2").tobytes()
    ds["PixelData"].VR = "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def actions() -> str:
    """The table: what is done here, the Basic Profile's action, and the attributes of which both are true."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for attribute in (*attributes(), *ALSO):
        groups[" or ".join(became(attribute)), attribute.action].append(attribute.keyword)
    lines = ["| here | Basic Profile | attributes |", "| --- | --- | --- |"]
    for (here, action), keywords in sorted(groups.items()):
        lines.append(f"| {here} | {action} | {len(keywords)}: {', '.join(sorted(keywords))} |")
    return "\n".join(lines)


def codes() -> str:
    """What copies with a date, and without one, say of how they were made."""
    dated, undated = (_said_of(each) for each in (original("CR", 0), _without_date(original("CR", 0))))
    lines = ["| code | method | said of |", "| --- | --- | --- |"]
    for code, meaning in sorted(dated | undated):
        whose = "every file" if (code, meaning) in dated & undated else "files with a date"
        lines.append(f"| {code} | {meaning} | {whose} |")
    return "\n".join(lines)


def _said_of(data: bytes) -> set[tuple[str, str]]:
    copy = dcmread(BytesIO(deidentify(data, _SECRETS[0])))
    return {(str(item.CodeValue), str(item.CodeMeaning)) for item in copy.DeidentificationMethodCodeSequence}


def _without_date(data: bytes) -> bytes:
    ds, file = dcmread(BytesIO(data)), BytesIO()
    del ds.StudyDate
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def besides() -> str:
    """What copies have that the table doesn't name."""
    named = {attribute.number for attribute in (*attributes(), *ALSO)}
    found = {
        keyword_for_tag(element.tag)
        for modality in _CLASSES
        for element in _copy(modality, 0, 0).iterall()
        if element.tag not in named
    }
    return ", ".join(sorted(found)) + "."
