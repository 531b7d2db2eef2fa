"""A candidate in the shadow: what it judges, who learns of it, and when it ends."""

import copy
import hashlib
import shutil
from dataclasses import replace

import pytest
import torch

from cxr_core.errors import BadInput, Conflict, NotAllowed, NotFound
from cxr_core.model import release
from cxr_core.model.network import to_file
from cxr_core.records import Label, Mode, Reason
from cxr_core.store import files, models, predictions, shadows
from cxr_core.store.db import opened, transaction
from cxr_core.work.models import reading, retraining, shadowing
from cxr_core.work.models.shadowing import SHADOW
from tests.work.looking import everything, job_about
from tests.work.looking import told as words_of
from tests.work.reading_rooms import put, read
from tests.work.sites import MODELS, new_home, picture, query, take_in, work_off

CHILD = "cxr-resnet18-2"
FIRST = release.card()["name"]
WHY = "a trial before we decide"


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """An opened home, to be copied."""
    return new_home(tmp_path_factory.mktemp("homes"))


@pytest.fixture
def settings(empty, tmp_path, shipped):
    shutil.copytree(empty.home, tmp_path / "home")
    MODELS.setdefault(shipped.card.name, shipped)
    return replace(empty, home=tmp_path / "home")


@pytest.fixture
def candidate(settings, shipped):
    """A model that nothing was decided on, and that is surer of pneumonia by half a logit."""
    child = copy.deepcopy(shipped.network)
    with torch.no_grad():
        child.fc.bias[1] += 0.5
    tensors = to_file(child, shipped.network)
    sha256 = hashlib.sha256(tensors).hexdigest()
    calibration = {**release.card()["calibration"], "weights_sha256": sha256}
    gate = {"gate": {"passed": True, "reasons": [], "compared": [{"model": FIRST}], "running": FIRST}}
    card = {**release.card(), "name": CHILD, "parent": FIRST, "weights_sha256": sha256, "calibration": calibration}
    with opened(settings.home) as db, transaction(db):
        models.add_weights(db, tensors)
        models.add(db, {**card, "metrics": gate})
    return CHILD


def start(settings, admin):
    shadowing.start(settings.home, admin, CHILD, WHY)


def shadowed(settings):
    return {row["image"]: row for row in query(settings, "SELECT * FROM shadow_predictions")}


def test_only_an_admin_starts_it_with_a_reason_and_only_a_candidate_that_is_undecided(settings, ann, admin, candidate):
    home = settings.home
    for forbidden in (shadowing.end, shadowing.standing, shadowing.report):
        with pytest.raises(NotAllowed):
            forbidden(home, ann)
    with pytest.raises(NotAllowed):
        start(settings, ann)
    with pytest.raises(BadInput, match="say why"):
        shadowing.start(home, admin, CHILD, " ")
    with pytest.raises(Conflict, match="decided on already"):
        shadowing.start(home, admin, FIRST, WHY)
    with pytest.raises(NotFound):
        shadowing.start(home, admin, "nobody", WHY)
    with pytest.raises(Conflict, match="no candidate predicts"):
        shadowing.end(home, admin)
    assert shadowing.standing(home, admin) is None
    start(settings, admin)
    found = shadowing.standing(home, admin)
    assert (found.model, found.started_by, found.ended_at) == (CHILD, "admin", None)
    with pytest.raises(Conflict, match=f"{CHILD} predicts beside the running model already"):
        start(settings, admin)
    shadowing.end(home, admin)
    assert shadowing.standing(home, admin) is None
    events = query(settings, "SELECT action FROM audit WHERE subject = ? ORDER BY id", CHILD)
    assert [event["action"] for event in events] == ["start shadow", "end shadow"]


def test_it_judges_what_comes_in_from_then_on_behind_what_somebody_waits_for(settings, admin, candidate):
    (before,) = take_in(settings, picture(1))
    start(settings, admin)
    new = [verdict.image for verdict in take_in(settings, picture(2), picture(3))]
    jobs = query(settings, "SELECT bulk, state, lane FROM jobs WHERE kind = ?", SHADOW)
    assert {tuple(job.values()) for job in jobs} == {(1, "done", "reading")}
    assert before.image not in shadowed(settings)
    for image in new:
        (running,) = query(settings, "SELECT model, probability FROM predictions WHERE image = ?", image)
        assert running["model"] == FIRST
        assert shadowed(settings)[image]["probability"] > running["probability"]
    shadowing.end(settings.home, admin)
    take_in(settings, picture(4))
    assert len(shadowed(settings)) == 2


def test_a_batch_is_a_job_and_one_job_is_asked_for_however_many_come_in(settings, admin, candidate, monkeypatch):
    start(settings, admin)
    with opened(settings.home) as db, transaction(db):
        for _ in range(3):
            shadowing.ask(db)
    assert len(query(settings, "SELECT id FROM jobs WHERE kind = ?", SHADOW)) == 1
    monkeypatch.setattr(reading, "BATCH", 2)
    take_in(settings, picture(1), picture(2), picture(3))
    assert len(shadowed(settings)) == 3


