"""The picture leaves the X-ray readable and says below it what the model says, whose it is not."""

from dataclasses import replace

import numpy as np
import pytest

from cxr_core.dicom.answers import caption
from cxr_core.dicom.answers.picture import LONGEST, OPACITY, picture, sized
from cxr_core.records import Label
from tests.dicom.answers.material import NORMAL, OPINION, UNCERTAIN, heat
from tests.dicom.films import film

GREY = film(900, 1000, bits=8)


def on_film(rgb, grey=GREY):
    return rgb[: grey.shape[0]].astype(int)


def strip(finding):
    return picture(finding, GREY)[GREY.shape[0] :]


def test_without_evidence_the_film_is_as_it_is():
    assert np.array_equal(on_film(picture(NORMAL, GREY)), np.repeat(GREY[..., None], 3, axis=-1))


def test_the_tint_is_light_and_fades_to_nothing():
    corner = replace(OPINION, heatmap=np.where(np.mgrid[:7, :7].sum(0) > 9, heat(6, 6), 0).astype(np.float32))
    rgb = on_film(picture(corner, GREY))
    change = np.abs(rgb - GREY[..., None].astype(int)).max(-1)
    assert change[:300, :300].max() == 0
    drawn = change > 255 * OPACITY + 1
    assert 0 < drawn.mean() < 0.02


def test_what_was_light_stays_lighter_than_what_was_dark():
    rgb = on_film(picture(replace(OPINION, heatmap=np.full((7, 7), 0.1, np.float32)), GREY))
    inner = slice(20, -20)
    grey, green = GREY[inner, inner].astype(int), rgb[inner, inner, 1]
    order = np.argsort(grey.ravel(), kind="stable")
    assert np.corrcoef(grey.ravel()[order], green.ravel()[order])[0, 1] > 0.999


def test_outlines_lie_where_the_evidence_is():
    rgb = on_film(picture(replace(OPINION, heatmap=heat(1, 3), heatmap_scale=1e6), GREY))
    rows, columns = np.nonzero(np.abs(rgb - GREY[..., None].astype(int)).max(-1) > 8)
    assert columns.max() < GREY.shape[1] / 2
    assert abs(rows.mean() - GREY.shape[0] / 2) < 20


@pytest.mark.parametrize(
    "change",
    [
        {"label": Label.UNCERTAIN}, {"probability": 0.91}, {"threshold": 0.5}, {"model": "site-r8"},
        {"made_at": "2026-03-02T11:22:33+00:00"}, {"heatmap_scale": 0.2}, {"heatmap_doubt": "It moves."},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_each_thing_that_is_said_is_written_below(change):
    assert not np.array_equal(strip(replace(OPINION, **change)), strip(OPINION))


@pytest.mark.parametrize("change", [{"image_id": "f" * 64}, {"key": b"another secret of 32 bytes ....."}])
def test_nothing_that_tells_whose_it_is_is_written(change):
    assert np.array_equal(picture(replace(OPINION, **change), GREY), picture(OPINION, GREY))


def test_the_text_is_as_large_as_the_strip_lets_it():
    bright = strip(UNCERTAIN).min(-1) > 150
    assert 0.02 < bright.mean() < 0.2
    assert not bright[0].any()
    assert not bright[-2:].any()
    assert not bright[:, -2:].any()


@pytest.mark.parametrize(
    ("shape", "larger"),
    [((3000, 2000), (LONGEST, 1024)), ((1536, 20), (1536, 20)), ((64, 100), (448, 700)), ((800, 700), (800, 700))],
)
def test_large_films_are_averaged_down_and_small_ones_enlarged(shape, larger):
    assert sized(np.full(shape, 77, np.uint8)).shape == larger
    assert (sized(np.full(shape, 77, np.uint8)) == 77).all()


def test_a_narrow_film_stands_in_the_middle():
    rgb = picture(NORMAL, np.full((900, 200), 200, np.uint8))
    assert rgb.shape[1] == caption.NARROWEST
    assert np.flatnonzero(rgb[100, :, 0]).tolist() == list(range(220, 420))
