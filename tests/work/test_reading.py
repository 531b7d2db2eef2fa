"""Asking a home's model about X-rays, and putting the model together first."""

from __future__ import annotations

import copy
import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
import torch

from cxr_core.dicom.burned_in.blanking import blank
from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.dicom.reading import read
from cxr_core.errors import ModelError, NotFound, RejectedFile
from cxr_core.model import release, trust
from cxr_core.model.network import to_file
from cxr_core.records import Job, JobState, Label, Lane, Status
from cxr_core.store import files, models
from cxr_core.store.db import opened, transaction
from cxr_core.work.doing import Desk
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import drafting, reading
from cxr_core.work.reading_room import recording, reviewing
from tests.dicom.films import dataset, to_bytes
from tests.model.chests import opinions, phantom_chest, plain, png
from tests.work.sites import add_user, form, new_home, picture, query, take_in, zipped

CHILD = "cxr-resnet18-2"
ON_TRAINING_SIDE = "patient 1"
"""Where the known secret of a test's home draws them."""


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


@pytest.fixture
def desk(settings, shipped):
    return Desk(settings, "tester", models={shipped.card.name: shipped})


def add_child(settings, network, parent, name, amount):
    """A model with another head than its parent's; returns its network."""
    child = copy.deepcopy(network)
    with torch.no_grad():
        child.fc.bias[1] += amount
    tensors = to_file(child, network)
    sha256 = hashlib.sha256(tensors).hexdigest()
    with opened(settings.home) as db, transaction(db):
        models.add_weights(db, tensors)
        calibration = {**release.card()["calibration"], "weights_sha256": sha256}
        card = {**release.card(), "name": name, "parent": parent, "weights_sha256": sha256, "calibration": calibration}
        models.add(db, card)
        models.decide(db, name, "promote", "a test", None)
    return child


def test_what_the_gate_keeps_back_has_its_reasons_and_the_rest_stays_in_order(shipped):
    films = [
        plain(phantom_chest(n, False), view="LL" if n == 1 else "PA", age_years=40 if n == 2 else 3) for n in range(4)
    ]
    readings = reading.read_all(shipped, films)
    assert [found.status for found in readings] == [
        Status.PREDICTED, Status.NOT_ANALYSED, Status.NOT_ANALYSED, Status.PREDICTED,
    ]  # fmt: skip
    assert "view LL" in readings[1].reasons[0]
    assert "40 years" in readings[2].reasons[0]
    for number in (0, 3):
        assert readings[number].opinion.logit == pytest.approx(opinions(shipped, [films[number]])[0].logit, abs=1e-4)


def test_what_is_trusted_stays_in_order_and_only_the_heatmaps_are_judged(shipped):
    ill, well = (read(phantom(number, number == 3001, rows=448)).radiograph for number in (3001, 3002))
    films = [reading.prepared(film, shipped.card) for film in (well, replace(well, view="LL"), ill)]
    before = reading.judged(shipped, films)
    after = reading.trusted(shipped, films)
    assert [found.status for found in after] == [Status.PREDICTED, Status.NOT_ANALYSED, Status.PREDICTED]
    assert after[1] == before[1]
    assert [after[n].opinion.logit for n in (0, 2)] == [before[n].opinion.logit for n in (0, 2)]
    assert [after[n].opinion.heatmap_doubt for n in (0, 2)] == [trust.NORMAL, None]


def test_films_that_are_all_kept_back_ask_nothing_of_the_network(shipped):
    lateral = reading.prepared(plain(phantom_chest(1, False), view="LL"), shipped.card)
    (found,) = reading.trusted(shipped, [lateral])
    assert (found.status, found.opinion) == (Status.NOT_ANALYSED, None)
    assert reading.read_all(shipped, []) == reading.trusted(shipped, []) == []


def test_a_home_uses_the_first_release_and_loads_it_once(settings):
    desk = Desk(settings, "tester")
    assert reading.running_model(desk) is reading.running_model(desk)
    assert reading.running_model(desk).card.as_dict() == release.card()


