"""The log's beginning is cut off into a file that can be checked, on record, and never when it is too young."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from cxr_core import clock
from cxr_core.errors import BadInput, IntegrityError
from cxr_core.store import audit, audit_chain, audit_cut, files
from cxr_core.store.db import opened, rows, transaction
from cxr_core.store.migrations import migrate
from cxr_core.work.auditing import checking, cut_files, cutting
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.verifying import verify
from tests.store.rows import without_triggers
from tests.work.auditing.aged import BEFORE, OLD, aged


@pytest.fixture
def home(tmp_path):
    """A log of 30 old days, an event a day, and five events of today."""
    home = aged(tmp_path / "home")
    with opened(home) as db:
        for _ in range(5):
            with transaction(db):
                audit.record(db, "bob", "read", "image")
    return home


def problem(home, *heads):
    return checking.verify(home, COMMAND_LINE, heads).problem


def test_a_dry_run_counts_and_changes_nothing(home):
    found = cutting.preview(home, COMMAND_LINE, BEFORE)
    assert (found.first, found.up_to, found.rows, found.file) == (1, 20, 20, None)
    assert checking.verify(home, COMMAND_LINE, []).events == 35
    assert not (home / "audit").exists()


def test_what_is_cut_off_lies_in_a_file_and_the_rest_verifies(home):
    found = cutting.cut(home, COMMAND_LINE, BEFORE)
    assert (found.rows, found.file) == (20, str(home / "audit" / "audit-1-20.jsonl.gz"))
    assert checking.verify(home, COMMAND_LINE, []).events == 16
    file = cut_files.check_file(home / "audit" / "audit-1-20.jsonl.gz")
    assert (file.start.number, file.end.number) == (0, 20)
    with opened(home) as db:
        assert audit.last_cut(db) == file.end
        (event,) = rows(db, "SELECT actor, subject FROM audit WHERE action = 'cut audit'")
    assert event == {"actor": "command line", "subject": "20"}
    assert problem(home) == ""


def test_a_second_cut_goes_on_from_the_first_and_cuts_nothing_twice(home):
    cutting.cut(home, COMMAND_LINE, BEFORE)
    assert cutting.cut(home, COMMAND_LINE, BEFORE).rows == 0
    assert cutting.cut(home, COMMAND_LINE, clock.stamp(OLD + timedelta(days=25))).rows == 5
    assert problem(home) == ""


def cut_twice(home, first=None, second=None):
    """So that the row which tells of the first cut is in the file of the second."""
    with clock.at(OLD + timedelta(days=400)):
        cutting.cut(home, COMMAND_LINE, clock.stamp(OLD + timedelta(days=10)), first)
    cutting.cut(home, COMMAND_LINE, clock.stamp(OLD + timedelta(days=401)), second)


def test_a_file_that_is_missing_is_named_even_where_the_row_that_tells_of_it_was_cut_off(tmp_path):
    home = tmp_path / "home"
    migrate(home)
    with opened(home) as db:
        for day in (0, 5):
            with clock.at(OLD + timedelta(days=day)), transaction(db):
                audit.record(db, "ann", "read", "image")
    cut_twice(home)
    names = sorted(path.name for path in (home / "audit").iterdir())
    assert names == ["audit-1-2.jsonl.gz", "audit-3-3.jsonl.gz"]
    assert verify(home, COMMAND_LINE)["problems"] == []
    (home / "audit" / names[0]).rename(home / "away")
    said = "audit/{} is missing, with rows that were cut off: bring it back from a backup"
    assert verify(home, COMMAND_LINE)["problems"] == [said.format(names[0])]
    (home / "audit" / names[1]).unlink()
    assert problem(home) == said.format(names[1])


def test_a_file_that_went_to_another_folder_is_not_missed(home, tmp_path):
    cutting.cut(home, COMMAND_LINE, BEFORE, tmp_path / "elsewhere")
    assert problem(home) == ""
    with opened(home) as db:
        told = audit_cut.told(audit_cut.telling(db))["20"]
    assert (told["file"], told["folder"]) == ("audit-1-20.jsonl.gz", str(tmp_path / "elsewhere"))


def left_by_a_kill(home, tmp_path, before):
    """The file of a cut that was killed when it was about to change the log."""
    other = tmp_path / "other"
    shutil.copytree(home, other)
    path = Path(cutting.cut(other, COMMAND_LINE, before).file)
    (home / "audit").mkdir(exist_ok=True)
    return Path(shutil.copy(path, home / "audit"))


def test_the_file_of_a_cut_that_was_killed_is_no_problem_and_the_next_cut_removes_it(home, tmp_path):
    left = left_by_a_kill(home, tmp_path, clock.stamp(OLD + timedelta(days=15)))
    assert problem(home) == ""
    cutting.cut(home, COMMAND_LINE, BEFORE)
    assert [path.name for path in (home / "audit").iterdir()] == ["audit-1-20.jsonl.gz"] != [left.name]
    assert problem(home) == ""


def test_what_was_cut_off_and_what_is_of_another_log_stays_at_the_next_cut(home, tmp_path):
    first = cutting.cut(home, COMMAND_LINE, BEFORE).file
    other = tmp_path / "elsewhere" / "audit-21-30.jsonl.gz"
    other.parent.mkdir()
    shutil.copy(first, other)
    cutting.cut(home, COMMAND_LINE, clock.stamp(OLD + timedelta(days=25)), other.parent)
    assert Path(first).exists() and other.exists()


def test_a_cut_that_fails_leaves_no_file_and_the_whole_log(home):
    with opened(home) as db:
        db.execute("CREATE TRIGGER full BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    with pytest.raises(sqlite3.IntegrityError, match="the disk is full"):
        cutting.cut(home, COMMAND_LINE, BEFORE)
    assert list((home / "audit").iterdir()) == []
    assert checking.verify(home, COMMAND_LINE, []).events == 35


def test_of_two_cuts_at_once_one_is_refused(home):
    with files.held(home / cutting.LOCK), pytest.raises(BadInput, match="somebody else is cutting"):
        cutting.cut(home, COMMAND_LINE, BEFORE)
    assert not (home / "audit").exists()


def test_a_changed_file_names_its_first_wrong_row(home):
    cutting.cut(home, COMMAND_LINE, BEFORE)
    path = home / "audit" / "audit-1-20.jsonl.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"image 7", b"image 8")))
    assert "audit row 8 is not what was written" in problem(home)


@pytest.mark.parametrize("data", [b"", b"no gzip", gzip.compress(b"", mtime=0), gzip.compress(b"{}\n", mtime=0),
                                  gzip.compress(b'{"after": 1}\n[]\n', mtime=0)])  # fmt: skip
def test_what_is_no_such_file_is_said(tmp_path, data):
    (tmp_path / "audit-1-2.jsonl.gz").write_bytes(data)
    with pytest.raises(IntegrityError, match="isn't a whole file"):
        cut_files.check_file(tmp_path / "audit-1-2.jsonl.gz")


def test_what_is_younger_than_a_year_stays(home):
    with pytest.raises(BadInput, match="younger than a year stay"):
        cutting.cut(home, COMMAND_LINE, clock.ago(days=300))


def test_a_broken_chain_is_not_cut(home):
    without_triggers(home)
    with opened(home) as db:
        db.execute("UPDATE audit SET actor = 'eve' WHERE id = 3")
    with pytest.raises(IntegrityError, match="audit row 3"):
        cutting.cut(home, COMMAND_LINE, BEFORE)


def test_a_cut_behind_the_programs_back_is_found(home):
    with opened(home) as db, transaction(db):
        (row,) = rows(db, "SELECT id, hash FROM audit WHERE id = 10")
        db.execute("INSERT INTO audit_cuts VALUES (?, ?, '')", (row["id"], row["hash"]))
        db.execute("DELETE FROM audit WHERE id <= 10")
    assert problem(home) == (
        "audit row 10 and those before it are gone, and the chain has no row that tells of a cut there"
    )


def test_rows_that_are_left_before_a_cut_are_found(home):
    with opened(home) as db:
        kept = rows(db, "SELECT * FROM audit WHERE id = 4")[0]
    cutting.cut(home, COMMAND_LINE, BEFORE)
    with opened(home) as db:
        db.table("audit").insert(kept)
    assert problem(home).startswith("audit row 4 ")


def test_the_database_refuses_to_remove_what_was_not_cut(home):
    with opened(home) as db, pytest.raises(sqlite3.IntegrityError, match="never shortened"):
        db.execute("DELETE FROM audit WHERE id = 1")


def test_an_end_from_before_the_cut_still_tells(home):
    with opened(home) as db:
        earlier = audit.head(db)
    cutting.cut(home, COMMAND_LINE, BEFORE)
    assert problem(home, str(earlier)) == ""
    other = audit_chain.Head(earlier.number, "0" * 64)
    assert problem(home, str(other)).startswith("audit row 35 isn't the one whose hash was kept")
