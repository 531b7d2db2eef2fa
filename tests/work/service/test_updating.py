"""An update is tried on a copy, a copy from before it is kept, and one goes back to it; erased patients are in none."""

import json
import os
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cxr_core.errors import Conflict, IntegrityError, NotFound, OutOfRoom
from cxr_core.records import Lane, Role
from cxr_core.store import audit, copies, migrations, soundness, workers
from cxr_core.store.db import opened, rows
from cxr_core.work import accounts
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import requests
from cxr_core.work.opening import open_home
from cxr_core.work.privacy import erasing
from cxr_core.work.privacy.scanning import Known, scan
from cxr_core.work.reading_room import recording
from cxr_core.work.service import updating
from tests.store.test_migrations import planted
from tests.work.sites import add_user, files_in, film, form, job, new_home, picture, take_in, work_off

CANARY = "whisper of the canary"


def grows(db):
    db.executescript("CREATE TABLE coming (id INTEGER); INSERT INTO site VALUES ('coming', '1');")


def fails(db):
    db.executescript("CREATE TABLE half (id INTEGER); SELECT nonsense;")


def breaks_the_chain(db):
    db.executescript("DROP TRIGGER audit_is_never_changed; UPDATE audit SET actor = 'nobody';")


def loses(db):
    db.execute("DROP TABLE looks")


@pytest.fixture
def home(tmp_path):
    open_home(tmp_path / "home")
    return tmp_path / "home"


def names(home):
    return {path.name for path in home.iterdir()}


def test_what_an_update_would_do_is_said_and_nothing_is_done(home, monkeypatch):
    before, content = names(home), (home / "feedback.db").read_bytes()
    planted(monkeypatch, grows)
    tried = updating.try_out(home, COMMAND_LINE)
    assert (tried.steps, tried.problems) == (["m999_planted"], [])
    assert tried.changed["site"][1] - tried.changed["site"][0] == 1
    assert names(home) == before
    assert (home / "feedback.db").read_bytes() == content


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (fails, "step m999_planted fails: no such column: nonsense"),
        (breaks_the_chain, "audit row 1 is not what was written"),
        (loses, "table looks would be gone"),
    ],
)
def test_what_would_go_wrong_is_found_on_the_copy_which_goes(home, monkeypatch, step, why):
    before = names(home)
    planted(monkeypatch, step)
    (problem,) = updating.try_out(home, COMMAND_LINE).problems
    assert why in problem
    assert names(home) == before
    with opened(home) as db:
        assert migrations.pending(db) == ["m999_planted"]


def test_a_fault_from_before_is_found_too(home):
    with sqlite3.connect(home / "feedback.db") as db:  # which checks no references unless asked to
        db.execute("INSERT INTO sessions VALUES ('hash', 4711, '2026', '2026')")
    assert updating.try_out(home, COMMAND_LINE).problems == [
        "row 1 of sessions points to a row of users that isn't there"
    ]


def test_with_nothing_pending_the_database_is_checked_all_the_same(home):
    tried = updating.try_out(home, COMMAND_LINE)
    assert (tried.steps, tried.changed, tried.problems) == ([], {}, [])


def test_where_there_is_no_database_nothing_is_tried_or_made(tmp_path):
    with pytest.raises(NotFound, match="no database in"):
        updating.try_out(tmp_path / "home", COMMAND_LINE)
    assert list(tmp_path.iterdir()) == []


def test_without_room_for_a_copy_no_step_is_taken(home, monkeypatch):
    planted(monkeypatch, grows)
    free = os.statvfs(home).f_bavail * os.statvfs(home).f_frsize
    with (home / "feedback.db").open("r+b") as file:
        file.truncate(free)  # a hole, which takes no room
    with pytest.raises(OutOfRoom, match="a copy of the database needs"):
        copies._require_room(home)


def update(home, monkeypatch, step=grows):
    planted(monkeypatch, step)
    return migrations.migrate(home)


def test_an_update_keeps_the_database_from_before_it(home, monkeypatch):
    assert copies.kept(home) == [], "a new home has nothing to go back to"
    assert update(home, monkeypatch) == ["m999_planted"]
    (copy,) = copies.kept(home)
    assert copy.name == "feedback.db.before-m999"
    assert copy.stat().st_mode & 0o777 == 0o600
    monkeypatch.undo()
    (home / "older").mkdir()
    copy.rename(home / "older" / "feedback.db")
    migrations.check(home / "older")


def test_a_step_that_fails_leaves_the_copy_too(home, monkeypatch):
    with pytest.raises(sqlite3.OperationalError):
        update(home, monkeypatch, fails)
    assert [copy.name for copy in copies.kept(home)] == ["feedback.db.before-m999"]


def test_a_database_that_is_not_sound_is_neither_copied_nor_updated(home, monkeypatch):
    before = names(home)
    content = bytearray((home / "feedback.db").read_bytes())
    content[-4096:] = b"\xff" * 4096
    (home / "feedback.db").write_bytes(content)
    planted(monkeypatch, grows)
    with pytest.raises(IntegrityError, match="the database is damaged"):
        migrations.migrate(home)
    with pytest.raises(IntegrityError, match="the database is damaged"):
        updating.try_out(home, COMMAND_LINE)
    assert names(home) == before


