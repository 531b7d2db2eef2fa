"""A reader's word on the model's answer refers to it, and names no reader."""

from dataclasses import replace
from io import BytesIO

import pytest
from pydicom import dcmread

from cxr_core.dicom.answers.assessment import assessment
from cxr_core.dicom.answers.finding import Verdict
from cxr_core.dicom.answers.report import report
from cxr_core.records import Label, Reason
from tests.dicom.answers.material import OPINION, READ, enveloped, errors, named


def made(read=READ):
    return dcmread(BytesIO(assessment(enveloped(), OPINION, read)))


def code(ds, meaning):
    (item,) = named(ds, meaning)
    return item.ConceptCodeSequence[0].CodeValue


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("label", Label)
def test_it_says_what_the_reader_makes_of_the_answer(verdict, label, tmp_path):
    read = replace(READ, verdict=verdict, label=label, reason=None, regions=())
    ds = made(read)
    assert code(ds, "Reader's assessment of the AI result") == verdict.name
    said = {Label.PNEUMONIA: "52101004", Label.NORMAL: "272519000", Label.UNCERTAIN: "82334004"}
    assert code(ds, "Pneumonia") == said[label]
    assert named(ds, "Reason for differing from the AI result") == []
    assert errors(assessment(enveloped(), OPINION, read), tmp_path) == []


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_code_that_is_valid(reason, tmp_path):
    data = assessment(enveloped(), OPINION, replace(READ, reason=reason))
    assert code(dcmread(BytesIO(data)), "Reason for differing from the AI result") == reason.name
    assert errors(data, tmp_path) == []


def test_it_refers_to_the_models_report():
    ai = dcmread(BytesIO(report(enveloped(), OPINION)))
    (assessed,) = named(made(), "Assessed AI result")
    assert assessed.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == ai.SOPInstanceUID
    (study,) = made().CurrentRequestedProcedureEvidenceSequence
    evidence = {
        (series.SeriesInstanceUID, item.ReferencedSOPInstanceUID)
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    assert (ai.SeriesInstanceUID, ai.SOPInstanceUID) in evidence


def test_it_speaks_of_the_finding_that_the_report_speaks_of():
    ai = dcmread(BytesIO(report(enveloped(), OPINION)))
    spoken = [named(ds, "Tracking Unique Identifier")[0].UID for ds in (ai, made())]
    assert spoken[0] == spoken[1]


def test_its_regions_are_those_that_the_reader_drew():
    box, ellipse = named(made(), "Image Region")
    assert (box.GraphicType, list(box.GraphicData)) == ("POLYLINE", [10, 11, 30, 11, 30, 41, 10, 41, 10, 11])
    assert ellipse.GraphicType == "ELLIPSE"
    assert list(ellipse.GraphicData) == [40.5, 30.125, 70.5, 30.125, 55.5, 20, 55.5, 40.25]


def test_a_reader_has_no_name_but_the_pseudonym():
    (observer,) = named(made(), "Person Observer Name")
    assert observer.PersonName == "reader-3^"
    assert named(made(), "Device Observer UID") == []


def test_a_change_of_mind_names_the_word_that_it_takes_the_place_of():
    (study,) = made(replace(READ, number=18, predecessor=17)).PredecessorDocumentsSequence
    (item,) = study.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert item.ReferencedSOPInstanceUID == made().SOPInstanceUID
    assert made(replace(READ, number=18)).SOPInstanceUID != made().SOPInstanceUID
    assert "PredecessorDocumentsSequence" not in made()
