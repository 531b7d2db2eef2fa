"""Making a release from a labelled folder, and judging it on one."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from cxr_core.errors import Conflict, ModelError
from cxr_core.model import dataset, predict
from cxr_core.model.beside import split_path
from cxr_core.model.card import read_card
from cxr_core.model.dataset import find_samples, read_split
from cxr_core.model.recipe import Recipe
from cxr_core.records import Side
from cxr_core.work.models import evaluating, learning
from tests.dicom.films import dataset as dicom_dataset
from tests.dicom.films import to_bytes
from tests.model.chests import phantom_chest, write_chest

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = Recipe(stages=((32, 2),), split=167)
"""With this split, 130 patients of each class give every side enough."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A labelled folder of 260 small pictures, each of a patient of its own."""
    found = tmp_path_factory.mktemp("labelled")
    for number in range(130):
        write_chest(found, number, False, 100)
        write_chest(found, 1000 + number, True, 100)
    return found


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    """The weights file of a release that was broken off in its second epoch and finished at the second call."""
    out, told = tmp_path_factory.mktemp("made") / "not" / "yet" / "mine-1.safetensors", []

    def stop(progress):
        if progress["epoch"] == 2:
            raise Conflict("stopped")

    with pytest.raises(Conflict):
        learning.train_release([folder], out, "none", SMALL, stop)
    assert [path.name for path in out.parent.iterdir()] == ["mine-1.checkpoint"]
    learning.train_release([folder], out, "none", SMALL, told.append)
    assert min(progress["epoch"] for progress in told) == 2
    return out


def test_a_release_is_weights_card_and_split_and_nothing_else(made):
    assert sorted(path.name for path in made.parent.iterdir()) == [
        "mine-1.card.json", "mine-1.safetensors", "mine-1.split.csv",
    ]  # fmt: skip
    card = predict.load_file(made).card
    assert (card.name, card.parent, card.base, card.data["seed"]) == ("mine-1", None, "none", 167)
    assert card.data["split_sha256"] == hashlib.sha256(split_path(made).read_bytes()).hexdigest()
    assert [entry["size"] for entry in card.history] == [32, 32]
    assert Recipe(**{**card.recipe, "stages": SMALL.stages, "augmentation": SMALL.augmentation}) == SMALL


def test_the_sides_of_a_release_share_no_patient_and_no_picture(made, folder):
    samples, split = find_samples([folder]), read_split(split_path(made))
    assert split == dataset.split_by_patient(samples, 167)
    sides = {side: {s.patient for s in samples if split[s.sha256] is side} for side in Side}
    assert sum(map(len, sides.values())) == len(set.union(*sides.values())) == 260
    counted = read_card(made).data["sides"]
    assert {side: len(patients) for side, patients in sides.items()} == {
        side: counted[side]["patients"] for side in Side
    }


def test_evaluating_the_locked_side_gives_the_cards_figures_again(made, folder):
    model = predict.load_file(made)
    locked = learning.on_side(find_samples([folder]), Side.LOCKED, read_split(split_path(made)))
    found = evaluating.evaluate(model, locked)
    assert (found["refused"], found["model"]) == (model.card.metrics["refused"], "mine-1")
    assert found["confusion"] == model.card.metrics["confusion"]
    for name in ("n", "auc", "ece", "accuracy", "uncertain_rate"):
        assert found[name] == pytest.approx(model.card.metrics[name], abs=1e-4)


def test_files_that_can_not_be_read_or_judged_are_counted_and_set_aside(shipped, tmp_path):
    for number in range(3):
        write_chest(tmp_path, number, number == 2, 128, draw=phantom_chest)
    (tmp_path / "NORMAL" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "NORMAL" / "side.dcm").write_bytes(to_bytes(dicom_dataset(phantom_chest(7, False), ViewPosition="LL")))
    found = evaluating.evaluate(shipped, find_samples([tmp_path]))
    assert (found["n"], found["refused"]) == (4, 2)
    assert np.sum(found["confusion"]) == 4
    assert found["selective"]["n"] <= 3


def test_a_folder_where_nothing_can_be_read_can_not_be_evaluated(shipped, tmp_path):
    (tmp_path / "NORMAL").mkdir()
    (tmp_path / "NORMAL" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ModelError, match="none of the 1 files can be read"):
        evaluating.evaluate(shipped, find_samples([tmp_path]))


def test_a_side_that_no_file_is_on_is_said_so(folder):
    with pytest.raises(ModelError, match="none of these files is on the locked side"):
        learning.on_side(find_samples([folder]), Side.LOCKED, {})


def test_too_few_images_to_calibrate_on_are_refused_before_training(tmp_path):
    for number in range(6):
        write_chest(tmp_path / "few", number, number % 2 == 0, 64)
    with pytest.raises(ModelError, match="calibration needs 19 images of each class"):
        learning.train_release([tmp_path / "few"], tmp_path / "out" / "a.safetensors", "none", SMALL, pytest.fail)
    assert not (tmp_path / "out").exists()