def test_a_model_is_put_together_from_all_its_ancestors(settings, shipped):
    child = add_child(settings, shipped.network, shipped.card.name, CHILD, 0.5)
    grandchild = add_child(settings, child, CHILD, "cxr-resnet18-3", 0.25)
    with opened(settings.home) as db:
        loaded = reading.load(db, "cxr-resnet18-3")
    assert to_file(loaded.network) == to_file(grandchild)
    assert loaded.card.name == "cxr-resnet18-3"


def test_missing_and_tampered_weights_are_never_used(settings, shipped):
    add_child(settings, shipped.network, shipped.card.name, CHILD, 0.5)
    with opened(settings.home) as db:
        db.execute("UPDATE weights SET tensors = ?", (to_file(shipped.network)[:100],))
        with pytest.raises(ModelError, match="not those its card was written for"):
            reading.load(db, CHILD)
        db.execute("DELETE FROM weights")
        with pytest.raises(ModelError, match="bring it back from a backup"):
            reading.load(db, CHILD)


def test_a_model_that_is_not_there_is_not_found(settings):
    with opened(settings.home) as db, pytest.raises(NotFound, match="no model mine"):
        reading.load(db, "mine")


def repredict(desk, model):
    outcome = reading.repredict(desk, Job(1, "repredict", Lane.READING, JobState.RUNNING, {"model": model}))
    with opened(desk.home) as db:
        outcome.write(db)
    return outcome


def test_a_new_model_reads_what_waits_and_leaves_what_was_read(settings, desk, shipped):
    first, second, third = take_in(settings, picture(1), picture(2), picture(3))
    with opened(settings.home) as db:
        db.execute("UPDATE predictions SET label = 'Normal'")
    recording.submit(settings.home, add_user(settings), form(settings, second.image))
    add_child(settings, shipped.network, shipped.card.name, CHILD, 0.5)
    assert repredict(desk, CHILD).result == {"images": 2}
    newer = query(settings, "SELECT image, logit FROM predictions WHERE model = ?", CHILD)
    assert {row["image"] for row in newer} == {first.image, third.image}
    for row in newer:
        (older,) = query(settings, "SELECT logit FROM predictions WHERE image = ? AND model != ?", row["image"], CHILD)
        assert row["logit"] == pytest.approx(older["logit"] + 0.5, abs=0.01)
    assert repredict(desk, CHILD).result == {"images": 0}


def test_a_batch_is_a_job_and_asks_for_the_next_while_images_wait(settings, desk, shipped, monkeypatch):
    take_in(settings, picture(1), picture(2), picture(3))
    add_child(settings, shipped.network, shipped.card.name, CHILD, 0.5)
    monkeypatch.setattr(reading, "BATCH", 2)
    assert repredict(desk, CHILD).result == {"images": 2}
    asked = query(settings, "SELECT bulk, payload FROM jobs WHERE kind = 'repredict'")
    assert [(row["bulk"], CHILD in row["payload"]) for row in asked] == [(1, True)]
    assert repredict(desk, CHILD).result == {"images": 1}
    assert len(query(settings, "SELECT id FROM jobs WHERE kind = 'repredict'")) == 1


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"rust")])
def test_an_image_whose_file_is_lost_says_so_and_keeps_no_other_waiting(settings, desk, shipped, damage, monkeypatch):
    lost, *others = take_in(settings, picture(1), picture(2), picture(3))
    (row,) = query(settings, "SELECT file_sha256 FROM images WHERE id = ?", lost.image)
    damage(files.path_of(settings.home, row["file_sha256"]))
    add_child(settings, shipped.network, shipped.card.name, CHILD, 0.5)
    monkeypatch.setattr(reading, "BATCH", 2)
    assert [repredict(desk, CHILD).result["images"] for _ in range(3)] == [2, 1, 0]
    found = {row["image"]: row for row in query(settings, "SELECT * FROM predictions WHERE model = ?", CHILD)}
    assert [found[other.image]["status"] for other in others] == ["predicted"] * 2
    assert (found[lost.image]["status"], found[lost.image]["reason_kinds"]) == ("not_analysed", '["its stored file"]')
    assert "bring it back from a backup. The next model version reads it again." in found[lost.image]["reasons"]


