"""X-rays of patients whose names nothing may tell, and what servers say of them."""

from __future__ import annotations

import json
from io import BytesIO

from pydicom import dcmread

from cxr_core.dicom.phantoms.phantom import phantom

CANARY = "Canaryname"
"""Patient name and ID have it: whatever is printed, logged or raised is searched for it."""


def film(number=1, rows=64, **attributes):
    """A small X-ray as a DICOM file, of a patient with a name."""
    ds = dcmread(BytesIO(phantom(number, True, rows=rows)))
    ds.PatientName, ds.PatientID = f"{CANARY}^{number}", f"{CANARY}-{number}"
    for name, value in attributes.items():
        setattr(ds, name, value)
    file = BytesIO()
    ds.save_as(file)
    return file.getvalue()


def header(file):
    """Its attributes, without pixels."""
    return dcmread(BytesIO(file), stop_before_pixels=True)


def uid(file):
    """Its SOP Instance UID."""
    return str(header(file).SOPInstanceUID)


def store_response(stored=(), failed=()):
    """A Store Instances Response (PS3.18, table I.1-1): SOP Instance UIDs, and pairs of one and its failure reason."""
    said = {"00081199": [{"00081155": _value("UI", each)} for each in stored]}
    said["00081198"] = [{"00081155": _value("UI", each), "00081197": _value("US", code)} for each, code in failed]
    return json.dumps({tag: {"vr": "SQ", "Value": found} for tag, found in said.items() if found}).encode()


def result(**values):
    """A result of a search; UI, DA and the like by tag, as t0020000D="1.2.3"."""
    return {tag.removeprefix("t"): _value("UI", value) for tag, value in values.items()}


def _value(vr, value):
    return {"vr": vr, "Value": [value]}
