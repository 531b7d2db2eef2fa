import numpy as np
import pytest

from cxr_core.dicom.burned_in.blanking import blank
from cxr_core.dicom.burned_in.boxes import Box
from cxr_core.dicom.reading import read
from cxr_core.dicom.stored import from_stored, to_stored
from tests.dicom.films import NAMES, dicom, film, picture

FILES = {"signed": dicom(film(bits=12, signed=True)), "12 bit": dicom(), "png": picture(film(bits=8))}
BOXES = (Box(2, 3, 14, 30), Box(10, 20, 25, 40), Box(60, 50, 80, 72))


@pytest.mark.parametrize("name", FILES)
def test_nothing_changes_outside_the_boxes(name):
    radiograph = read(FILES[name]).radiograph
    blanked = blank(radiograph, BOXES)
    outside = np.ones(radiograph.pixels.shape, bool)
    for box in BOXES:
        outside[box.part] = False
    assert (blanked.pixels[outside] == radiograph.pixels[outside]).all()
    assert blanked.pixels.dtype == radiograph.pixels.dtype and blanked.tone is radiograph.tone


@pytest.mark.parametrize("name", FILES)
def test_boxes_that_meet_are_filled_with_one_value_of_what_borders_on_them(name):
    radiograph = read(FILES[name]).radiograph
    blanked = blank(radiograph, BOXES).pixels
    for boxes in (BOXES[:2], BOXES[2:]):
        (value,) = {int(found) for box in boxes for found in np.unique(blanked[box.part])}
        assert value in radiograph.pixels


def test_letters_in_the_box_do_not_colour_what_fills_it():
    pixels = np.full((80, 72), 40, np.uint8) + np.eye(80, 72, dtype=np.uint8)
    pixels[10:20, 10:30] = 255
    assert (blank(read(picture(pixels)).radiograph, [Box(8, 8, 22, 32)]).pixels <= 41).all()


def test_a_blanked_film_survives_being_stored():
    blanked = blank(read(FILES["12 bit"]).radiograph, BOXES)
    assert (from_stored(to_stored(blanked, NAMES)).pixels == blanked.pixels).all()


def test_without_boxes_it_is_the_same_film():
    radiograph = read(FILES["png"]).radiograph
    assert blank(radiograph, ()) is radiograph


@pytest.mark.parametrize("box", [Box(0, 0, 80, 72), Box(-9, -9, 200, 200)])
def test_a_film_that_is_all_box_becomes_flat(box):
    radiograph = read(FILES["12 bit"]).radiograph
    (value,) = np.unique(blank(radiograph, [box]).pixels)
    assert value in radiograph.pixels


def test_a_box_outside_the_film_changes_nothing():
    radiograph = read(FILES["12 bit"]).radiograph
    assert (blank(radiograph, [Box(-9, -9, -2, -2), Box(90, 90, 99, 99)]).pixels == radiograph.pixels).all()
