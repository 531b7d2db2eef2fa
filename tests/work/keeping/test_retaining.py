"""What is old goes where the site says so, unless something still needs it; a dry run changes nothing."""

import json
from contextvars import copy_context
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from threading import Thread

import pytest

from cxr_core import clock, worker
from cxr_core.dicom.reading import named
from cxr_core.errors import NotAllowed
from cxr_core.records import Label, Role, Side, User
from cxr_core.store import (
    arrivals,
    claims,
    copies,
    files,
    images,
    predictions,
    set_aside,
    site_references,
    training_sets,
)  # fmt: skip
from cxr_core.store.arrivals import Arrival
from cxr_core.store.db import opened, transaction
from cxr_core.work.drift import monitoring
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import fetching
from cxr_core.work.incoming import requests
from cxr_core.work.keeping import retaining
from cxr_core.work.keeping.retaining import LOOKED_ON, Looked
from cxr_core.work.models import lineage
from tests.processes import command, wait_until
from tests.store.rows import without_triggers
from tests.work.keeping.backups import back_up, files_of, is_whole, quietly, restore, rows_of
from tests.work.learners import FIRST, add_model, opinion_of, row_of
from tests.work.sites import add_user, files_in, film, query, take_in

LATER = timedelta(days=400)


@pytest.fixture
def old(settings):
    """The settings of a site that keeps X-rays for a year, and opinions for thirty days."""
    return replace(settings, keep_images_days=365, keep_predictions_days=30)


@pytest.fixture(autouse=True)
def later():
    """More than a year after the X-rays came in."""
    with clock.at(clock.now() + LATER):
        yield


def read_by(settings, image):
    """Have an image read, without its model's say."""
    with opened(settings.home) as db:
        db.execute("UPDATE images SET slots_open = 0 WHERE id = ?", (image,))


def on_side(settings, side):
    """An image of a patient on a side, read: of whichever is not locked, if that is asked for."""
    locked = [row["id"] for row in query(
        settings, "SELECT i.id FROM images i JOIN patients p ON p.pseudonym = i.patient "
        "WHERE (p.side = 'locked') = ? ORDER BY slots_open, i.id", side is Side.LOCKED)]  # fmt: skip
    if not locked:
        pytest.fail(f"no patient of the site is on the side {side}")
    read_by(settings, locked[0])
    return locked[0]


def why(settings, what):
    """Why it stays, as the dry run says; None where it would go, and `nothing` where it isn't looked at."""
    told = []
    retaining.preview(settings, COMMAND_LINE, told.append)
    return next((line["stays"] for line in told if line["what"] == what), "nothing")


def test_without_a_setting_everything_stays(settings):
    before = rows_of(settings)
    assert retaining.let_go(settings, COMMAND_LINE, quietly) == []
    assert rows_of(settings) == before


def test_the_dry_run_says_what_would_go_and_why_the_rest_stays_and_changes_nothing(old):
    image = on_side(old, Side.TRAIN)
    before, lying = rows_of(old), files_of(old.home)
    told = []
    found = retaining.preview(old, COMMAND_LINE, told.append)
    assert found[0] == Looked("images", 365, 1, {}, {"it is still to be read": 5})
    assert found[1] == Looked("predictions", 30, 0, {}, {"it is what stands on its X-ray": 6})
    assert {line["what"] for line in told if line["kind"] == "images" and line["stays"] is None} == {image}
    assert rows_of(old) == before
    assert {place: sha256 for place, sha256 in files_of(old.home).items() if "feedback.db" not in place} == {
        place: sha256 for place, sha256 in lying.items() if "feedback.db" not in place
    }


