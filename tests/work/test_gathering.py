"""Collecting labelled images from folders and from the store."""

from __future__ import annotations

import numpy as np
import pytest

from cxr_core.errors import ModelError
from cxr_core.model import dataset
from cxr_core.model.preprocess import Preprocessing, to_grey
from cxr_core.records import Side
from cxr_core.store.db import opened
from cxr_core.work.models import gathering
from tests.model.chests import phantom_chest, plain, png, public_set, write_chest
from tests.work.sites import new_home, picture, query, take_in

RULE = Preprocessing(size=64)


@pytest.fixture
def folder(tmp_path):
    for number in range(3):
        write_chest(tmp_path / "set", number, False, 80)
        write_chest(tmp_path / "set", 10 + number, True, 100)
    return tmp_path / "set"


def test_a_folder_becomes_examples_with_labels_patients_and_appearance(folder):
    samples = dataset.find_samples([folder])
    found = gathering.prepare(gathering.of_samples(samples), RULE)
    assert found.examples.grey.shape == (6, 64, 64)
    assert found.examples.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.examples.patients == ["person0", "person1", "person2", "person10", "person11", "person12"]
    assert len(found) == len(found.appearance) == 6
    assert all(row["mean"] > 0 for row in found.appearance)


def test_nothing_gathered_is_an_empty_set_of_pictures():
    found = gathering.prepare(iter(()), RULE)
    assert (len(found), found.examples.grey.shape) == (0, (0, 64, 64))


def test_a_file_that_can_not_be_read_is_named_in_training_and_left_out_in_judging(folder):
    (folder / "NORMAL" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    samples = dataset.find_samples([folder])
    with pytest.raises(ModelError, match=r"NORMAL/broken\.png"):
        gathering.prepare(gathering.of_samples(samples), RULE)
    assert len(list(gathering.readable(samples))) == len(samples) - 1


def test_each_image_is_on_the_side_that_the_split_says(folder):
    samples = dataset.find_samples([folder])
    sides = {sample.sha256: list(Side)[number % 4] for number, sample in enumerate(samples)}
    found = gathering.by_side(samples, sides, RULE)
    assert [len(found[side]) for side in Side] == [2, 2, 1, 1]
    assert found[Side.LOCKED].examples.patients == ["person10"]


@pytest.fixture
def site(tmp_path):
    """A home with one image, beside base data of two."""
    settings = new_home(tmp_path, base_data=public_set(tmp_path / "base", {Side.TRAIN: 1}))
    take_in(settings, picture(1))
    return settings


def items_of(settings):
    (image,) = query(settings, "SELECT id FROM images")
    samples = dataset.find_samples([settings.base_data])
    return [
        {"image": image["id"], "label": "Pneumonia", "side": "train", "origin": "flagged"},
        *({"image": s.sha256, "label": ("Normal", "Pneumonia")[s.label], "side": "validation", "origin": "base data"}
          for s in samples),
    ]  # fmt: skip


def test_a_training_set_is_put_together_from_the_store_and_the_base_data(site):
    with opened(site.home) as db:
        found = gathering.of_training_set(site, db, items_of(site), RULE)
    assert [len(found[side]) for side in Side] == [1, 2, 0, 0]
    own = found[Side.TRAIN].examples
    assert own.labels.tolist() == [1]
    assert own.patients == [row["patient"] for row in query(site, "SELECT patient FROM images")]
    seen = to_grey(plain(phantom_chest(1, False)), RULE)
    assert abs(own.grey[0] / 255 - seen).max() < 0.02
    assert found[Side.VALIDATION].examples.labels.tolist() == [0, 1]


def test_an_image_that_was_put_right_counts_as_if_it_had_come_the_right_way_round(site):
    upright, negative = take_in(site, picture(2), png(255 - phantom_chest(2, False)))
    common = {"label": "Normal", "origin": "agreed"}
    items = [
        {**common, "image": upright.image, "side": "train", "put_right": None},
        {**common, "image": negative.image, "side": "calibration", "put_right": "inverted"},
        {**common, "image": negative.image, "side": "validation"},
    ]
    with opened(site.home) as db:
        found = gathering.of_training_set(site, db, items, RULE)
    expected, righted, as_stored = (found[side] for side in (Side.TRAIN, Side.CALIBRATION, Side.VALIDATION))
    # Rounding to a level of the file differs by one; the stretch makes two of it.
    assert np.abs(righted.examples.grey.astype(int) - expected.examples.grey).max() <= 2
    assert righted.appearance[0] == pytest.approx(expected.appearance[0], abs=1.01 / 255)
    assert np.abs(as_stored.examples.grey.astype(int) - expected.examples.grey).mean() > 50


def test_base_data_that_is_gone_is_asked_for(site):
    items = items_of(site)
    for path in site.base_data.glob("NORMAL/*"):
        path.unlink()
    with opened(site.home) as db, pytest.raises(ModelError, match="set CXR_BASE_DATA to the folder that was used"):
        gathering.of_training_set(site, db, items, RULE)