def test_an_image_that_nobody_could_read_again_is_not_learnt_from(settings, desk, shipped):
    (lost,) = take_in(settings, picture(1), patient=ON_TRAINING_SIDE)
    (row,) = query(settings, "SELECT file_sha256 FROM images WHERE id = ?", lost.image)
    files.path_of(settings.home, row["file_sha256"]).unlink()
    add_child(settings, shipped.network, shipped.card.name, CHILD, 0.5)
    repredict(desk, CHILD)
    case = reviewing.case(settings.home, COMMAND_LINE, lost.image)
    read = recording.ReadForm(lost.image, case.prediction["id"], Label.NORMAL, None)
    recording.submit(settings.home, add_user(settings), read)
    (left_out,) = drafting.draft(settings, COMMAND_LINE, drafting.Options()).left_out
    assert left_out["why"] == "the model refused it for its stored file"


def test_files_are_read_in_order_with_a_reason_for_each_that_is_no_xray(shipped, tmp_path):
    lateral = to_bytes(dataset(phantom_chest(3, False), ViewPosition="LL"))
    sent = {"a.png": picture(1), "b.dcm": b"Dear colleague", "c.dcm": lateral, "d.zip": zipped({"e.png": picture(2)})}
    for name, data in sent.items():
        (tmp_path / name).write_bytes(data)
    found = list(reading.read_files(shipped, [tmp_path]))
    assert [str(path).removeprefix(f"{tmp_path}/") for path, _ in found] == ["a.png", "b.dcm", "c.dcm", "d.zip!e.png"]
    assert isinstance(found[1][1], RejectedFile)
    assert [found[n][1].status for n in (0, 2, 3)] == [Status.PREDICTED, Status.NOT_ANALYSED, Status.PREDICTED]


def test_of_a_file_the_model_sees_what_it_would_of_the_same_film_once_taken_in(shipped, tmp_path):
    chest = phantom_chest(3, True, 800).copy()
    cv2.putText(chest, "DOE JANE 19.06.1961", (10, 70), cv2.FONT_HERSHEY_SIMPLEX, 2, 255, 3)
    (tmp_path / "a.png").write_bytes(png(chest))
    ((_, found),) = reading.read_files(shipped, [tmp_path])
    assert found.text.boxes and not found.text.doubts
    with_text, without = opinions(shipped, [plain(chest), blank(plain(chest), found.text.boxes)])
    assert found.opinion.logit == pytest.approx(without.logit, abs=1e-2)
    assert abs(with_text.logit - without.logit) > 0.1


def test_more_files_than_a_batch_holds_each_get_their_own_answer(shipped, tmp_path):
    for number in range(reading.BATCH + 2):
        (tmp_path / f"{number:02d}.png").write_bytes(picture(number, size=224))
    found = list(reading.read_files(shipped, [tmp_path]))
    assert len(found) == reading.BATCH + 2
    alone = opinions(shipped, [plain(phantom_chest(reading.BATCH + 1, False, 224))])[0]
    assert found[-1][1].opinion.logit == pytest.approx(alone.logit, abs=1e-2)


def test_whoever_stops_reading_files_leaves_no_thread_behind(shipped, tmp_path):
    for number in range(reading.BATCH + 2):
        (tmp_path / f"{number:02d}.png").write_bytes(picture(number, size=64))
    before = threading.active_count()
    answers = reading.read_files(shipped, [tmp_path])
    next(answers)
    answers.close()
    assert threading.active_count() == before


def test_a_runtime_that_is_set_serves_the_models_of_a_home(settings):
    model = reading.running_model(Desk(replace(settings, runtime="torch"), "tester"))
    assert model.runtime.name == "torch"
    assert reading.running_model(Desk(settings, "tester")).runtime is None
