"""The registry: the family of versions, retiring, side by side, one case, and rolling back to the byte."""

from __future__ import annotations

import copy
import hashlib

import numpy as np
import pytest
import torch

from cxr_core.dicom.stored import from_stored
from cxr_core.errors import BadInput, Conflict, NotFound
from cxr_core.model import release
from cxr_core.model.network import to_file
from cxr_core.records import Label, Lane, Role
from cxr_core.store import audit, files, images, models, predictions, training_sets, users
from cxr_core.store.db import opened, rows, transaction
from cxr_core.work.doing import Desk
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import reading, registry, retraining
from cxr_core.work.models.registry import State
from cxr_core.work.reading_room import recording
from tests.work import sites
from tests.work.learners import FIRST, add_model, copied, passed, send, store_image

pytestmark = pytest.mark.usefixtures("one_thread")

SECOND, THIRD = "cxr-resnet18-2", "cxr-resnet18-3"


@pytest.fixture
def home(empty, tmp_path):
    return copied(empty, tmp_path / "home")


def promoted(home, name, parent=FIRST, **more):
    """A version that was never trained, put to use."""
    add_model(home, name, parent, gate=passed(parent), **more)
    retraining.promote(home.path, home.admin, name, "better")
    return name


def in_family(home):
    return {version.name: version for version in registry.family(home.path, home.radiologist)}


def decide(home, model, action):
    """A decision that no use case of this room takes."""
    with opened(home.path) as db:
        models.decide(db, model, action, "a test", home.admin.id)


# -- The family


def test_a_new_home_has_the_release_in_use_and_nothing_else(home):
    (only,) = registry.family(home.path, home.radiologist)
    assert (only.name, only.parent, only.state, only.was_used) == (FIRST, None, State.IN_USE, True)
    assert only.weights_sha256 == hashlib.sha256(release.WEIGHTS.read_bytes()).hexdigest()
    (installed,) = only.decisions
    assert (installed["action"], installed["decided_by_name"]) == ("install", None)
    assert (only.training_set, only.learnt, only.plan) == (None, {}, None)


def test_every_version_says_where_it_stands_and_who_decided_why(home):
    promoted(home, SECOND)
    promoted(home, THIRD, SECOND)
    add_model(home, "cxr-resnet18-4", THIRD)
    retraining.refuse(home.path, home.admin, "cxr-resnet18-4", "misses small ones")
    add_model(home, "cxr-resnet18-5", THIRD)
    registry.retire(home.path, home.admin, SECOND, "learnt from a faulty detector")
    found = in_family(home)
    assert {name: version.state for name, version in found.items()} == {
        FIRST: State.WAS_IN_USE, SECOND: State.RETIRED, THIRD: State.IN_USE, "cxr-resnet18-4": State.REFUSED,
        "cxr-resnet18-5": State.CANDIDATE,
    }  # fmt: skip
    assert {name: version.parent for name, version in found.items()} == {
        FIRST: None, SECOND: FIRST, THIRD: SECOND, "cxr-resnet18-4": THIRD, "cxr-resnet18-5": THIRD,
    }  # fmt: skip
    assert [(d["action"], d["decided_by_name"], d["reason"]) for d in found[SECOND].decisions] == [
        ("promote", "Ada", "better"), ("retire", "Ada", "learnt from a faulty detector"),
    ]  # fmt: skip
    assert [version.was_used for version in found.values()] == [True, True, True, False, False]


def test_a_first_approval_leaves_a_candidate_one_and_a_release_without_a_decision_is_there_to_compare(home):
    add_model(home, SECOND)
    decide(home, SECOND, "approve")
    add_model(home, "cxr-resnet18-r9", parent=None)
    found = in_family(home)
    assert (found[SECOND].state, found["cxr-resnet18-r9"].state) == (State.CANDIDATE, State.RIVAL)


