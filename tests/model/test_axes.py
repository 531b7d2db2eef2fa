from __future__ import annotations

import base64
import json
from dataclasses import asdict

import numpy as np
import pytest

from cxr_core.errors import ModelError
from cxr_core.model import axes
from cxr_core.model.axes import Axes

COUNT = 4


@pytest.fixture(scope="module")
def features():
    """Pooled features of 300 images whose roots spread along six directions, each less than the one before."""
    chance = np.random.default_rng(1)
    directions = np.linalg.qr(chance.normal(size=(64, 6)))[0]
    roots = 3 + chance.normal(size=(300, 6)) * [2, 1.5, 1, 0.7, 0.4, 0.2] @ directions.T
    return np.square(np.maximum(roots, 0)).astype(np.float32)


def test_the_reference_lies_around_0_one_standard_deviation_wide(features) -> None:
    seen = axes.fit(features, COUNT).project(features)
    assert seen.shape == (300, COUNT)
    assert seen.mean(0) == pytest.approx(np.zeros(COUNT), abs=0.01)
    assert np.cov(seen.T, bias=True) == pytest.approx(np.eye(COUNT), abs=0.01)


def test_axes_are_the_directions_in_which_it_differs_most(features) -> None:
    roots = np.sqrt(features)
    seen = axes.fit(features, COUNT).project(features)
    values, vectors = np.linalg.eigh(np.cov(roots.T))
    for place in range(COUNT):
        exact = (roots - roots.mean(0)) @ vectors[:, -1 - place] / np.sqrt(values[-1 - place])
        assert abs(np.corrcoef(exact, seen[:, place])[0, 1]) > 0.999


def test_signs_do_not_depend_on_the_order_of_images(features) -> None:
    there, back = axes.fit(features, COUNT), axes.fit(features[::-1], COUNT)
    assert there.project(features) == pytest.approx(back.project(features), abs=0.02)


def test_images_that_look_otherwise_lie_far_out(features) -> None:
    fitted = axes.fit(features, COUNT)
    assert np.abs(fitted.project(features * 3)).max(1).mean() > np.abs(fitted.project(features)).max(1).mean() + 1


def test_axes_fit_on_a_card_and_come_back_the_same(features) -> None:
    fitted = axes.fit(features, COUNT)
    written = json.dumps(asdict(fitted))
    assert len(written) < 2 * (1 + COUNT) * 64 * 4 / 3 + 60
    assert np.array_equal(Axes(**json.loads(written)).project(features), fitted.project(features))


def test_directions_in_which_nothing_differs_say_nothing(features) -> None:
    line = np.outer(np.linspace(1, 2, 50), np.ones(16)) ** 2
    seen = axes.fit(line, COUNT).project(line)
    assert seen[:, 0].std() == pytest.approx(1, abs=0.01)
    assert not seen[:, 1:].any()
    assert not axes.fit(np.full((50, 16), 0.7), COUNT).project(features[:, :16]).any()


def _text(values):
    return base64.b64encode(np.asarray(values, "<f2").tobytes()).decode("ascii")


@pytest.mark.parametrize(
    ("count", "arrays"),
    [
        (2, ""),
        (2, "no base64!"),
        (2, _text([0.0] * 7)),
        (2, _text([0.0] * 6)[:-5]),
        (2, _text([0.0] * 5 + [np.nan])),
        (0, _text([0.0] * 6)),
        (-2, _text([0.0] * 6)),
    ],
)
def test_damaged_axes_are_refused(count: int, arrays: str) -> None:
    with pytest.raises(ModelError, match="backup"):
        Axes(count, arrays)