def test_what_goes_leaves_a_tombstone_and_a_row_in_the_chain_and_nothing_else(old):
    image = on_side(old, Side.TRAIN)
    (row,) = query(old, "SELECT * FROM images WHERE id = ?", image)
    days_before = query(old, "SELECT day, model, images FROM tallies")
    (looked, *_) = retaining.let_go(old, COMMAND_LINE, quietly)
    assert looked.goes == 1
    assert is_whole(old)
    (stone,) = query(old, "SELECT * FROM tombstones")
    assert (stone["image"], stone["patient"], stone["by_age"]) == (image, row["patient"], 1)
    assert stone["reason"] == "kept for 365 days"
    assert not files.path_of(old.home, row["file_sha256"]).exists()
    assert [path for path in files_in(old, "pictures") if image in path.name] == []
    (event,) = query(old, "SELECT subject, details FROM audit WHERE action = 'remove by age'")
    assert event["subject"] == image
    assert json.loads(event["details"])["days"] == 365
    assert query(old, "SELECT day, model, images FROM tallies") == days_before
    for table in ("predictions", "reads", "arrivals"):
        assert query(old, f"SELECT * FROM {table} WHERE image = ?", image) == []
    assert requests.verdicts(old.home, COMMAND_LINE, [1])


def test_no_copy_from_before_an_update_is_left_that_names_what_is_gone(old):
    with opened(old.home) as db:
        copies.keep(db, old.home, "before-m999")
    retaining.let_go(replace(old, keep_images_days=401), COMMAND_LINE, quietly)
    assert len(copies.kept(old.home)) == 1, "nothing was old enough to go"
    on_side(old, Side.TRAIN)
    retaining.let_go(old, COMMAND_LINE, quietly)
    assert copies.kept(old.home) == []


def test_younger_ones_stay(old):
    image = on_side(old, Side.TRAIN)
    assert why(replace(old, keep_images_days=401), image) == "nothing"
    assert why(old, image) is None


def claimed(db, image, user):
    claims.renew(db, image, user.id)


def learnt(db, image, user):
    side = images.get(db, image)["side"]
    item = {"image": image, "side": side, "label": "Normal", "origin": "flagged", "reads": []}
    training_sets.add(db, {"items": [item], "parent": FIRST, "options": {}, "plan": ""}, user.id)


def frozen(db, image, user):
    facts = {"reason": "a test", "model": FIRST, "first_at": clock.stamp(), "last_at": clock.stamp(),
             "frozen_by": user.id}  # fmt: skip
    site_references.add(db, facts, [image], [])


def alarmed(db, image, user):
    since = images.get(db, image)["received_at"][:10]
    db.execute(
        "INSERT INTO alarms (scope, opened_on, since, model, guess) VALUES ('site', ?, ?, '', '')", (since, since)
    )


def answered(state):
    def prepare(db, image, user):
        db.execute("INSERT INTO senders (id, name, calling, network, created_at) VALUES (1, 'r', 'R', '10.0.0.1', '')")
        db.execute("INSERT INTO destinations (id, name, kind, address, proof, created_at) "
                   "VALUES (1, 'a', 'dicom', '{}', 'query', '')")  # fmt: skip
        arrivals.add(db, Arrival("object", 1, image, None, None, None, None, b""))
        db.execute("INSERT INTO deliveries (arrival, destination, answer, model, state, next_at, queued_at) "
                   "VALUES (1, 1, 'report', ?, ?, '', '')", (FIRST, state))  # fmt: skip

    return prepare


NEEDED = [
    (claimed, "somebody has it open"), (learnt, "a training set took it"), (frozen, "the reference of the site has it"),
    (alarmed, "an open alarm shows it"), (answered("queued"), "an answer on it has not arrived"),
    (answered("accepted"), "an answer on it has not arrived"), (answered("dead"), "an answer on it has not arrived"),
    (answered("verified"), None),
]  # fmt: skip


@pytest.mark.parametrize(("prepare", "reason"), NEEDED)
def test_what_is_needed_stays(old, prepare, reason):
    image, user = on_side(old, Side.TRAIN), add_user(old, Role.ADMIN)
    with opened(old.home) as db, transaction(db):
        prepare(db, image, user)
    assert why(old, image) == reason
    retaining.let_go(old, COMMAND_LINE, quietly)
    assert bool(query(old, "SELECT 1 FROM images WHERE id = ?", image)) == (reason is not None)
    assert is_whole(old)