def test_it_counts_what_a_version_trained_on_by_origin_and_names_its_set(home):
    image = store_image(home, 1)
    items = [
        {"image": image, "label": "Normal", "side": "train", "origin": "flagged"},
        *({"image": f"b{n}", "label": "Normal", "side": "train", "origin": "base data"} for n in range(3)),
        {"image": "held back", "label": "Normal", "side": "calibration", "origin": "base data"},
    ]
    with opened(home.path) as db, transaction(db):
        training_set = training_sets.add(db, {"parent": FIRST, "items": items}, home.admin.id)
    add_model(home, SECOND, training_set=training_set)
    version = in_family(home)[SECOND]
    assert (version.training_set, version.learnt) == (training_set, {"flagged": 1, "base data": 3})


def test_the_plan_of_a_candidate_is_that_which_it_was_made_under(home):
    card = {**release.card(), "name": SECOND, "parent": FIRST}
    with opened(home.path) as db, transaction(db):
        models.add(db, {**card, "data": {**card["data"], "plan": "c" * 64}}, None)
    assert in_family(home)[SECOND].plan == "c" * 64


def test_the_plan_of_a_version_is_that_of_its_last_decision_with_one(home):
    add_model(home, SECOND)
    with opened(home.path) as db, transaction(db):
        for sha256 in ("a" * 64, "b" * 64):
            db.table("plans").insert({"sha256": sha256, "text": sha256, "first_used_at": "2026-01-01"})
        decided = {"model": SECOND, "reason": "x", "decided_by": home.admin.id, "decided_at": "2026-01-01"}
        db.table("decisions").insert({**decided, "action": "approve", "plan": "a" * 64})
        db.table("decisions").insert({**decided, "action": "promote", "plan": "b" * 64})
    decide(home, SECOND, "roll back")
    assert in_family(home)[SECOND].plan == "b" * 64


# -- Retiring


def test_a_retired_version_is_out_of_reach_and_on_record(home):
    promoted(home, SECOND)
    promoted(home, THIRD, SECOND)
    assert retraining.earlier_models(home.path, COMMAND_LINE) == [SECOND, FIRST]
    registry.retire(home.path, home.admin, SECOND, " learnt from a faulty detector ")
    assert retraining.earlier_models(home.path, COMMAND_LINE) == [FIRST]
    with pytest.raises(Conflict, match="can't be rolled back to"):
        retraining.roll_back(home.path, home.admin, SECOND, "again")
    with opened(home.path) as db:
        assert models.running(db) == THIRD
        last = rows(db, "SELECT * FROM audit ORDER BY id DESC LIMIT 1")[0]
        assert (last["actor"], last["action"], last["subject"]) == ("Ada", "retire model", SECOND)
        assert "faulty detector" in last["details"]
        assert audit.verify(db) > 0
        assert models.card(db, SECOND)["name"] == SECOND


def test_a_retired_candidate_can_not_be_promoted(home):
    add_model(home, SECOND, gate=passed(FIRST))
    registry.retire(home.path, home.admin, SECOND, "asked for by mistake")
    assert retraining.candidate(home.path, COMMAND_LINE) is None
    with pytest.raises(Conflict):
        retraining.promote(home.path, home.admin, SECOND, "better")
    with opened(home.path) as db:
        assert models.running(db) == FIRST


@pytest.mark.parametrize(
    ("model", "why"), [(SECOND, "in use"), (FIRST, "program's release"), (THIRD, "retired already")]
)
def test_what_is_needed_is_not_retired_and_nothing_twice(home, model, why):
    add_model(home, THIRD)
    registry.retire(home.path, home.admin, THIRD, "once")
    promoted(home, SECOND)
    with pytest.raises(Conflict, match=why):
        registry.retire(home.path, home.admin, model, "because")
    assert in_family(home)[model].kept is not None


def test_retiring_needs_a_reason_and_a_version_that_is_there(home):
    add_model(home, SECOND)
    before = _decisions(home)
    with pytest.raises(BadInput, match="say why"):
        registry.retire(home.path, home.admin, SECOND, "  ")
    with pytest.raises(NotFound):
        registry.retire(home.path, home.admin, "cxr-resnet18-99", "because")
    assert _decisions(home) == before
    assert in_family(home)[SECOND].kept is None


def _decisions(home):
    with opened(home.path) as db:
        return models.decisions(db)


