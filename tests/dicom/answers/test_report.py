"""The report says in codes and numbers what the model says, where, and by which rule; a refusal says why: TID 1500."""

import subprocess
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread

from cxr_core.dicom.answers.heat import enlarged, outlines
from cxr_core.dicom.answers.report import not_analysed, report
from cxr_core.errors import BadInput
from cxr_core.model.gate.objection import Kind
from cxr_core.records import Label
from tests.debian import program
from tests.dicom.answers.material import COLUMNS, NORMAL, OPINION, REFUSED, ROWS, UNCERTAIN, WHO, enveloped, named


def made(finding=OPINION):
    return dcmread(BytesIO((not_analysed if finding.label is None else report)(enveloped(), finding)))


def codes(ds, meaning):
    return [
        (item.ConceptCodeSequence[0].CodeValue, item.ConceptCodeSequence[0].CodeMeaning) for item in named(ds, meaning)
    ]


def printed(data, folder):
    (folder / "a.dcm").write_bytes(data)
    dump = [program("dsrdump", "dcmtk"), "+Pl", folder / "a.dcm"]
    return subprocess.run(dump, capture_output=True, text=True, check=True).stdout


def test_another_program_prints_what_it_says(tmp_path):
    text = printed(report(enveloped(), OPINION), tmp_path)
    for said in ('"Probability")="0.9342"', "threshold=0.8574", "site-r7", "Present", "not for diagnosis", "SCOORD"):
        assert said in text


def test_it_is_complete_but_nobody_has_verified_it():
    ds = made()
    assert (ds.CompletionFlag, ds.VerificationFlag, ds.PreliminaryFlag) == ("COMPLETE", "UNVERIFIED", "PRELIMINARY")
    assert "PerformedProcedureCodeSequence" in ds
    assert "ReferencedPerformedProcedureStepSequence" in ds
    assert ds.ContentTemplateSequence[0].TemplateIdentifier == "1500"


@pytest.mark.parametrize(
    ("finding", "presence"), [(OPINION, "Present"), (NORMAL, "Absent"), (UNCERTAIN, "Indeterminate")]
)
def test_it_says_whether_there_is_pneumonia_and_how_probable_it_is(finding, presence):
    ds = made(finding)
    assert [meaning for _, meaning in codes(ds, "Pneumonia")] == [presence]
    (measured,) = named(ds, "Probability")
    assert measured.MeasuredValueSequence[0].NumericValue == finding.probability
    assert "Finding" in {i.ConceptNameCodeSequence[0].CodeMeaning for i in measured.ContentSequence}


def test_it_names_model_and_rule():
    ds = made()
    assert [item.TextValue for item in named(ds, "Algorithm Version")][:1] == ["site-r7"]
    parameters = [item.TextValue for item in named(ds, "Algorithm Parameters")]
    assert {"threshold=0.8574", f"weights SHA-256={OPINION.weights_sha256}"} <= set(parameters)
    (device,) = named(ds, "Device Observer UID")
    assert ds.ContributingEquipmentSequence[-1].DeviceUID == device.UID
    assert "judged as if it had not been inverted" in [
        item.TextValue for item in named(made(replace(OPINION, put_right="inverted")), "Algorithm Parameters")
    ]


def test_its_evidence_is_the_x_ray():
    (study,) = made().CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    assert (study.StudyInstanceUID, series.SeriesInstanceUID) == (WHO["StudyInstanceUID"], WHO["SeriesInstanceUID"])
    assert [item.ReferencedSOPInstanceUID for item in series.ReferencedSOPSequence] == [WHO["SOPInstanceUID"]]


def test_its_region_is_the_outline_at_half_the_peak_to_half_a_pixel():
    (region,) = named(made(), "Image Region")
    points = np.array(region.GraphicData).reshape(-1, 2)
    (line,) = outlines(OPINION.heatmap, 0.5, ROWS, COLUMNS)
    assert (region.GraphicType, points[0].tolist()) == ("POLYLINE", points[-1].tolist())
    assert np.abs(points - line).max() < 0.5
    rows, columns = (points.T[::-1] * np.array([[7 / ROWS], [7 / COLUMNS]]) * 32).astype(int)
    values = enlarged(OPINION.heatmap)
    assert np.abs(values[rows, columns] / values.max() - 0.5).max() < 0.05


@pytest.mark.parametrize("finding", [NORMAL, UNCERTAIN, replace(OPINION, heatmap_doubt="It moves.")])
def test_it_shows_no_region_where_none_may_be_shown(finding):
    assert named(made(finding), "Image Region") == []


def test_regions_are_tracked_apart():
    heatmap = np.zeros((7, 7), np.float32)
    heatmap[1, 1], heatmap[5, 5] = 1, 0.9
    ds = made(replace(OPINION, heatmap=heatmap))
    uids = [item.UID for item in named(ds, "Tracking Unique Identifier")]
    assert len(named(ds, "Image Region")) == 2
    assert len(uids) == len(set(uids)) == 3


def test_a_later_version_names_the_report_that_it_takes_the_place_of():
    later = made(replace(OPINION, weights_sha256="cd" * 32, predecessor=OPINION.weights_sha256))
    (study,) = later.PredecessorDocumentsSequence
    (series,) = study.ReferencedSeriesSequence
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == made().SOPInstanceUID
    assert series.SeriesInstanceUID == made().SeriesInstanceUID


def test_a_refusal_says_in_codes_and_words_why(tmp_path):
    ds = made(REFUSED)
    assert codes(ds, "Summary of Analyses") == [("111225", "Not Attempted")]
    assert [value for value, _ in codes(ds, "Reason for giving no opinion")] == ["113001", "AGE"]
    comments = [item.TextValue for item in named(ds, "Comment")]
    assert comments[:2] == [f"Not analysed. {refusal.sentence}" for refusal in REFUSED.refusals]
    assert named(ds, "Probability") == []
    assert "Rejected for Quality Reasons" in printed(not_analysed(enveloped(), REFUSED), tmp_path)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_objection_has_a_code(kind):
    refused = replace(REFUSED, refusals=(replace(REFUSED.refusals[0], kind=kind.value),))
    (found,) = codes(made(refused), "Reason for giving no opinion")
    assert (found[0] == "113001") == (kind is Kind.QUALITY)


def test_codes_of_our_own_say_whose_they_are():
    (scheme,) = made(REFUSED).CodingSchemeIdentificationSequence
    assert (scheme.CodingSchemeDesignator, scheme.CodingSchemeResponsibleOrganization) == (
        "99CXRSR", "CXR Second Reader",
    )  # fmt: skip


def test_an_opinion_is_no_refusal_and_the_other_way_round():
    with pytest.raises(BadInput, match="not analysed"):
        report(enveloped(), REFUSED)
    for finding in (OPINION, replace(REFUSED, refusals=())):
        with pytest.raises(BadInput, match="why not"):
            not_analysed(enveloped(), finding)


def test_labels_are_all_answered():
    assert {made(replace(OPINION, label=label)).SOPInstanceUID for label in Label} == {made().SOPInstanceUID}


@pytest.mark.parametrize(("make", "finding"), [(report, OPINION), (not_analysed, REFUSED)])
def test_it_tells_where_the_audit_chain_ended_if_that_is_known(tmp_path, make, finding):
    anchored = replace(finding, audit_head=f"81230 {'5f' * 32}")
    data = make(enveloped(), anchored)
    assert f"Audit chain: 81230 {'5f' * 32}" in printed(data, tmp_path)
    assert data == make(enveloped(), anchored)
    assert b"Audit chain" not in make(enveloped(), finding)
