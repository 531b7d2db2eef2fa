"""The picture as an object of the source's study: PS3.3 A.8.1 and what archives and viewers stumble over without."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread

from cxr_core.dicom.answers.picture import picture
from cxr_core.dicom.answers.secondary_capture import secondary_capture
from cxr_core.errors import BadInput
from tests.dicom.answers.material import GREY, NORMAL, ODD, OPINION, REFUSED, WHO, enveloped, received


def made(finding=OPINION, data=None):
    return dcmread(BytesIO(secondary_capture(enveloped(data), finding, GREY)))


def test_it_says_what_it_is():
    ds = made()
    assert (ds.Modality, ds.ConversionType, ds.SeriesNumber, ds.InstanceNumber) == ("OT", "WSD", 9001, 1)
    assert ds.ImageType == ["DERIVED", "SECONDARY", "OTHER"]
    assert (ds.BurnedInAnnotation, ds.RecognizableVisualFeatures) == ("NO", "NO")
    assert "not for diagnosis" in ds.SeriesDescription
    assert all(said in ds.DerivationDescription for said in ("site-r7", "0.8574", "Grad-CAM", "abab"))


def test_it_names_what_it_was_made_from():
    (source,) = made().SourceImageSequence
    assert source.ReferencedSOPInstanceUID == WHO["SOPInstanceUID"]
    assert source.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"


def test_it_names_the_machine_and_the_model_that_contributed():
    machine, model = made().ContributingEquipmentSequence
    assert (machine.PurposeOfReferenceCodeSequence[0].CodeValue, machine.StationName) == ("109101", "ROOM-1")
    assert (model.PurposeOfReferenceCodeSequence[0].CodeValue, model.ManufacturerModelName) == ("109102", "site-r7")
    assert model.DeviceUID.startswith("2.25.")


def test_its_pixels_are_the_picture():
    ds = made()
    assert (ds.PhotometricInterpretation, ds.PlanarConfiguration, ds.BitsStored) == ("RGB", 0, 8)
    assert np.array_equal(ds.pixel_array, picture(OPINION, GREY))
    assert "PixelSpacing" not in ds


def test_its_times_are_those_of_the_opinion():
    ds = made()
    assert (ds.ContentDate, ds.ContentTime, ds.TimezoneOffsetFromUTC) == ("20260301", "112233.456789", "+0000")
    assert (ds.DateOfSecondaryCapture, ds.InstanceCreationTime) == ("20260301", "112233.456789")


def test_its_times_are_in_the_time_zone_of_the_source():
    ds = made(data=received(**ODD["in another time zone"]))
    assert (ds.ContentTime, ds.TimezoneOffsetFromUTC, ds.StudyTime) == ("075233.456789", "-0330", WHO["StudyTime"])


def test_what_was_lossy_once_stays_lossy():
    ds = made(data=received(**ODD["lossy"]))
    assert (ds.LossyImageCompression, ds.LossyImageCompressionRatio) == ("01", 10)
    assert made().LossyImageCompression == "00"


def test_a_later_version_refers_to_the_picture_that_it_takes_the_place_of():
    later = made(replace(OPINION, weights_sha256="cd" * 32, predecessor=OPINION.weights_sha256))
    assert later.ReferencedImageSequence[0].ReferencedSOPInstanceUID == made().SOPInstanceUID
    assert later.SOPInstanceUID != made().SOPInstanceUID
    assert "ReferencedImageSequence" not in made()


def test_without_an_opinion_there_is_no_picture():
    with pytest.raises(BadInput, match="not analysed"):
        made(REFUSED)


def test_a_heatmap_that_must_not_be_shown_is_not_spoken_of():
    assert "no heatmap" in made(NORMAL).DerivationDescription
