"""What a DICOM header says of an X-ray, in the program's words. A value that doesn't fit reads as absent."""

from __future__ import annotations

import re
from datetime import date, datetime

from cxr_core.dicom.elements import Header

MAX_AGE = 90
"""Ages above 89 can identify a person (45 CFR 164.514 (b)(2)(i)(C)): they all read as 90."""
VIEWS = frozenset(("PA", "AP", "LL", "RL", "RLD", "LLD", "RLO", "LLO", "LATERAL", "OBLIQUE", "LORDOTIC"))
"""Values of Radiograph.view: the terms of PS3.3 C.8.7.1 and three that senders use beside them."""
MANUFACTURERS = (
    "Agfa", "Canon", "Carestream", "DRGEM", "Fujifilm", "GE", "Hologic", "Kodak", "Konica Minolta", "Mindray",
    "Philips", "Samsung", "Shimadzu", "Siemens", "Swissray", "Toshiba", "United Imaging", "Varian", "Vieworks",
)  # fmt: skip
OTHER_MANUFACTURER = "Other"
KILOVOLTS = (10, 200)
MILLIAMPERE_SECONDS = (0.001, 2000)
"""What is plausible of an X-ray tube: outside of it a value reads as absent."""

_VIEW_WORDS = {"LAT": "LATERAL", "LLAT": "LL", "RLAT": "RL", "OBL": "OBLIQUE"} | {view: view for view in VIEWS}
_VIEW_CODES = {
    "272479007": "PA", "399348003": "AP", "399173006": "LL", "399198007": "RL", "399067008": "LATERAL",
    "399182000": "OBLIQUE", "399135007": "OBLIQUE", "399356000": "OBLIQUE", "399006002": "OBLIQUE",
    "399038007": "OBLIQUE", "399184004": "OBLIQUE", "399236003": "OBLIQUE",
    "R-10214": "PA", "R-10206": "AP", "R-10236": "LL", "R-10232": "RL",
}  # fmt: skip
"""SNOMED CT and SNOMED RT codes of PS3.16 CID 4010, DX View."""
_MAKER_WORDS = {
    "AGFA": "Agfa", "CANON": "Canon", "CARESTREAM": "Carestream", "DRGEM": "DRGEM", "FUJI": "Fujifilm", "GE": "GE",
    "GEMS": "GE", "HOLOGIC": "Hologic", "KODAK": "Kodak", "KONICA": "Konica Minolta", "MINDRAY": "Mindray",
    "PHILIPS": "Philips", "SAMSUNG": "Samsung", "SHIMADZU": "Shimadzu", "SIEMENS": "Siemens", "SWISSRAY": "Swissray",
    "TOSHIBA": "Toshiba", "UIH": "United Imaging", "VARIAN": "Varian", "VIEWORKS": "Vieworks",
    "FUJIFILM": "Fujifilm", "UNITED IMAGING": "United Imaging", "GENERAL ELECTRIC": "GE",
}  # fmt: skip
_DAYS_PER = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}


def view_of(header: Header) -> str | None:
    """The projection, one of VIEWS: View Position, else View Code Sequence, else None."""
    words = re.findall(r"[A-Z]+", " ".join(header.texts("ViewPosition")).upper())
    known = (_VIEW_WORDS[word] for word in words if word in _VIEW_WORDS)
    codes = (item.text("CodeValue") for item in header.items("ViewCodeSequence"))
    return next(known, None) or next((_VIEW_CODES[code] for code in codes if code in _VIEW_CODES), None)


def orientation_of(header: Header) -> tuple[str, str] | None:
    """The directions of rows and columns, each of up to three of A, P, R, L, H, F (PS3.3 C.7.6.1.1.1), else None."""
    match header.texts("PatientOrientation"):
        case [row, column] if re.fullmatch(r"[APRLHF]{1,3}", row) and re.fullmatch(r"[APRLHF]{1,3}", column):
            return row, column
    return None


def age_of(header: Header) -> int | None:
    """Whole years, 0 to MAX_AGE: Patient's Age (PS3.5 6.2, AS), else from birth date and study date."""
    if written := re.fullmatch(r"(\d{1,3})([DWMY])", (header.text("PatientAge") or "").upper()):
        days = int(written[1]) * _DAYS_PER[written[2]]
        return min(int(days / _DAYS_PER["Y"]), MAX_AGE)
    born, studied = _date(header.text("PatientBirthDate")), studied_on(header)
    if born is None or studied is None or studied < born:
        return None
    years = studied.year - born.year - ((studied.month, studied.day) < (born.month, born.day))
    return min(years, MAX_AGE)


def studied_on(header: Header) -> date | None:
    """Study Date (0008,0020), where it is a date."""
    return _date(header.text("StudyDate"))


def _date(text: str | None) -> date | None:
    if text is None or not re.fullmatch(r"\d{8}", text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        return None


def sex_of(header: Header) -> str | None:
    """`M`, `F` or `O` (PS3.3 C.7.1.1), else None."""
    sex = (header.text("PatientSex") or "").upper()
    return sex if sex in ("M", "F", "O") else None


def manufacturer_of(header: Header) -> str | None:
    """One of MANUFACTURERS, `Other`, or None where the header names none: free text never gets through."""
    written = header.text("Manufacturer")
    if written is None:
        return None
    words = f" {' '.join(re.findall(r'[A-Z]+', written.upper()))} "
    return next((maker for word, maker in _MAKER_WORDS.items() if f" {word} " in words), OTHER_MANUFACTURER)


def spacing_of(header: Header) -> tuple[float, float] | None:
    """Millimetres between rows and between columns, to six digits: at the detector, else as calibrated."""
    for keyword in ("ImagerPixelSpacing", "PixelSpacing"):
        values = header.numbers(keyword)
        if len(values) == 2 and all(0.001 <= value <= 10 for value in values):
            return float(f"{values[0]:.6g}"), float(f"{values[1]:.6g}")
    return None


def kvp_of(header: Header) -> float | None:
    """The tube's peak voltage in kilovolt, 10 to 200, to four digits: KVP (PS3.3 C.8.1.2, C.8.7.9), else None."""
    voltage = _positive(header, "KVP")
    return float(f"{voltage:.4g}") if KILOVOLTS[0] <= voltage <= KILOVOLTS[1] else None


def exposure_of(header: Header) -> float | None:
    """The exposure in mAs, 0.001 to 2000, to whole microampere seconds and four digits, else None.

    Exposure in µAs, else Exposure, else Exposure Time by X-Ray Tube Current (PS3.3 C.8.1.2, C.8.7.9): the first that
    is plausible, since machines write zeros where they don't know.
    """
    milliseconds = _positive(header, "ExposureTimeInuS") / 1000 or _positive(header, "ExposureTime")
    milliamperes = _positive(header, "XRayTubeCurrentInuA") / 1000 or _positive(header, "XRayTubeCurrent")
    said = (
        _positive(header, "ExposureInuAs") / 1000,
        _positive(header, "Exposure"),
        milliseconds * milliamperes / 1000,
    )
    low, high = MILLIAMPERE_SECONDS
    return next((float(f"{round(value, 3):.4g}") for value in said if low <= value <= high), None)


def _positive(header: Header, keyword: str) -> float:
    """The first value of a DS or IS element, 0 where it is absent or negative."""
    return max(next(iter(header.numbers(keyword)), 0.0), 0.0)