def test_what_models_are_compared_on_stays(old):
    with opened(old.home) as db, transaction(db):
        images.add(db, {**row_of(1), "slots_open": 0, "received_at": clock.ago(days=366)}, Side.LOCKED)
    assert why(old, f"{1:064x}") == "its patient is locked: models are compared on it"


def test_a_model_that_learnt_stays_traceable_to_all_that_it_learnt_from(old):
    image, user = on_side(old, Side.TRAIN), add_user(old, Role.ADMIN)
    other = next(row["id"] for row in query(old, "SELECT id FROM images") if row["id"] != image)
    read_by(old, other)
    with opened(old.home) as db, transaction(db):
        learnt(db, image, user)
    (taken,) = query(old, "SELECT id FROM training_sets")
    add_model(old_home(old), "cxr-resnet18-2", training_set=taken["id"])
    before = lineage.find(old.home, COMMAND_LINE, "cxr-resnet18-2")
    retaining.let_go(old, COMMAND_LINE, quietly)
    assert query(old, "SELECT id FROM images WHERE id = ?", other) == []
    assert lineage.find(old.home, COMMAND_LINE, "cxr-resnet18-2") == before
    (patient,) = query(old, "SELECT patient FROM tombstones")
    stones = lineage.find(old.home, COMMAND_LINE, patient["patient"]).erased
    assert [stone["image"] for stone in stones] == [other]


class old_home:
    """What learners.add_model needs of a home."""

    def __init__(self, settings):
        self.path = settings.home


def test_flags_that_no_retrain_took_are_told_before_they_go(old):
    image = on_side(old, Side.TRAIN)
    (read,) = query(old, "SELECT * FROM reads")
    with opened(old.home) as db:
        db.execute("DROP TRIGGER reads_are_never_changed")
        db.execute("UPDATE reads SET agrees = 0, image = ?", (image,))
    (looked, *_) = retaining.preview(old, COMMAND_LINE, quietly)
    assert looked.notes == {"flagged, and no training set took it": 1}
    assert read


def test_opinions_that_no_longer_stand_go_unless_a_read_answers_to_them(old):
    (read,) = query(old, "SELECT image FROM reads")
    rest = [row["id"] for row in query(old, "SELECT id FROM images WHERE id <> ?", read["image"])]
    add_model(old_home(old), "newer")
    with opened(old.home) as db, transaction(db):
        for image in (read["image"], *rest[:2]):
            predictions.add(db, image, "newer", opinion_of(Label.NORMAL))
        db.execute("INSERT INTO decisions (model, action, reason, decided_at) VALUES ('newer', 'promote', '', ?)",
                   (clock.stamp(),))  # fmt: skip
    assert monitoring.running_model(old.home, COMMAND_LINE) == "newer"
    settings = replace(old, keep_images_days=0)
    (looked, _) = retaining.let_go(settings, COMMAND_LINE, quietly)
    assert looked == Looked("predictions", 30, 2, {}, {"it is what stands on its X-ray": 3, "a read answers to it": 1})
    left = {(row["image"], row["model"]) for row in query(old, "SELECT image, model FROM predictions")}
    assert {(image, FIRST) for image in rest[:2]} & left == set()
    assert (read["image"], FIRST) in left
    assert len(query(old, "SELECT * FROM audit WHERE action = 'remove opinion by age'")) == 2
    assert is_whole(old)


def test_what_a_candidate_said_in_the_shadow_goes_once_it_is_decided_on(old):
    image = query(old, "SELECT id FROM images")[0]["id"]
    add_model(old_home(old), "candidate")
    with opened(old.home) as db:
        db.execute("INSERT INTO shadow_predictions VALUES (?, 'candidate', 'predicted', 'Normal', 0.3, ?)",
                   (image, clock.ago(days=40)))  # fmt: skip
    assert why(old, f"{image} candidate") == "nobody has decided on its model"
    with opened(old.home) as db:
        db.execute("INSERT INTO decisions (model, action, reason, decided_at) VALUES ('candidate', 'refuse', '', ?)",
                   (clock.stamp(),))  # fmt: skip
    retaining.let_go(old, COMMAND_LINE, quietly)
    assert query(old, "SELECT * FROM shadow_predictions") == []


