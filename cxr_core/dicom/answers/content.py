"""The parts of which the trees of reports are made: PS3.16 TID 1500 and the templates below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from highdicom.sr.coding import CodedConcept
from highdicom.sr.content import ImageRegion, SourceImageForMeasurementGroup, SourceImageForRegion
from highdicom.sr.enum import RelationshipTypeValues
from highdicom.sr.templates import (
    AlgorithmIdentification,
    DeviceObserverIdentifyingAttributes,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    TrackingIdentifier,
)
from highdicom.sr.value_types import ContentItem, TextContentItem
from numpy.typing import NDArray
from pydicom.sr.coding import Code

from cxr_core.dicom.answers import codes
from cxr_core.dicom.answers.documents import stand_in
from cxr_core.dicom.answers.envelope import Envelope
from cxr_core.dicom.answers.finding import Finding, plain
from cxr_core.dicom.answers.uids import device_uid, tracking_uid
from cxr_core.dicom.marks import PROGRAM

CONTAINS = RelationshipTypeValues.CONTAINS
_LONGEST_TEXT = 1024


def tree(observed: ObservationContext, groups: Sequence[Any], items: Sequence[ContentItem]) -> MeasurementReport:
    """A report of measurement groups, and `items` after them."""
    report = MeasurementReport(observed, procedure_reported=codes.CHEST_XRAY, imaging_measurements=groups)
    report[0].ContentSequence.extend(items)
    return report


def by_device(finding: Finding) -> ObservationContext:
    """That the model version is the observer: TID 1004."""
    attributes = DeviceObserverIdentifyingAttributes(
        uid=device_uid(finding),
        name=PROGRAM,
        manufacturer_name=PROGRAM,
        model_name=plain(finding.model, 64),
        serial_number=finding.weights_sha256[:16],
    )
    return ObservationContext(observer_device_context=ObserverContext(CodedConcept.from_code(codes.DEVICE), attributes))


def by_person(pseudonym: str) -> ObservationContext:
    """That a reader is the observer: TID 1003. The pseudonym stands as a family name."""
    attributes = PersonObserverIdentifyingAttributes(name=f"{plain(pseudonym, 60).replace('^', ' ')}^")
    return ObservationContext(observer_person_context=ObserverContext(CodedConcept.from_code(codes.PERSON), attributes))


def of_image(envelope: Envelope, finding: Finding, **said: Any) -> MeasurementsAndQualitativeEvaluations:
    """What is said of the X-ray as a whole: TID 1501."""
    source = SourceImageForMeasurementGroup.from_source_image(stand_in(envelope))
    tracking = tracked(envelope, finding, "image")
    return MeasurementsAndQualitativeEvaluations(tracking, source_images=[source], **said)


def of_region(
    envelope: Envelope, tracking: TrackingIdentifier, kind: str, points: NDArray[np.floating], **said: Any
) -> PlanarROIMeasurementsAndQualitativeEvaluations:
    """What is said of a region: TID 1410. `points`: n x 2, (x, y) in pixels of the source, of a graphic type `kind`."""
    source = SourceImageForRegion.from_source_image(stand_in(envelope))
    region = ImageRegion(kind, np.asarray(points, np.float64), source)
    return PlanarROIMeasurementsAndQualitativeEvaluations(tracking, referenced_region=region, **said)


def tracked(envelope: Envelope, finding: Finding, part: str) -> TrackingIdentifier:
    """By what report, marks and assessment speak of the same part of a finding: TID 4108."""
    return TrackingIdentifier(tracking_uid(envelope, finding, part), f"AI pneumonia, {part}")


def algorithm(finding: Finding) -> AlgorithmIdentification:
    """The model version and the rule by which its probability becomes an answer: TID 4019."""
    parameters = [
        f"threshold={finding.threshold:.4f}",
        f"Normal up to={finding.normal_up_to:.4f}",
        f"Pneumonia from={finding.pneumonia_from:.4f}",
        f"weights SHA-256={finding.weights_sha256}",
        f"program={finding.program}",
        *([f"judged as if it had not been {finding.put_right}"] if finding.put_right else []),
    ]
    return AlgorithmIdentification(
        name=PROGRAM,
        version=plain(finding.model, 64),
        parameters=[plain(parameter, _LONGEST_TEXT) for parameter in parameters],
        family=codes.ARTIFICIAL_INTELLIGENCE,
    )


def evaluation(name: Code, value: Code) -> QualitativeEvaluation:
    """A coded answer to a coded question."""
    return QualitativeEvaluation(name, value)


def anchor(finding: Finding) -> list[TextContentItem]:
    """The end of the audit chain as a remark, if the finding tells it."""
    return [comment(f"Audit chain: {finding.audit_head}")] if finding.audit_head else []


def comment(text: str) -> TextContentItem:
    """A remark in plain words."""
    return TextContentItem(CodedConcept.from_code(codes.COMMENT), plain(text, _LONGEST_TEXT), CONTAINS)
