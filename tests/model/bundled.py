"""The pictures in the DICOM files that come with pydicom: none is a chest X-ray."""

from __future__ import annotations

import numpy as np
from pydicom import dcmread
from pydicom.data import get_testdata_file

PHOTOGRAPHED = (
    "693_J2KI.dcm", "CT_small.dcm", "J2K_pixelrep_mismatch.dcm", "JPEG2000.dcm", "GDCMJ2K_TextGBR.dcm",
    "SC_rgb_jpeg.dcm", "SC_rgb_rle.dcm", "examples_jpeg2k.dcm", "examples_overlay.dcm", "examples_palette.dcm",
    "examples_rgb_color.dcm", "examples_ybr_color.dcm", "image_dfl.dcm", "liver_1frame.dcm",
)  # fmt: skip
"""Slices, ultrasound, nuclear medicine, photographs."""


def photographed(name):
    """The pixels of one of PHOTOGRAPHED as a grey picture, uint8: without the header, which would say what it is."""
    pixels = dcmread(get_testdata_file(name, download=False)).pixel_array.astype(np.float64)
    while pixels.ndim > 2:
        pixels = pixels.mean(-1) if pixels.shape[-1] == 3 else pixels[0]
    low, high = np.percentile(pixels, (0.5, 99.5))
    return np.round(255 * np.clip((pixels - low) / (high - low), 0, 1)).astype(np.uint8)