def at_once(do, *about):
    """In place of a thread: it is done when this returns."""
    do(*about)
    return Thread()


def not_at_all(do, *about):
    """In place of a thread whose process was killed."""
    return Thread()


def beside(do, *about):
    """A worker's thread, for which it is as late as here."""
    return worker.apart(copy_context().run, do, *about)


def looked(settings, is_at_leisure=lambda: True, apart=at_once):
    """What a worker that was just started does of its own accord."""
    return list(islice(retaining.retaining(settings, is_at_leisure, apart), 3))


def seen_to(settings):
    """The day that a worker was done with last."""
    return query(settings, "SELECT value FROM site WHERE name = ?", LOOKED_ON)


def test_the_worker_sees_to_it_once_a_day_at_leisure(old):
    on_side(old, Side.TRAIN)
    looked(old, lambda: False)
    assert len(query(old, "SELECT * FROM images")) == 6
    looked(old)
    assert len(query(old, "SELECT * FROM images")) == 5
    on_side(old, Side.TRAIN)
    looked(old)
    assert len(query(old, "SELECT * FROM images")) == 5, "it was seen to today"
    with opened(old.home) as db:
        db.execute("DELETE FROM site WHERE name = ?", (LOOKED_ON,))
    looked(replace(old, keep_images_days=0, keep_predictions_days=0))
    assert seen_to(old) == []
    assert query(old, "SELECT actor FROM audit WHERE action = 'remove by age'") == [{"actor": "program"}]


def test_a_day_that_was_broken_off_begins_anew(old):
    on_side(old, Side.TRAIN)
    looked(old, apart=not_at_all)
    assert (len(query(old, "SELECT * FROM images")), seen_to(old)) == (6, [])
    looked(old)
    assert (len(query(old, "SELECT * FROM images")), seen_to(old)) == (5, [{"value": clock.stamp()[:10]}])


