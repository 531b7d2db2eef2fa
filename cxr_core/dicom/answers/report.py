"""The model's answer as a report that machines can read, or why there is none: TID 1500, Comprehensive 3D SR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from highdicom.sr.coding import CodedConcept
from highdicom.sr.enum import RelationshipTypeValues
from highdicom.sr.templates import Measurement, PlanarROIMeasurementsAndQualitativeEvaluations
from highdicom.sr.value_types import CodeContentItem, ContentItem, ContentSequence

from cxr_core.dicom.answers import codes
from cxr_core.dicom.answers.content import (
    algorithm,
    anchor,
    by_device,
    comment,
    evaluation,
    of_image,
    of_region,
    tracked,
    tree,
)
from cxr_core.dicom.answers.documents import document, report_of
from cxr_core.dicom.answers.envelope import Envelope
from cxr_core.dicom.answers.finding import NOT_FOR_DIAGNOSIS, Finding
from cxr_core.dicom.answers.heat import regions
from cxr_core.dicom.answers.objects import Making
from cxr_core.dicom.answers.uids import Kind, earlier
from cxr_core.errors import BadInput
from cxr_core.records import Label


def report(envelope: Envelope, finding: Finding) -> bytes:
    """An opinion as a DICOM file: probability, answer, the rule between them, and where the evidence lies.

    Regions are the outlines at half the heatmap's peak, in pixels of the source, where the answer is Pneumonia and the
    heatmap may be shown. Raises BadInput where there is no opinion.
    """
    if finding.label is None or finding.probability is None:
        raise BadInput(f"image {finding.image_id[:12]}… was not analysed: its report is not_analysed's")
    is_pneumonia = finding.label is Label.PNEUMONIA
    opinion = of_image(
        envelope,
        finding,
        finding_type=codes.PNEUMONIA if is_pneumonia else None,
        algorithm_id=algorithm(finding),
        measurements=[_probability(finding.probability)],
        qualitative_evaluations=[evaluation(codes.PNEUMONIA, codes.PRESENCE[finding.label])],
    )
    groups = [opinion, *(_regions(envelope, finding) if is_pneumonia else [])]
    return _written(envelope, finding, groups)


def not_analysed(envelope: Envelope, finding: Finding) -> bytes:
    """That there is no opinion, as a DICOM file: for which reasons, coded, and in the words that the reader sees.

    It is the report of the same X-ray and model version: there is one or the other. Raises BadInput where there is an
    opinion, or no reason.
    """
    if finding.label is not None or not finding.refusals:
        raise BadInput(f"image {finding.image_id[:12]}… was analysed, or nobody says why not")
    why = dict.fromkeys(codes.REFUSALS.get(refusal.kind, codes.QUALITY) for refusal in finding.refusals)
    refused = of_image(
        envelope,
        finding,
        algorithm_id=algorithm(finding),
        qualitative_evaluations=[
            evaluation(codes.SUMMARY, codes.NOT_ATTEMPTED),
            *(evaluation(codes.WHY_NOT, reason) for reason in why),
        ],
    )
    sentences = [comment(f"Not analysed. {refusal.sentence}") for refusal in finding.refusals]
    return _written(envelope, finding, [refused], sentences)


def _written(envelope: Envelope, finding: Finding, groups: list[Any], sentences: Sequence[ContentItem] = ()) -> bytes:
    before = earlier(finding)
    return document(
        envelope,
        finding,
        Making(Kind.REPORT, finding.moment),
        tree(by_device(finding), groups, [*sentences, comment(NOT_FOR_DIAGNOSIS), *anchor(finding)]),
        before=None if before is None else report_of(envelope, before, Kind.REPORT),
    )


def _probability(probability: float) -> Measurement:
    """The calibrated probability, and of what it is one: TID 300."""
    measured = Measurement(codes.PROBABILITY, round(probability, 6), codes.NO_UNITS)
    of = CodeContentItem(
        CodedConcept.from_code(codes.FINDING),
        CodedConcept.from_code(codes.PNEUMONIA),
        RelationshipTypeValues.HAS_CONCEPT_MOD,
    )
    measured[0].ContentSequence = ContentSequence([of])
    return measured


def _regions(envelope: Envelope, finding: Finding) -> list[PlanarROIMeasurementsAndQualitativeEvaluations]:
    heatmap = finding.shown_heatmap
    if heatmap is None:
        return []
    rows, columns = envelope.integer("Rows") or 1, envelope.integer("Columns") or 1
    peak = Measurement(codes.GRAD_CAM, round(float(heatmap.max()), 6), codes.NO_UNITS, derivation=codes.MAXIMUM)
    return [
        of_region(
            envelope,
            tracked(envelope, finding, f"region {number}"),
            "POLYLINE",
            points,
            finding_type=codes.PNEUMONIA,
            algorithm_id=algorithm(finding),
            measurements=[peak] if number == 1 else [],
        )
        for number, points in enumerate(regions(heatmap, rows, columns), 1)
    ]
