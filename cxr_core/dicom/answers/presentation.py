"""The outlines as marks over the X-ray itself: Grayscale Softcopy Presentation State, PS3.3 A.33.1."""

from __future__ import annotations

import numpy as np
from highdicom.color import CIELabColor
from highdicom.pr.content import GraphicAnnotation, GraphicLayer, GraphicObject, TextObject
from highdicom.pr.sop import GrayscaleSoftcopyPresentationState
from pydicom.dataset import Dataset

from cxr_core.dicom.answers.documents import stand_in
from cxr_core.dicom.answers.envelope import Envelope, to_file
from cxr_core.dicom.answers.finding import NOT_FOR_DIAGNOSIS, Finding, percent
from cxr_core.dicom.answers.heat import regions
from cxr_core.dicom.answers.objects import SERIES_NUMBERS, Making, address, lateral
from cxr_core.dicom.answers.uids import Kind, instance_uid, series_uid, tracking_uid
from cxr_core.dicom.display_curve import display_curve
from cxr_core.dicom.layout import INVERTED
from cxr_core.dicom.marks import PROGRAM
from cxr_core.errors import BadInput
from cxr_core.records import Floats, Tone

_LAYER = "AI"
_ORANGE = CIELabColor(75.0, 22.0, 48.0)
_TEXT_BOX = (0.02, 0.02, 0.6, 0.06)
"""Left, top, right, bottom, as shares of the display: beside the lungs, mostly."""


def presentation_state(envelope: Envelope, finding: Finding, tone: Tone) -> bytes:
    """Marks over the X-ray as a DICOM file: the outlines at half the heatmap's peak, the answer, and how to display it.

    `tone` is the curve by which the program displays it. Raises BadInput where no heatmap may be shown.
    """
    heatmap = finding.shown_heatmap
    if heatmap is None:
        raise BadInput(f"no heatmap of image {finding.image_id[:12]}… may be shown: there is nothing to mark")
    source = stand_in(envelope)
    layer = GraphicLayer(_LAYER, order=1, description=NOT_FOR_DIAGNOSIS, display_color=_ORANGE)
    marks = GraphicAnnotation(
        [source], layer, graphic_objects=_lines(envelope, finding, heatmap), text_objects=[_text(finding)]
    )
    state = GrayscaleSoftcopyPresentationState(
        referenced_images=[source],
        series_instance_uid=series_uid(envelope, finding, Kind.MARKS),
        series_number=SERIES_NUMBERS[Kind.MARKS],
        sop_instance_uid=instance_uid(envelope, finding, Kind.MARKS),
        instance_number=1,
        manufacturer=PROGRAM,
        manufacturer_model_name=PROGRAM,
        software_versions=finding.program,
        device_serial_number=finding.weights_sha256[:16],
        content_label="AI_PNEUMONIA",
        content_description=NOT_FOR_DIAGNOSIS,
        graphic_annotations=[marks],
        graphic_layers=[layer],
    )
    ds = Dataset()
    ds.update({element.tag: element for element in state})
    _display(ds, envelope, tone)
    lateral(ds, envelope)
    address(ds, envelope, finding, Making(Kind.MARKS, finding.moment))
    ds.PresentationCreationDate, ds.PresentationCreationTime = ds.ContentDate, ds.ContentTime
    del ds.ContentDate, ds.ContentTime  # which this kind of object has no room for
    return to_file(ds)


def _lines(envelope: Envelope, finding: Finding, heatmap: Floats) -> list[GraphicObject]:
    rows, columns = envelope.integer("Rows") or 1, envelope.integer("Columns") or 1
    return [
        GraphicObject(
            "POLYLINE",
            np.asarray(points),
            units="PIXEL",
            tracking_id=f"AI pneumonia, region {number}",
            tracking_uid=tracking_uid(envelope, finding, f"region {number}"),
        )
        for number, points in enumerate(regions(heatmap, rows, columns), 1)
    ]


def _text(finding: Finding) -> TextObject:
    said = f"{NOT_FOR_DIAGNOSIS}: {finding.label} {percent(finding.probability or 0.0)}"
    return TextObject(said, units="DISPLAY", bounding_box=_TEXT_BOX, text_justification="LEFT")


def _display(ds: Dataset, envelope: Envelope, tone: Tone) -> None:
    """The program's own display curve, so that the X-ray looks as it did there: PS3.3 C.11.6, C.11.8.

    A presentation state stands in for the image's own curve and polarity: MONOCHROME1 is said again by INVERSE.
    """
    inverted = envelope.text("PhotometricInterpretation") == INVERTED
    curve = Dataset()
    curve.VOILUTSequence = [display_curve(tone, inverted, signed=tone.lowest < 0)]
    ds.SoftcopyVOILUTSequence = [curve]
    ds.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
