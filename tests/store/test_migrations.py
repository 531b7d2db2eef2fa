"""The schema is made once, by one process, whole or not at all."""

import sqlite3
from pathlib import Path

import pytest

from cxr_core.errors import SchemaError, SettingsError
from cxr_core.records import Role
from cxr_core.store import images, migrations, users, worklist
from cxr_core.store.db import insert, opened
from cxr_core.store.migrations import check, has_database, migrate
from cxr_core.store.worklist import Narrowed
from cxr_core.work.opening import open_home
from tests.store.rows import ALL, LIST, STEPS, add_image, at_once

TABLES = {
    "site", "users", "sessions", "workers", "jobs", "patients", "images", "training_sets", "weights", "models",
    "decisions", "predictions", "reads", "audit", "explanations", "worklists", "claims",
    "plans", "training_items", "base_fingerprints", "looks", "shadows", "shadow_predictions", "stops", "tombstones",
    "tallies", "site_references", "reference_tallies", "reference_images", "alarms", "alarm_signals", "messages",
    "senders", "pulls", "arrivals", "destinations", "rules", "deliveries", "quarantine", "listeners",
    "set_aside", "attempts", "audit_cuts",
}  # fmt: skip
OF_SQLITE = {"_sqlite_migrations", "sqlite_sequence"}
ERASED_BESIDES = {"arrivals"}
"""Erased with their patient by their own module; other tables that name an image are in `images._REFERRING`."""
KEPT = {"tombstones", "training_items", "reference_images"}
"""What stays on record of an image that is gone: its hash, and nothing else of it."""


def schema(home):
    with opened(home) as db:
        return sorted(row[0] for row in db.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL"))


def open_one(number, home):
    return open_home(home)


def planted(monkeypatch, step):
    """One more step behind those that there are, as a coming version has it."""
    steps = migrations.migrations._migrations
    monkeypatch.setattr(migrations.migrations, "_migrations", [*steps, type(steps[0])("m999_planted", step)])


def test_a_fresh_home_gets_every_table(tmp_path):
    assert migrate(tmp_path) == STEPS, "name each step in STEPS of tests/store/rows.py"
    with opened(tmp_path) as db:
        found = set(db.table_names()) - OF_SQLITE
        listed = list(db.execute("PRAGMA table_list"))
    assert not found - TABLES, f"name {found - TABLES} in TABLES here"
    assert not TABLES - found, f"no step makes {TABLES - found}"
    loose = {name for _, name, kind, _, _, strict in listed if kind == "table" and not strict}
    assert not loose & TABLES, "declare them STRICT"
    check(tmp_path)


def test_every_sql_file_is_a_step():
    files = sorted(path.stem for path in Path(migrations.__file__).parent.glob("m[0-9]*_*.sql"))
    assert files == STEPS, "a step is a file and a function of the same name"


def test_a_table_that_tells_of_an_image_is_erased_with_its_patient(home):
    with opened(home) as db:
        telling = {name for name in db.table_names() if "image" in db[name].columns_dict}
    forgotten = telling - set(images._REFERRING) - ERASED_BESIDES - KEPT
    assert not forgotten, f"add {forgotten} to _REFERRING of cxr_core/store/images.py: else erasing a patient leaves it"


def test_migrating_twice_changes_nothing(tmp_path):
    migrate(tmp_path)
    before = schema(tmp_path)
    assert migrate(tmp_path) == []
    assert schema(tmp_path) == before


def test_four_starters_at_once_make_one_whole_home(tmp_path):
    home = tmp_path / "home"
    answers = at_once(open_one, 4, home)
    assert sorted(answers, key=len) == [[], [], [], STEPS]
    with opened(home) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM decisions").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM audit").fetchone() == (1,)
    assert len((home / "secret.key").read_bytes()) == 32
    check(home)


@pytest.mark.parametrize("name", [".", "gone/home", "file", "file/home"])
def test_where_there_is_no_database_a_check_says_so_and_makes_nothing(tmp_path, name):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SchemaError, match=r"no database in /.*set CXR_HOME.*or run `python -m cxr_core migrate`"):
        check(tmp_path / name)
    assert [path.name for path in tmp_path.rglob("*")] == ["file"]


@pytest.mark.parametrize("use", [check, has_database])
def test_a_folder_that_can_not_be_looked_into_is_refused_with_the_remedy(tmp_path, use):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(SettingsError, match=r"loop can't be written \(.+\): give that folder .* or set CXR_HOME"):
        use(tmp_path / "loop")


def test_an_empty_database_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "feedback.db").touch()
    with pytest.raises(SchemaError, match=r"lacks m001_initial, .*: run `python -m cxr_core migrate`"):
        check(tmp_path)


def test_a_pending_step_is_refused_until_it_is_taken(home, monkeypatch):
    planted(monkeypatch, lambda db: db.execute("CREATE TABLE coming (id INTEGER)"))
    with pytest.raises(SchemaError, match="lacks m999_planted"):
        check(home)
    assert migrate(home) == ["m999_planted"]
    check(home)


@pytest.mark.parametrize("use", [check, migrate, open_home])
def test_the_database_of_a_newer_version_is_refused(home, use):
    with opened(home) as db:
        db.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('cxr', 'm777_future', '')")
    with pytest.raises(SchemaError, match=r"newer version \(m777_future\)"):
        use(home)


def test_a_step_that_fails_leaves_nothing_behind(home, monkeypatch):
    before = schema(home)

    def half(db):
        db.executescript("CREATE TABLE half (id INTEGER); INSERT INTO site VALUES ('half', '1'); SELECT nonsense;")

    planted(monkeypatch, half)
    with pytest.raises(sqlite3.OperationalError):
        migrate(home)
    assert schema(home) == before
    with opened(home) as db:
        assert db.execute("SELECT count(*) FROM site").fetchone() == (0,)
    with pytest.raises(SchemaError, match="m999_planted"):
        check(home)


def test_a_home_with_reads_in_it_is_brought_to_this_schema(tmp_path, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(migrations.migrations, "_migrations", migrations.migrations._migrations[:1])
        migrate(tmp_path)
    with opened(tmp_path) as db:
        account = {"name": "ann", "role": "admin", "password_hash": "", "created_at": "2026"}
        reader, image, unread = insert(db, "users", account), add_image(db, 1), add_image(db, 2)
        row = {"image": image, "reader": reader, "label": "Normal", "seconds": 1.0, "made_at": "2026"}
        first = insert(db, "reads", row)
        second = insert(db, "reads", {**row, "supersedes": first})
    assert migrate(tmp_path) == STEPS[1:]
    with opened(tmp_path) as db:
        assert worklist.counts(db, ALL) == {"waiting": 1, "read": 1, "coming": 0}
        assert worklist.next_waiting(db, ALL, LIST, None) == [unread]
        assert [row["read"] for row in worklist.rows_of(db, ALL, LIST, Narrowed("read"))] == [second]
        assert users.account(db, "ann").role is Role.ADMIN