def test_going_back_says_what_is_lost_and_keeps_it_beside(home, monkeypatch):
    update(home, monkeypatch)
    with opened(home) as db:
        db.execute("INSERT INTO site VALUES ('since', '1')")
        head = audit.head(db)
    assert updating.way_back(home, COMMAND_LINE).lost == {"site": 2}
    found = updating.go_back(home, COMMAND_LINE)
    assert Path(found.aside).name == "feedback.db.after-m999"
    assert copies.kept(home) == []
    monkeypatch.undo()
    migrations.check(home)  # the older program takes it
    with opened(home) as db:
        assert db.execute("SELECT count(*) FROM site WHERE name IN ('since', 'coming')").fetchone() == (0,)
    with sqlite3.connect(found.aside) as aside:
        assert aside.execute("SELECT count(*) FROM site WHERE name = 'since'").fetchone() == (1,)
    with opened(home) as db:
        (told,) = rows(db, "SELECT actor, subject, details FROM audit WHERE action = 'go back'")
        audit.verify(db)
    assert json.loads(told.pop("details")) == {"head": str(head)}
    assert told == {"actor": COMMAND_LINE.name, "subject": "feedback.db.before-m999"}
    assert not names(home) & {"trying", "feedback.db-wal"}


def test_a_session_that_was_ended_since_is_not_open_again(tmp_path, monkeypatch):
    settings = new_home(tmp_path)
    add_user(settings, name="eve")
    token = accounts.sign_in(settings, "eve", "a long password")
    update(settings.home, monkeypatch)
    accounts.sign_out(settings, token)
    updating.go_back(settings.home, COMMAND_LINE)
    assert accounts.user_of(settings, token) is None


def test_what_was_received_since_is_not_left_to_be_swept_away(tmp_path, monkeypatch):
    settings = new_home(tmp_path)
    first = requests.take_in(settings, COMMAND_LINE, [requests.Upload("a.dcm", film(5))])
    update(settings.home, monkeypatch)
    requests.take_in(settings, COMMAND_LINE, [requests.Upload("b.dcm", film(6))])
    with pytest.raises(Conflict, match=r"1 files in the spool came after the update.*let the worker take in"):
        updating.go_back(settings.home, COMMAND_LINE)
    assert len(files_in(settings, "spool")) == 2
    work_off(settings)
    with opened(settings.home) as db:
        db.execute("DELETE FROM workers")
    updating.go_back(settings.home, COMMAND_LINE)
    assert job(settings, *first).state == "queued"


def test_nobody_writes_into_what_is_put_aside(home, monkeypatch):
    update(home, monkeypatch)
    with soundness.alone(home) as db:
        other = sqlite3.connect(home / "feedback.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("PRAGMA journal_mode = WAL")
        copies.go_back(home, copies.kept(home)[0], "after-m999")
        assert db.execute("SELECT count(*) FROM coming").fetchone() == (0,)
    for statement in ("PRAGMA journal_mode = WAL", "INSERT INTO site VALUES ('lost', '1')"):
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            other.execute(statement)
    other.close()


def test_after_going_back_the_update_can_be_made_again(home, monkeypatch):
    update(home, monkeypatch)
    updating.go_back(home, COMMAND_LINE)
    assert migrations.migrate(home) == ["m999_planted"]
    assert names(home) >= {"feedback.db.before-m999", "feedback.db.after-m999"}


def test_without_a_copy_there_is_no_way_back(home):
    with pytest.raises(NotFound, match="bring a backup back instead"):
        updating.go_back(home, COMMAND_LINE)


def test_while_something_runs_nobody_goes_back(home, monkeypatch):
    update(home, monkeypatch)
    with opened(home) as db:
        workers.register(db, "w", Lane.READING, "1")
    with pytest.raises(Conflict, match="stop app, workers and listener first"):
        updating.go_back(home, COMMAND_LINE)
    with opened(home) as db:
        workers.leave(db, "w")
        with pytest.raises(Conflict, match="the program runs"):
            updating.go_back(home, COMMAND_LINE)
    updating.go_back(home, COMMAND_LINE)


def test_a_copy_that_is_not_sound_is_not_gone_back_to(home, monkeypatch):
    update(home, monkeypatch)
    (copy,) = copies.kept(home)
    content = bytearray(copy.read_bytes())
    content[8192 : 8192 + 4096] = os.urandom(4096)
    copy.write_bytes(content)
    with pytest.raises(Conflict, match="bring a backup back instead"):
        updating.go_back(home, COMMAND_LINE)
    migrations.check(home)


def aged(path, days):
    then = time.time() - days * 24 * 3600
    os.utime(path, (then, then))


def test_copies_go_when_they_are_old(home, monkeypatch):
    update(home, monkeypatch)
    (copy,) = copies.kept(home)
    aged(copy, copies.DAYS - 1)
    open_home(home)
    assert copies.kept(home) == [copy]
    aged(copy, copies.DAYS + 1)
    open_home(home)
    assert copies.kept(home) == []


def found_by(settings, folder):
    (folder / "sought").write_text(CANARY)
    hits = []
    scan(settings, COMMAND_LINE, Known(listed=folder / "sought"), [], hits.append)
    return {Path(hit["file"]).name for hit in hits if "file" in hit}


def test_an_erased_patient_lives_on_in_no_copy(tmp_path, monkeypatch):
    settings = new_home(tmp_path)
    reader, admin = add_user(settings), add_user(settings, Role.ADMIN)
    image = take_in(settings, picture(1))[0].image
    recording.submit(settings.home, reader, replace(form(settings, image), comment=CANARY))
    update(settings.home, monkeypatch)
    with opened(settings.home) as db:
        copies.try_on(db, settings.home)  # as one that was killed leaves it
        patient = db.execute("SELECT patient FROM images").fetchone()[0]
    assert found_by(settings, tmp_path) >= {"feedback.db.before-m999"}
    assert erasing.erase(settings.home, admin, patient, "asked for").finished
    assert found_by(settings, tmp_path) == set()
    assert names(settings.home) & {"trying", "feedback.db.before-m999"} == set()
