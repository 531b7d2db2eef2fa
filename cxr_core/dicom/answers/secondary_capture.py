"""The picture of an answer as a DICOM object that every viewer shows: Secondary Capture Image, PS3.3 A.8.1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from cxr_core.dicom.answers.envelope import Envelope, copied, to_file
from cxr_core.dicom.answers.finding import NOT_FOR_DIAGNOSIS, Finding, plain
from cxr_core.dicom.answers.objects import Making, address, at_source, code, lateral, reference, to_source
from cxr_core.dicom.answers.picture import picture
from cxr_core.dicom.answers.uids import Kind, earlier, instance_uid
from cxr_core.errors import BadInput


def secondary_capture(envelope: Envelope, finding: Finding, grey: NDArray[np.uint8]) -> bytes:
    """The picture of an opinion as a DICOM file, RGB. `grey`: rows x columns, 0..255, as the program displays it.

    Raises BadInput where there is no opinion: what was not analysed has a report, and no picture.
    """
    if finding.label is None or finding.probability is None:
        raise BadInput(f"image {finding.image_id[:12]}… was not analysed: there is nothing to draw")
    ds = Dataset()
    ds.SOPClassUID, ds.Modality = SecondaryCaptureImageStorage, "OT"
    _add_image(ds, picture(finding, grey))
    _add_origin(ds, envelope, finding)
    lateral(ds, envelope)
    address(ds, envelope, finding, Making(Kind.PICTURE, finding.moment))
    return to_file(ds)


def _add_image(ds: Dataset, rgb: NDArray[np.uint8]) -> None:
    """Image Pixel, PS3.3 C.7.6.3. There is no pixel spacing: the caption is part of the picture."""
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.Rows, ds.Columns = rgb.shape[:2]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = rgb.tobytes() + b"\0" * (rgb.size % 2)
    ds["PixelData"].VR = "OB"


def _add_origin(ds: Dataset, envelope: Envelope, finding: Finding) -> None:
    """What the picture was made from, and how: General Image and SC Image, PS3.3 C.7.6.1, C.8.6.2."""
    ds.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    ds.ConversionType = "WSD"
    local = at_source(envelope, finding.moment)
    ds.DateOfSecondaryCapture, ds.TimeOfSecondaryCapture = local.strftime("%Y%m%d"), local.strftime("%H%M%S.%f")
    source = to_source(envelope)
    source.PurposeOfReferenceCodeSequence = [code("121322", "DCM", "Source image for image processing operation")]
    ds.SourceImageSequence = [source]
    if before := earlier(finding):
        ds.ReferencedImageSequence = [reference(ds.SOPClassUID, instance_uid(envelope, before, Kind.PICTURE))]
    ds.DerivationDescription = _derivation(finding)
    ds.BurnedInAnnotation = ds.RecognizableVisualFeatures = "NO"
    ds.PatientOrientation = ""
    ds.LossyImageCompression = "00"
    ds.update(copied(envelope.source, ("PatientOrientation", "ViewPosition", *_LOSSY)))


_LOSSY = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")
"""Once lossy, always lossy: PS3.3 C.7.6.1.1.5."""


def _derivation(finding: Finding) -> str:
    parts = [
        f"{NOT_FOR_DIAGNOSIS}. Pneumonia by {finding.model}, weights {finding.weights_sha256[:16]}",
        f"threshold {finding.threshold:.4f}",
        "Grad-CAM of the last block for the class Pneumonia" if finding.shown_heatmap is not None else "no heatmap",
        *([f"the image was judged as if it had not been {finding.put_right}"] if finding.put_right else []),
        *(["takes the place of the referenced image"] if finding.predecessor else []),
    ]
    return plain("; ".join(parts), 1024)