def test_it_stops_for_as_long_as_somebody_waits(old, monkeypatch):
    monkeypatch.setattr(retaining, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(retaining, "AT_ONCE", 1)
    for row in query(old, "SELECT id FROM images"):
        read_by(old, row["id"])
    left = []

    def is_at_leisure():
        """Not after the first that goes, for some time."""
        left.append(len(query(old, "SELECT * FROM images")))
        return len(left) not in (2, 3, 4)

    looked(old, is_at_leisure)
    assert left[:6] == [6, 5, 5, 5, 5, 4]


def test_the_worker_gets_on_with_other_things_while_the_log_is_cut_off(settings):
    keeps = replace(settings, keep_audit_days=365)
    rows = query(settings, "SELECT count(*) AS n FROM audit")[0]["n"]
    with opened(settings.home) as db, transaction(db):  # for which the cut waits
        assert looked(keeps, apart=beside) == [False] * 3
        assert seen_to(settings) == []
    wait_until(lambda: seen_to(settings))
    assert [path.name for path in (settings.home / "audit").iterdir()] == [f"audit-1-{rows}.jsonl.gz"]
    assert is_whole(settings)


def test_a_log_that_cannot_be_cut_off_is_told_and_tried_again_tomorrow(settings, caplog):
    keeps = replace(settings, keep_audit_days=365)
    without_triggers(settings.home)
    with opened(settings.home) as db:
        db.execute("UPDATE audit SET actor = 'eve' WHERE id = 3")
    looked(keeps)
    assert "not all that is old enough went today: audit row 3 is not what was written" in caplog.text
    assert seen_to(settings) == [{"value": clock.stamp()[:10]}]


def test_a_pull_does_not_bring_it_again(old):
    image, user = on_side(old, Side.TRAIN), add_user(old, Role.ADMIN)
    with opened(old.home) as db, transaction(db):
        answered("verified")(db, image, user)
    retaining.let_go(old, COMMAND_LINE, quietly)
    with opened(old.home) as db:
        assert set_aside.whys(db, ["object"]) == {"object": "erased"}


def test_a_patient_whose_xrays_went_by_their_age_may_be_fetched_anew(old):
    with clock.at(clock.now() - LATER):
        taken = {verdict.image: number for number in range(3) for verdict in take_in(old, film(number))}
    for image in taken:
        read_by(old, image)
    retaining.let_go(old, COMMAND_LINE, quietly)
    gone = [number for image, number in taken.items() if not query(old, "SELECT 1 FROM images WHERE id = ?", image)]
    assert gone, "not all of them are locked"
    assert not fetching.was_erased(old.home, named(film(gone[0])), clock.stamp()[:10])


def test_backups_keep_what_went_by_its_age_until_they_are_old_themselves(old, tmp_path):
    image = on_side(old, Side.TRAIN)
    first = back_up(old, tmp_path / "backups")
    retaining.let_go(old, COMMAND_LINE, quietly)
    with clock.at(clock.now() + timedelta(days=1)):
        second = back_up(old, tmp_path / "backups")
    assert second.amended == []
    older = restore(old, tmp_path / "backups", tmp_path / "older", first.backup)
    assert query(older, "SELECT 1 AS n FROM images WHERE id = ?", image)
    with clock.at(clock.now() + timedelta(days=2)):
        third = back_up(old, tmp_path / "backups", keep=1)
    assert len(files_of(tmp_path / "backups" / "images")) == third.images == 5


def test_a_radiologist_can_let_nothing_go(old):
    with pytest.raises(NotAllowed):
        retaining.let_go(old, User(1, "ann", Role.RADIOLOGIST), quietly)


def test_the_command_is_a_dry_run_unless_told(settings):
    with opened(settings.home) as db:
        db.execute("UPDATE images SET received_at = '2020-01-01T00:00:00.000000+00:00', slots_open = 0")
    asked = {"CXR_KEEP_IMAGES_DAYS": "30"}
    dry = command(settings, "retention", **asked)
    assert "nothing was removed" in dry.stderr
    lines = [json.loads(line) for line in dry.stdout.splitlines()]
    assert lines[-1]["gone"] is False and len(lines) == 7
    gone = command(settings, "retention", "--yes", **asked)
    assert json.loads(gone.stdout.splitlines()[-1])["goes"] == lines[-1]["goes"] > 0
    assert len(query(settings, "SELECT * FROM images")) == 6 - lines[-1]["goes"]
    assert "kept for ever" in command(settings, "retention").stderr


def test_the_command_says_why_the_rest_stays(settings):
    with opened(settings.home) as db:
        db.execute("UPDATE images SET received_at = '2020-01-01T00:00:00.000000+00:00'")
    asked = {"CXR_KEEP_IMAGES_DAYS": "365"}
    for also in ([], ["--yes"]):
        said = command(settings, "retention", *also, **asked)
        assert said.returncode == 0, said.stderr
        *_, whole = map(json.loads, said.stdout.splitlines())
        assert (whole["kind"], whole["stays"]) == ("images", {"it is still to be read": 5})


def test_the_log_is_cut_off_where_it_is_older_than_the_site_keeps_it_and_a_backup_has_what_was(settings, tmp_path):
    keeps = replace(settings, keep_audit_days=365)
    rows = query(settings, "SELECT count(*) AS n FROM audit")[0]["n"]
    (audit,) = retaining.preview(keeps, COMMAND_LINE, quietly)
    assert (audit.kind, audit.goes) == ("audit", rows)
    assert query(settings, "SELECT count(*) AS n FROM audit")[0]["n"] == rows
    retaining.let_go(keeps, COMMAND_LINE, quietly)
    assert query(settings, "SELECT action FROM audit ORDER BY id")[0]["action"] == "cut audit"
    assert is_whole(settings)
    back_up(settings, tmp_path / "backups")
    found = restore(settings, tmp_path / "backups", tmp_path / "again")
    assert [path.name for path in (found.home / "audit").iterdir()] == [f"audit-1-{rows}.jsonl.gz"]
    assert is_whole(found)