def test_a_lost_file_has_no_opinion_and_keeps_no_other_waiting(settings, admin, candidate):
    first = put(settings, 1, received_at="2999-01-01")
    start(settings, admin)
    (second,) = take_in(settings, picture(2))
    found = shadowed(settings)
    assert (found[first]["status"], found[first]["label"]) == ("not_analysed", None)
    assert found[second.image]["status"] == "predicted"
    assert not files.path_of(settings.home, first).exists()


def test_what_was_queued_for_one_that_was_ended_judges_nothing(settings, admin, candidate):
    start(settings, admin)
    put(settings, 1, received_at="2999-01-01")
    with opened(settings.home) as db, transaction(db):
        shadowing.ask(db)
    shadowing.end(settings.home, admin)
    assert work_off(settings) == 1
    assert shadowed(settings) == {}


@pytest.mark.parametrize("decide", [retraining.promote, retraining.refuse])
def test_deciding_on_it_ends_it(settings, admin, candidate, decide):
    start(settings, admin)
    with pytest.raises(BadInput):
        decide(settings.home, admin, CHILD, "")
    assert shadowing.standing(settings.home, admin).model == CHILD
    decide(settings.home, admin, CHILD, "because")
    assert shadowing.standing(settings.home, admin) is None


def beside(settings, number, candidates, running=(Label.PNEUMONIA, 0.8), **more):
    """An image of which the running model and the candidate say this (None: no opinion)."""
    image = put(settings, number, label=running[0], probability=running[1], **more)
    with opened(settings.home) as db:
        shadows.add(db, image, CHILD, candidates)
    return image


def test_no_reader_sees_what_a_candidate_says_whichever_way_they_look(settings, ann, admin, candidate):
    start(settings, admin)
    image = beside(settings, 1, (Label.NORMAL, 0.123454321))
    read(settings, ann, image, Label.PNEUMONIA)
    for user in (ann, admin):
        found = words_of(list(everything(settings, user, image, job_about(settings, image))))
        assert "0.8" in found, "the search finds what is there"
        assert "0.12345" not in found
    assert "0.12345" in words_of(shadowing.report(settings.home, admin))


def test_the_report_compares_both_on_the_same_x_rays(settings, ann, admin, candidate):
    assert shadowing.report(settings.home, admin) == {}
    start(settings, admin)
    assert shadowing.report(settings.home, admin)["n"] == 0
    same = [beside(settings, number, (Label.PNEUMONIA, 0.9)) for number in range(1, 8)]
    other = [beside(settings, number, (Label.NORMAL, 0.2)) for number in range(8, 11)]
    beside(settings, 11, (Label.UNCERTAIN, 0.5))
    beside(settings, 12, None)
    beside(settings, 13, (Label.NORMAL, 0.1), (Label.UNCERTAIN, 0.5))
    with opened(settings.home) as db:
        shadows.add(db, put(settings, 14, label=Label.NORMAL, probability=0.1), CHILD, None)
        db.execute("DELETE FROM predictions WHERE image = ?", (f"{14:064x}",))
        predictions.add_not_analysed(db, f"{14:064x}", FIRST, ["why"], ["age"])
    for image in (*same[:4], *other[:1]):
        read(settings, ann, image, Label.PNEUMONIA)
    read(settings, ann, other[1], Label.NORMAL, Reason.SMALL)
    found = shadowing.report(settings.home, admin)
    counted = {
        name: (found[name]["running"].count, found[name]["candidate"].count) for name in ("refused", "uncertain")
    }
    assert (found["n"], found["answered"], counted) == (14, 12, {"refused": (1, 2), "uncertain": (1, 1)})
    assert (found["same"].count, found["same"].n) == (7, 12)
    assert found["kappa"].n == 12
    assert found["difference"] == pytest.approx((7 * 0.1 - 3 * 0.6 - 0.3 - 0.4) / 12)
    assert [(share.count, share.n) for share in (found["right"]["running"], found["right"]["candidate"])] == [
        (5, 6), (5, 6),
    ]  # fmt: skip
    assert found["right"]["running"].interval[0] < 5 / 6 < found["right"]["running"].interval[1]
    assert found["points"].count((0.8, 0.9, "Pneumonia")) == 4
    assert found["points"].count((0.8, 0.2, "Normal")) == 1


def test_what_readers_have_not_found_yet_judges_no_model(settings, ann, ben, admin, candidate):
    start(settings, admin)
    image = beside(settings, 1, (Label.PNEUMONIA, 0.9), mode=Mode.BLINDED, readers=2)
    read(settings, ann, image, Label.PNEUMONIA)
    assert shadowing.report(settings.home, admin)["right"]["running"].n == 0
    read(settings, ben, image, Label.NORMAL)
    assert shadowing.report(settings.home, admin)["right"]["running"].n == 0


def test_a_job_that_failed_is_told(settings, admin, candidate):
    start(settings, admin)
    with opened(settings.home) as db:
        db.execute("DELETE FROM weights")
    take_in(settings, picture(1))
    assert "bring it back from a backup" in shadowing.report(settings.home, admin)["error"]