# -- Rolling back


def trained(home, name, shift):
    """A candidate with weights of its own: the release's head moved a little. Returns the hash of its weights."""
    with opened(home.path) as db, transaction(db):
        parent = reading.load(db, FIRST)
        network = copy.deepcopy(parent.network)
        with torch.no_grad():
            network.fc.bias += torch.tensor([-shift, shift])
        sha256 = models.add_weights(db, to_file(network, parent.network))
        own = {"name": name, "parent": FIRST, "weights_sha256": sha256, "metrics": {"gate": passed(FIRST)}}
        calibration = {**release.card()["calibration"], "weights_sha256": sha256}
        models.add(db, {**release.card(), **own, "calibration": calibration})
    return sha256


def in_service(home, image):
    """Hash of the weights that a worker serves which starts now, and the bytes of what it says of a stored image."""
    with opened(home.path) as db:
        stored = files.get(home.path, images.get(db, image)["file_sha256"])
    model = reading.running_model(Desk(home.settings, "a new worker"))
    (said,) = reading.trusted(model, [reading.prepared(from_stored(stored), model.card)])
    return model.card.weights_sha256, _bytes(said.opinion.logit, said.opinion.heatmap, said.opinion.embedding)


def _bytes(logit, heatmap, embedding):
    return logit.hex(), heatmap.astype("<f4").tobytes(), embedding.astype("<f2").tobytes()


def stored_for(home, image, model):
    """The same of what is stored."""
    with opened(home.path) as db:
        row = predictions.standing(db, image, model)
    assert row["model"] == model
    return _bytes(row["logit"], row["heatmap"], np.frombuffer(row["embedding"], "<f2"))


def test_rolling_back_brings_the_very_same_bytes_back_into_service_for_the_next_image(home, monkeypatch):
    monkeypatch.setattr(sites, "MODELS", {})  # every worker here loads its model anew
    (image,) = send(home, [1])
    first = in_service(home, image)
    assert first == (release.card()["weights_sha256"], stored_for(home, image, FIRST))
    second_sha256 = trained(home, SECOND, 0.5)
    retraining.promote(home.path, home.admin, SECOND, "better")
    sites.work_off(home.settings, Lane.READING)
    second = in_service(home, image)
    assert second == (second_sha256, stored_for(home, image, SECOND))
    assert second[1][0] != first[1][0]

    retraining.roll_back(home.path, home.admin, FIRST, "worse in practice")
    assert in_service(home, image) == first
    (next_image,) = send(home, [2])
    assert stored_for(home, next_image, FIRST) == in_service(home, next_image)[1]
    with opened(home.path) as db:
        assert predictions.standing(db, image, models.running(db))["model"] == FIRST

    retraining.roll_back(home.path, home.admin, SECOND, "it was the detector")
    assert in_service(home, image) == second
    (last_image,) = send(home, [3])
    assert stored_for(home, last_image, SECOND) == in_service(home, last_image)[1]


def test_a_version_whose_parent_is_retired_still_serves(home, monkeypatch):
    monkeypatch.setattr(sites, "MODELS", {})
    trained(home, SECOND, 0.5)
    retraining.promote(home.path, home.admin, SECOND, "better")
    with opened(home.path) as db, transaction(db):
        changed = to_file(reading.load(db, FIRST).network, reading.load(db, SECOND).network)
        sha256 = models.add_weights(db, changed)
        own = {"name": THIRD, "parent": SECOND, "weights_sha256": sha256, "metrics": {"gate": passed(SECOND, FIRST)}}
        calibration = {**release.card()["calibration"], "weights_sha256": sha256}
        models.add(db, {**release.card(), **own, "calibration": calibration})
    retraining.promote(home.path, home.admin, THIRD, "better still")
    registry.retire(home.path, home.admin, SECOND, "not wanted any more")
    (image,) = send(home, [1])
    assert in_service(home, image) == (sha256, stored_for(home, image, THIRD))


