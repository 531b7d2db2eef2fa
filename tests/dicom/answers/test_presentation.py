"""The marks lie on the X-ray itself, as the program displays it."""

import subprocess
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from cxr_core.dicom.answers.heat import outlines
from cxr_core.dicom.answers.presentation import presentation_state
from cxr_core.dicom.answers.report import report
from cxr_core.dicom.reading import read
from cxr_core.dicom.tone import quantised
from cxr_core.errors import BadInput
from tests.debian import program
from tests.dicom.answers.material import (
    COLUMNS,
    FULL_RANGE,
    NORMAL,
    OPINION,
    REFUSED,
    ROWS,
    UNCERTAIN,
    WHO,
    enveloped,
    named,
    received,
)


def made(finding=OPINION, data=None, tone=FULL_RANGE):
    return dcmread(BytesIO(presentation_state(enveloped(data), finding, tone)))


def test_it_marks_the_x_ray_with_the_outline_of_the_evidence():
    (marks,) = made().GraphicAnnotationSequence
    (drawn,) = marks.GraphicObjectSequence
    (line,) = outlines(OPINION.heatmap, 0.5, ROWS, COLUMNS)
    assert (drawn.GraphicAnnotationUnits, drawn.GraphicType, marks.GraphicLayer) == ("PIXEL", "POLYLINE", "AI")
    assert np.abs(np.array(drawn.GraphicData).reshape(-1, 2) - line).max() < 0.5
    assert marks.ReferencedImageSequence[0].ReferencedSOPInstanceUID == WHO["SOPInstanceUID"]


def test_report_and_marks_speak_of_the_same_region():
    spoken = [item.UID for item in named(dcmread(BytesIO(report(enveloped(), OPINION))), "Tracking Unique Identifier")]
    assert made().GraphicAnnotationSequence[0].GraphicObjectSequence[0].TrackingUID == spoken[1]


def test_it_says_what_the_marks_are():
    ds = made(UNCERTAIN)
    (text,) = ds.GraphicAnnotationSequence[0].TextObjectSequence
    assert text.UnformattedTextValue == "AI output - not for diagnosis: Uncertain 55 %"
    assert (ds.ContentLabel, ds.ContentDescription) == ("AI_PNEUMONIA", "AI output - not for diagnosis")


@pytest.mark.parametrize("attributes", [{}, {"WindowCenter": "900", "WindowWidth": "1200"}], ids=["full", "window"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("kind", ["CR", "DX"])
def test_another_viewer_displays_the_x_ray_by_it_as_the_program_does(kind, photometric, attributes, tmp_path):
    data = received(kind, photometric, **attributes)
    radiograph = read(data).radiograph
    (tmp_path / "xray").write_bytes(data)
    (tmp_path / "state").write_bytes(presentation_state(enveloped(data), OPINION, radiograph.tone))
    render = [program("dcmp2pgm", "dcmtk"), "-p", tmp_path / "state", tmp_path / "xray", tmp_path / "shown.pgm"]
    subprocess.run(render, check=True, capture_output=True)
    shown = np.asarray(Image.open(tmp_path / "shown.pgm")) / 255
    assert np.allclose(shown, radiograph.tone(radiograph.pixels), atol=1.5 / 255)


def test_values_below_nothing_have_a_curve_too():
    curve = made(tone=quantised(np.linspace(0, 1, 4096), -2048)).SoftcopyVOILUTSequence[0].VOILUTSequence[0]
    assert (curve["LUTDescriptor"].VR, list(curve.LUTDescriptor)) == ("SS", [4096, -2048, 16])


@pytest.mark.parametrize("finding", [NORMAL, REFUSED, replace(OPINION, heatmap_doubt="It moves.")])
def test_there_is_none_where_no_heatmap_may_be_shown(finding):
    with pytest.raises(BadInput, match="nothing to mark"):
        made(finding)
