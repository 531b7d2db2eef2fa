import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from cxr_core.dicom.burned_in.finding import Found, find
from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.dicom.reading import read
from tools.burned_in.films import phantom

NAME = "Moreau, Anna 1974"


def ground(rows=900, columns=1100, level=90):
    """A grainy grey sheet, darker to the right."""
    noise = np.random.default_rng(0).normal(0, 2, (rows, columns))
    return np.clip(level - np.arange(columns) / 40 + noise, 0, 255).astype(np.uint8)


def written(picture, text, at, size=24, level=200):
    """`picture` with `text` whose upper left corner is `at` (row, column)."""
    image = Image.fromarray(picture)
    ImageDraw.Draw(image).text(at[::-1], text, fill=level, font=ImageFont.load_default(size))
    return np.asarray(image)


def left_over(before, after, boxes):
    """Pixels that writing changed and no box covers."""
    changed = before != after
    for box in boxes:
        changed[box.part] = False
    return int(changed.sum())


def test_of_a_page_full_of_text_no_line_is_left_out():
    plain = ground(1201, 1003)
    film = plain
    for row in range(20, 1160, 40):
        film = written(film, f"{NAME}, born in 1961, seen in the ward by the day and by the night", (row, 20))
    found = find(film)
    assert left_over(plain, film, found.boxes + found.doubts) == 0


@pytest.mark.parametrize("level", [35, 220])
@pytest.mark.parametrize("at", [(20, 20), (20, 760), (860, 20), (860, 760), (20, 400), (450, 5), (450, 880)])
def test_text_at_corners_and_edges_is_to_be_blanked_whole(at, level):
    plain = ground()
    film = written(plain, NAME, at, level=level)
    found = find(film)
    assert found.boxes and not found.doubts
    assert left_over(plain, film, found.boxes) == 0


@pytest.mark.parametrize("turns", [1, 3])
def test_text_that_runs_upright_is_to_be_blanked_whole(turns):
    plain = ground()
    film = np.ascontiguousarray(np.rot90(written(plain, NAME, (20, 400), level=220), turns))
    found = find(film)
    assert found.boxes and not found.doubts
    assert left_over(np.rot90(plain, turns), film, found.boxes) == 0


def test_small_letters_on_a_small_film_are_not_missed():
    plain = ground(224, 224)
    film = written(plain, "JUNG 1974", (4, 4), size=12, level=200)
    assert left_over(plain, film, find(film).boxes) == 0


def test_text_in_the_middle_is_a_doubt_and_not_blanked():
    found = find(written(ground(), NAME, (450, 420)))
    assert found.doubts and not found.boxes


def test_several_lines_at_an_edge_are_each_blanked():
    plain = film = ground()
    for row, text in enumerate((NAME, "Bo", "ID: 4711-07")):
        film = written(film, text, (20 + 34 * row, 20))
    assert left_over(plain, film, find(film).boxes) == 0


def test_boxes_hug_the_text():
    film = written(ground(), NAME, (20, 20))
    assert all(box.bottom <= 20 + 3 * 24 and box.right <= 20 + 16 * 24 for box in find(film).boxes)


def test_floats_are_taken_as_well_as_bytes():
    film = written(ground(), NAME, (20, 20))
    assert find((film / 255).astype(np.float32)) == find(film)


@pytest.mark.parametrize("letter", ["L", "R"])
def test_a_side_marker_is_kept(letter):
    found = find(written(ground(), letter, (40, 40), size=60, level=230))
    assert not found.boxes and not found.doubts
    (marker,) = found.markers
    assert marker.top < 70 < marker.bottom and marker.left < 60 < marker.right


def test_a_side_marker_is_kept_mirrored_and_ringed():
    film = np.ascontiguousarray(written(ground(), "R", (40, 1000), size=60, level=230)[:, ::-1])
    cv2.circle(film, (1100 - 1020, 76), 52, 230, 3, cv2.LINE_AA)
    found = find(film)
    assert not found.boxes and not found.doubts


def test_a_side_marker_stays_beside_text_elsewhere():
    plain = written(ground(), "R", (40, 1000), size=60, level=230)
    film = written(plain, NAME, (860, 20))
    found = find(film)
    assert len(found.markers) == 1 and not any(box.meets(found.markers[0]) for box in found.boxes)
    assert left_over(plain, film, found.boxes) == 0


def test_the_label_of_a_phantom_is_found_like_any_other_text():
    film = read(Phantom(8, False).data).radiograph
    found = find(film.tone(film.pixels))
    rows, columns = film.pixels.shape
    assert any(box.bottom > 0.97 * rows and box.left < 0.02 * columns for box in found.boxes)
    assert find(phantom(8)).boxes == find(phantom(8)).doubts == ()


def test_the_grainy_edge_of_a_collimator_is_no_text():
    film = ground(level=140).astype(np.float32)
    film[:30], film[30:34] = 3, 175
    film += np.random.default_rng(1).normal(0, 6, film.shape)
    assert find(np.clip(film, 0, 255).astype(np.uint8)) == Found()


@pytest.mark.parametrize(
    "shape", [(64, 64), (1, 1), (1, 300), (300, 1), (3, 900), (224, 224), (61, 1031), (3000, 4000)]
)
@pytest.mark.parametrize("kind", ["black", "white", "noise", "weak noise", "ramp"])
def test_pictures_of_nothing_give_nothing(shape, kind):
    rng = np.random.default_rng(7)
    pictures = {
        "black": lambda: np.zeros(shape, np.float32),
        "white": lambda: np.ones(shape, np.float32),
        "noise": lambda: rng.random(shape, np.float32),
        "weak noise": lambda: 0.5 + 0.03 * rng.standard_normal(shape, np.float32),
        "ramp": lambda: np.broadcast_to(np.linspace(0, 1, shape[1], dtype=np.float32), shape),
    }
    assert find(pictures[kind]()) == Found()