def test_a_roll_back_that_fails_on_its_way_changes_nothing(home, monkeypatch):
    promoted(home, SECOND)
    before = _decisions(home)
    with opened(home.path) as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON jobs BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(Exception, match="disk full"):
        retraining.roll_back(home.path, home.admin, FIRST, "worse in practice")
    with opened(home.path) as db:
        assert models.running(db) == SECOND
        assert audit.verify(db) == len(rows(db, "SELECT * FROM audit WHERE action != 'roll back model'"))
    assert _decisions(home) == before


# -- Side by side


def report_of(*names, auc=0.9):
    return {"passed": True, "reasons": [], "compared": [{"model": name, "auc": auc} for name in names]}


def test_versions_are_told_by_the_newest_gate_report_that_has_all_of_them(home):
    add_model(home, SECOND, gate=report_of(SECOND, FIRST, auc=0.8))
    add_model(home, THIRD, gate=report_of(THIRD, SECOND, FIRST, auc=0.9))
    add_model(home, "cxr-resnet18-4", gate=report_of("cxr-resnet18-4", FIRST, auc=0.7))
    found = registry.side_by_side(home.path, home.radiologist, [FIRST, SECOND])
    assert found.report == THIRD
    assert {name: metrics["auc"] for name, metrics in found.measured.items()} == {FIRST: 0.9, SECOND: 0.9}
    assert list(registry.side_by_side(home.path, home.radiologist, [SECOND, FIRST]).measured) == [SECOND, FIRST]


def test_without_such_a_report_each_is_told_by_its_own_card(home):
    add_model(home, SECOND, gate=report_of(SECOND, FIRST))
    add_model(home, THIRD, gate=report_of(THIRD, FIRST))
    found = registry.side_by_side(home.path, home.radiologist, [FIRST, SECOND, THIRD])
    assert found.report is None
    assert found.measured[FIRST] == release.card()["metrics"]
    with pytest.raises(NotFound):
        registry.side_by_side(home.path, home.radiologist, [FIRST, "cxr-resnet18-99"])


# -- One case


def test_one_case_has_what_each_version_said_by_the_beginning_of_its_id(home):
    (image,) = send(home, [1])
    trained(home, SECOND, 0.5)
    retraining.promote(home.path, home.admin, SECOND, "better")
    sites.work_off(home.settings, Lane.READING)
    found = registry.told_of(home.path, home.radiologist, f" {image[:8].upper()} ")
    assert (found.image["id"], found.revealed) == (image, True)
    assert [opinion["model"] for opinion in found.opinions] == [FIRST, SECOND]
    assert found.opinions[0]["probability"] != found.opinions[1]["probability"]
    assert found.opinions == registry.told_of(home.path, home.radiologist, image).opinions


def test_an_id_that_means_no_image_or_several_is_told_so(home):
    store_image(home, 1), store_image(home, 2)
    with pytest.raises(BadInput, match="give more"):
        registry.told_of(home.path, home.radiologist, "0" * 10)
    with pytest.raises(NotFound, match="no image"):
        registry.told_of(home.path, home.radiologist, "ffff")
    for wrong in ("", "abc", "x" * 10, "0" * 65, "0000%"):
        with pytest.raises(BadInput, match="named by its id"):
            registry.told_of(home.path, home.radiologist, wrong)


@pytest.mark.parametrize(("mode", "then"), [("second reader", True), ("blinded", False)])
def test_what_is_hidden_from_a_reader_stays_hidden_here(home, mode, then):
    image = store_image(home, 1)
    with opened(home.path) as db:
        db.execute("UPDATE images SET mode = ? WHERE id = ?", (mode, image))
        other = users.add(db, "Rose", Role.RADIOLOGIST, "a long password", by="a test")
    assert len(registry.told_of(home.path, home.admin, image).opinions) == 1
    found = registry.told_of(home.path, home.radiologist, image)
    assert (found.revealed, found.opinions) == (False, [])
    recording.submit(home.path, home.radiologist, recording.ReadForm(image, None, Label.NORMAL))
    found = registry.told_of(home.path, home.radiologist, image)
    assert (found.revealed, len(found.opinions)) == (then, int(then))
    assert registry.told_of(home.path, other, image).opinions == []
