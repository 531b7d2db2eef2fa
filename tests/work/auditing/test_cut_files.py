"""Ends of the chain that were kept are looked for in the files, too: no cut, honest or forged, makes one untold."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest

from cxr_core import clock
from cxr_core.errors import BadInput, IntegrityError
from cxr_core.store import audit, deliveries, site
from cxr_core.store.audit_chain import Head, seal
from cxr_core.store.db import opened, rows, transaction
from cxr_core.work.auditing import checking, cutting
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.verifying import verify
from tests.store.exchanged import add_arrival, add_delivery, add_destination, add_sender
from tests.store.rows import add_image, add_model, without_triggers
from tests.work.auditing.aged import BEFORE, OLD, aged


@pytest.fixture
def home(tmp_path):
    """A log of 30 old days with a row a day, and one of today."""
    home = aged(tmp_path / "home")
    with opened(home) as db, transaction(db):
        audit.record(db, "bob", "sign in", "")
    return home


@pytest.fixture
def reported(home):
    """The end that a report told on the first day after the thirty, of row 31."""
    with opened(home) as db, transaction(db):
        add_model(db)
        arrival = add_arrival(db, add_sender(db), image=add_image(db))
        deliveries.settled(db, add_delivery(db, arrival, add_destination(db)), "1.0")
        (told,) = deliveries.heads(db)
    return told


def end_at(home, number):
    """The end of the chain when it had so many rows."""
    with opened(home) as db:
        (row,) = rows(db, "SELECT id, hash FROM audit WHERE id = ?", (number,))
    return str(Head(row["id"], row["hash"]))


def checked(home, *heads, folders=()):
    return checking.verify(home, COMMAND_LINE, heads, folders)


def forge(home, up_to, **told):
    """Somebody with the database in hand takes all off, and says that it was a cut up to a row."""
    without_triggers(home)
    number, _, sealed = up_to.partition(" ")
    details = {"hash": sealed, "rows": int(number), "file": f"audit-1-{number}.jsonl.gz", **told}
    event = {
        "id": int(number) + 1, "at": clock.stamp(), "actor": "program", "action": "cut audit", "subject": number,
        "details": json.dumps(details, sort_keys=True),
    }  # fmt: skip
    row = {**event, "hash": seal(sealed, event)}
    with opened(home) as db, transaction(db):
        db.execute("DELETE FROM audit")
        db.execute("INSERT INTO audit_cuts VALUES (?, ?, ?)", (int(number), sealed, event["at"]))
        db.table("audit").insert(row)
        site.put(db, audit.HEAD, f"{row['id']} {row['hash']}")


def sealed_anew(path, change, at=None):
    """The file of a cut with other rows, sealed as if they had always been so; where it ends."""
    first, *lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    before, written = "0" * 64, [first]
    for line in lines:
        event = {**json.loads(line.replace(*change)), **({"at": at} if at else {})}
        event.pop("hash")
        before = seal(before, event)
        written.append(json.dumps({**event, "hash": before}))
    path.write_bytes(gzip.compress("\n".join(written).encode()))
    return str(Head(event["id"], before))


def test_a_forged_cut_that_hides_all_is_found_by_an_end_that_was_kept(home):
    kept = end_at(home, 25)
    forge(home, f"60 {'ab' * 32}", folder="/mnt/archive")
    said = checked(home, kept)
    assert said.problem == (
        f"the end {kept} can't be checked: row 25 was cut off into /mnt/archive/audit-1-60.jsonl.gz, which isn't at "
        "hand; name the folder with that file by --files DIR"
    )
    assert checked(home).unchecked == (
        "rows 1 to 60 were cut off into /mnt/archive/audit-1-60.jsonl.gz, which isn't at hand: "
        "`audit verify --files DIR` looks there"
    )


def test_a_forged_cut_just_at_the_end_that_was_kept_is_found(home):
    kept = end_at(home, 25)
    forge(home, kept, folder="/mnt/archive")
    assert f"the end {kept} can't be checked" in checked(home, kept).problem


def test_a_forged_cut_that_says_its_file_is_here_is_a_problem_in_any_case(home):
    kept = end_at(home, 25)
    forge(home, f"60 {'ab' * 32}")
    missing = "audit/audit-1-60.jsonl.gz is missing, with rows that were cut off: bring it back from a backup"
    assert checked(home).problem == missing
    assert checked(home, kept).problem.startswith(f"{missing}\nthe end {kept} can't be checked")


def test_a_forged_file_is_found_by_an_end_that_was_kept(home):
    kept = end_at(home, 15)
    path = Path(cutting.cut(home, COMMAND_LINE, BEFORE).file)
    forged = sealed_anew(path, ("image 7", "image 8"))
    with opened(home) as db:
        db.execute("DELETE FROM audit_cuts")
    forge(home, forged)
    assert checked(home).problem == ""
    assert checked(home, kept).problem == (
        "audit row 15 isn't the one whose hash was kept: rows from 1 on were written anew"
    )


@pytest.mark.parametrize("number", [1, 5, 20])
def test_an_end_of_a_row_that_was_cut_off_is_looked_for_in_its_file(home, number):
    kept = end_at(home, number)
    cutting.cut(home, COMMAND_LINE, BEFORE)
    found = checked(home, kept)
    assert (found.problem, found.unchecked) == ("", "")
    assert checked(home, f"{number} {'f' * 64}").problem.startswith(f"audit row {number} isn't the one")


def test_where_a_file_went_by_a_cut_is_looked_at_and_elsewhere_where_it_is_named(home, tmp_path):
    kept = end_at(home, 5)
    folder, other = tmp_path / "archive", tmp_path / "other"
    cutting.cut(home, COMMAND_LINE, BEFORE, folder)
    assert checked(home, kept).problem == ""
    folder.rename(other)
    assert f"the end {kept} can't be checked: row 5 was cut off into {folder}/audit-1-20" in checked(home, kept).problem
    found = checked(home, kept, folders=[other])
    assert (found.problem, found.unchecked) == ("", "")


def test_of_several_cuts_each_file_is_looked_at_wherever_the_row_that_tells_of_it_is(home, tmp_path):
    ends = [end_at(home, number) for number in (3, 15)]
    with clock.at(OLD + timedelta(days=400)):
        cutting.cut(home, COMMAND_LINE, clock.stamp(OLD + timedelta(days=10)), tmp_path / "archive")
    with opened(home) as db:  # the row that tells of the first cut is younger, with that of today before it
        (row,) = rows(db, "SELECT id FROM audit WHERE action = 'cut audit'")
    with clock.at(clock.now() + timedelta(days=500)):
        cutting.cut(home, COMMAND_LINE, clock.ago(days=400))
        assert (home / "audit" / f"audit-11-{row['id']}.jsonl.gz").exists()
        assert checked(home, *ends).problem == ""
        (tmp_path / "archive").rename(tmp_path / "away")
        found = checked(home, ends[1])
        assert found.problem == ""
        assert found.unchecked.startswith(f"rows 1 to 10 were cut off into {tmp_path}/archive/audit-1-10.jsonl.gz")
        assert checked(home, ends[0]).problem.startswith(f"the end {ends[0]} can't be checked")


def verified(home):
    """What `verify` says of the log: this home has rows of an image and of a model, and no more of them."""
    found = verify(home, COMMAND_LINE)
    return [said for said in found["problems"] if "audit" in said], found["not_checked"]


def later(home, folder=None):
    """The log cut off a good year later, with the row whose end a report has told."""
    cutting.cut(home, COMMAND_LINE, clock.ago(days=370), folder)


def test_what_reports_told_before_a_cut_is_looked_for_in_its_file(home, reported):
    assert reported.startswith("31 ")
    with clock.at(clock.now() + timedelta(days=400)):
        later(home)
        assert verified(home) == ([], [])
        (path,) = (home / "audit").iterdir()
        with opened(home) as db:
            db.execute("UPDATE deliveries SET audit_head = ?", (f"31 {'f' * 64}",))
        anew = "audit row 31 isn't the one whose hash was kept: rows from 1 on were written anew"
        assert verified(home) == ([anew], [])
        path.unlink()
        missing = "audit/audit-1-31.jsonl.gz is missing, with rows that were cut off: bring it back from a backup"
        assert verified(home) == ([missing], [])


def test_what_reports_told_before_a_cut_whose_file_is_elsewhere_is_said_and_no_problem(home, reported, tmp_path):
    with clock.at(clock.now() + timedelta(days=400)):
        later(home, tmp_path / "archive")
        assert verified(home) == ([], [])
        (tmp_path / "archive").rename(tmp_path / "away")
        said = (
            f"rows 1 to 31 were cut off into {tmp_path}/archive/audit-1-31.jsonl.gz, which isn't at hand, "
            "with 1 of the ends that reports have told: `audit verify --files DIR` looks there"
        )
        assert verified(home) == ([], [said])
        assert checked(home, reported).problem.startswith(f"the end {reported} can't be checked")
        assert checked(home, folders=[tmp_path / "away"]).unchecked == ""


def test_a_cut_of_rows_that_were_too_young_is_found_by_its_file(home):
    path = cutting.cut_off(home, "eve", clock.stamp()).file
    assert checked(home).problem == (
        f"{path} has rows that were younger than a year when they were cut off: the program never cuts those"
    )
    with opened(home) as db:
        db.execute("UPDATE audit_cuts SET cut_at = ?", (clock.stamp(clock.now() + timedelta(days=9000)),))
    assert "younger than a year" in checked(home).problem


def test_a_file_of_rows_without_a_time_is_said(home):
    path = Path(cutting.cut(home, COMMAND_LINE, BEFORE).file)
    forged = sealed_anew(path, ("", ""), at="never")
    with opened(home) as db:
        db.execute("DELETE FROM audit_cuts")
    forge(home, forged)
    assert checked(home).problem.startswith(f"{path} has a row of no time")


def test_a_file_is_of_this_log_and_of_its_cut(home, tmp_path):
    path = Path(cutting.cut(home, COMMAND_LINE, BEFORE).file)
    sealed_anew(path, ("image 7", "image 8"))
    assert checked(home).problem == f"{path} doesn't end with the row 20 that the log goes on from"


def test_two_ends_of_one_row_are_not_both_of_this_log(home):
    kept = end_at(home, 5)
    other = f"5 {'f' * 64}"
    for heads in ([kept, other], [other, kept]):
        assert checked(home, *heads).problem == (
            f"{heads[1]} isn't an end of this chain, or {heads[0]} isn't: one row has one hash"
        )
    assert checked(home, kept, kept).problem == ""
    assert "isn't an end of this chain" in checked(home, f"0 {'f' * 64}").problem
    assert checked(home, f"0 {'0' * 64}").problem == ""


def test_a_folder_that_is_named_in_vain_is_said(home, tmp_path):
    cutting.cut(home, COMMAND_LINE, BEFORE)
    assert checked(home, folders=[tmp_path]).problem == (
        f"{tmp_path} has no file of rows that were cut off this log: name the folder with them"
    )
    with pytest.raises(BadInput, match="is no folder"):
        checked(home, folders=[tmp_path / "nowhere"])


def test_the_log_itself_refuses_an_end_of_a_row_that_was_cut_off(home):
    cutting.cut(home, COMMAND_LINE, BEFORE)
    with opened(home) as db, pytest.raises(IntegrityError, match="audit row 5 was cut off"):
        audit.verify(db, [Head(5, "f" * 64)])
