"""A reader's word on the model's answer as a report: agrees, changes or rejects, which label, why, and where.

It refers to the model's report, and takes the place of an earlier word of the reader's where there was one. PS3.16 has
no template for it: it is one of TID 1500, whose questions beyond that are codes of our own.
"""

from __future__ import annotations

import numpy as np
from highdicom.sr.coding import CodedConcept
from highdicom.sr.templates import (
    MeasurementsAndQualitativeEvaluations,
    PlanarROIMeasurementsAndQualitativeEvaluations,
)
from highdicom.sr.value_types import CompositeContentItem
from numpy.typing import NDArray

from cxr_core.dicom.answers import codes
from cxr_core.dicom.answers.content import (
    CONTAINS,
    anchor,
    by_person,
    comment,
    evaluation,
    of_image,
    of_region,
    tracked,
    tree,
)
from cxr_core.dicom.answers.documents import document, report_of
from cxr_core.dicom.answers.envelope import Envelope
from cxr_core.dicom.answers.finding import Finding, Read
from cxr_core.dicom.answers.objects import Making
from cxr_core.dicom.answers.uids import Kind, earlier
from cxr_core.records import Region, Shape

NO_REPORT = "A reader's word on an AI output - not a diagnostic report"


def assessment(envelope: Envelope, finding: Finding, read: Read) -> bytes:
    """What a reader makes of the model's answer, as a DICOM file. The reader is named by the pseudonym of `read`."""
    ai = report_of(envelope, finding, Kind.REPORT)
    assessed = CompositeContentItem(CodedConcept.from_code(codes.ASSESSED), ai.SOPClassUID, ai.SOPInstanceUID, CONTAINS)
    then = earlier(finding) or finding
    before = None if read.predecessor is None else report_of(envelope, then, Kind.ASSESSMENT, read.predecessor)
    groups = [_word(envelope, finding, read), *_regions(envelope, finding, read)]
    return document(
        envelope,
        finding,
        Making(Kind.ASSESSMENT, read.moment, read.number),
        tree(by_person(read.reader), groups, [assessed, comment(NO_REPORT), *anchor(finding)]),
        evidence=[ai],
        before=before,
    )


def _word(envelope: Envelope, finding: Finding, read: Read) -> MeasurementsAndQualitativeEvaluations:
    answers = [
        evaluation(codes.VERDICT, codes.VERDICTS[read.verdict]),
        evaluation(codes.PNEUMONIA, codes.PRESENCE[read.label]),
        *([evaluation(codes.WHY_DIFFERENT, codes.reason(read.reason))] if read.reason else []),
    ]
    return of_image(envelope, finding, qualitative_evaluations=answers)


def _regions(envelope: Envelope, finding: Finding, read: Read) -> list[PlanarROIMeasurementsAndQualitativeEvaluations]:
    return [
        of_region(
            envelope,
            tracked(envelope, finding, f"read {read.number}, region {number}"),
            "ELLIPSE" if region.shape is Shape.ELLIPSE else "POLYLINE",
            _points(region),
            finding_type=codes.MARKED,
        )
        for number, region in enumerate(read.regions, 1)
    ]


def _points(region: Region) -> NDArray[np.float64]:
    """A box as a closed line, an ellipse as the ends of its longer axis and then of its shorter: PS3.3 C.18.6.1.2."""
    left, top, right, bottom = region.x, region.y, region.x + region.width, region.y + region.height
    if region.shape is Shape.BOX:
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
    x, y = (left + right) / 2, (top + bottom) / 2
    across, down = [(left, y), (right, y)], [(x, top), (x, bottom)]
    return np.array([*across, *down] if region.width >= region.height else [*down, *across])
