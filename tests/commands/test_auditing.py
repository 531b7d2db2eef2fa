"""audit head, verify, cut: what whoever keeps the machine types."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.store import audit
from cxr_core.store.db import opened, transaction
from cxr_core.work.opening import open_home
from tests.store.rows import without_triggers

OLD = clock.now() - timedelta(days=900)
BEFORE = f"{OLD + timedelta(days=50):%Y-%m-%d}"


@pytest.fixture
def log(home):
    """A log with ten old rows before those of today's start."""
    with clock.at(OLD):
        open_home(home)
        with opened(home) as db, transaction(db):
            for number in range(9):
                audit.record(db, "ann", "read", str(number))
    with opened(home) as db, transaction(db):
        audit.record(db, "ann", "sign in", "")
    return home


def head(run, capsys):
    from cxr_core.__main__ import main

    capsys.readouterr()
    assert main(["audit", "head"]) == 0
    return capsys.readouterr().out.strip()


def test_the_end_that_is_printed_is_one_that_verify_takes(run, log, capsys):
    ended = head(run, capsys)
    answer, whole = run("audit", "verify", "--head", ended), {"problems": [], "not_checked": []}
    assert (answer.status, answer.lines) == (0, [{**whole, "head": ended, "events": 11, "heads": 1}])


def test_an_end_that_does_not_fit_fails_with_the_row(run, log):
    answer = run("audit", "verify", "--head", f"9 {'0' * 64}")
    assert answer.status == 1
    assert "audit row 9 isn't the one whose hash was kept" in answer.words


def test_what_is_no_end_is_a_line_and_no_trace(run, log):
    answer = run("audit", "verify", "--head", "latest")
    assert answer.status == 1 and "is no head of the chain" in answer.words


def test_a_changed_row_fails_and_is_named(run, log):
    without_triggers(log)
    with opened(log) as db:
        db.execute("UPDATE audit SET subject = 'another' WHERE id = 4")
    answer = run("audit", "verify")
    assert answer.status == 1
    assert "audit row 4 is not what was written" in answer.words


def test_cutting_counts_first_and_cuts_when_it_is_meant(run, log, tmp_path):
    counted = run("audit", "cut", "--before", BEFORE)
    assert counted.lines == [{"first": 1, "up_to": 10, "rows": 10, "file": None}]
    assert "nothing was changed" in counted.words
    cut = run("audit", "cut", "--before", BEFORE, "--to", str(tmp_path / "kept"), "--yes")
    (path,) = (tmp_path / "kept").iterdir()
    assert cut.lines == [{"first": 1, "up_to": 10, "rows": 10, "file": str(path)}]
    assert run("audit", "verify").lines[0]["events"] == 2


def test_the_files_of_a_named_folder_are_checked(run, log, tmp_path, capsys):
    ended = head(run, capsys)
    kept, away = tmp_path / "kept", tmp_path / "away"
    with clock.at(clock.now() + timedelta(days=400)):
        until = f"{clock.now() - timedelta(days=366):%Y-%m-%d}"
        assert run("audit", "cut", "--before", until, "--to", kept, "--yes").lines[0]["up_to"] == 11
        kept.rename(away)
        answer = run("audit", "verify")
        (said,) = answer.lines[0]["not_checked"]
        assert (answer.status, answer.words) == (0, f"not checked: {said}\n")
        assert f"{kept}/audit-1-11.jsonl.gz, which isn't at hand" in said
        assert run("verify").words == f"not checked: {said}\n"
        assert run("audit", "verify", "--head", ended).status == 1
        answer = run("audit", "verify", "--head", ended, "--files", away)
        assert (answer.status, answer.words, answer.lines[0]["not_checked"]) == (0, "", [])
        (path,) = away.iterdir()
        path.write_bytes(path.read_bytes()[:-20])
        answer = run("audit", "verify", "--files", away)
        assert answer.status == 1 and f"{path} isn't a whole file of the audit log" in answer.words
        answer = run("audit", "verify", "--files", path)
        assert answer.status == 1 and f"{path} is no folder" in answer.words


def test_what_is_too_young_is_refused(run, log):
    answer = run("audit", "cut", "--before", f"{clock.now():%Y-%m-%d}", "--yes")
    assert answer.status == 1 and "younger than a year stay" in answer.words
