"""The UIDs of answers: each follows from the site's secret and from what it names, so no image is answered twice."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from cxr_core.dicom.answers.envelope import Envelope
from cxr_core.dicom.answers.finding import Finding
from cxr_core.dicom.pseudonym import keyed_uid


class Kind(StrEnum):
    """What an answer is: a model version gives one of each to an image."""

    PICTURE = "picture"
    REPORT = "report"
    """An opinion, or why there is none."""
    MARKS = "marks"
    ASSESSMENT = "assessment"


def instance_uid(envelope: Envelope, finding: Finding, kind: Kind, read: int | None = None) -> str:
    """SOP Instance UID of an answer to an image by a model version; of an assessment, by the number of the read."""
    return _uid(finding.key, f"{kind} instance", _source(envelope), finding.weights_sha256, str(read or ""))


def series_uid(envelope: Envelope, finding: Finding, kind: Kind) -> str:
    """Series Instance UID of all such answers to images of one study."""
    return _uid(finding.key, f"{kind} series", envelope.text("StudyInstanceUID") or "", finding.weights_sha256)


def tracking_uid(envelope: Envelope, finding: Finding, part: str) -> str:
    """Tracking UID (PS3.16 TID 4108) of a part of the finding, by which report and marks speak of the same."""
    return _uid(finding.key, f"tracking {part}", _source(envelope), finding.weights_sha256)


def device_uid(finding: Finding) -> str:
    """Device UID (0018,1002): another one for each model version."""
    return _uid(finding.key, "device", finding.weights_sha256)


def earlier(finding: Finding) -> Finding | None:
    """A stand-in for the finding that this one takes the place of, good for UIDs only; None where it is the first."""
    if finding.predecessor is None:
        return None
    return replace(finding, weights_sha256=finding.predecessor, predecessor=None)


def _source(envelope: Envelope) -> str:
    return envelope.text("SOPInstanceUID") or ""


def _uid(key: bytes, kind: str, *values: str) -> str:
    return keyed_uid(key, f"answer {kind}", "\0".join(values))
