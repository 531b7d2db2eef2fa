"""scan on the command line: what is known is found wherever it lies, and not where it doesn't."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
from contextlib import closing

import pytest

from cxr_core.settings import Settings
from cxr_core.store import senders, users
from cxr_core.store.db import opened
from cxr_core.work.incoming import spool
from tests.dicom.films import dataset, film, to_bytes
from tests.model.chests import phantom_chest
from tests.store.rows import add_user
from tests.work.sites import files_in, work_off

WHO = {
    "PatientName": "Quimby^Jane^M", "PatientID": "MRN-4711", "PatientBirthDate": "19510117", "AccessionNumber": "A-815",
    "ReferringPhysicianName": "Oldenburg^Max", "InstitutionName": "Sankt Nimmerlein", "StationName": "RAUM-17",
    "StudyInstanceUID": "1.2.826.0.1.3680043.4711.1", "SeriesInstanceUID": "1.2.826.0.1.3680043.4711.2",
    "StudyDate": "20240301",
}  # fmt: skip


@pytest.fixture
def original(tmp_path):
    """An X-ray of somebody."""
    path = tmp_path / "originals" / "x.dcm"
    path.parent.mkdir()
    path.write_bytes(to_bytes(dataset(phantom_chest(1, False, 256), **WHO)))
    return path


@pytest.fixture
def site(run, home, original):
    """A home in which the X-ray was taken in."""
    assert run("import", original).lines[0]["image"]
    return home


@pytest.fixture
def scan(run, site, original):
    """Scans for what the X-ray names: the status, the hits, and what was looked at."""

    def call(*paths):
        answer = run("scan", "--from", original, *paths)
        *hits, scanned = answer.lines
        return answer.status, hits, scanned

    return call


def test_where_an_xray_was_taken_in_nothing_is_found(scan):
    status, hits, scanned = scan()
    assert (status, hits, scanned["found"], scanned["unread"]) == (0, [], 0, 0)
    assert scanned["identifiers"] == len(WHO) - 1 + 1  # no study date, but the object's UID
    assert scanned["files"] > 4 and scanned["bytes"] > 50_000 and scanned["originals"] == 1


def test_the_originals_themselves_are_full_of_it_and_no_hit_says_what_it_is(scan, run, original):
    status, hits, _ = scan(original.parent)
    assert status == 1
    assert {hit["kind"] for hit in hits} == {
        "patient name", "patient ID", "birth date", "order", "person", "institution", "device", "UID",
    }  # fmt: skip
    told = json.dumps(hits).lower()
    assert not any(value.lower() in told for value in WHO.values())


@pytest.mark.parametrize(("data", "encoding"), [
    (b"opened for QUIMBY, JANE", "utf-8"), ("jane quimby".encode("utf-16-le"), "utf-16-le"),
    ("MRN-4711".encode("utf-16-be"), "utf-16-be"), (b"\0\1\2mrn-4711\0", "utf-8"), (b"accession a-815.", "utf-8"),
])  # fmt: skip
def test_it_is_found_in_a_log(scan, tmp_path, data, encoding):
    (tmp_path / "a.log").write_bytes(b"." * 4000 + data)
    status, (hit, *_), _ = scan(tmp_path / "a.log")
    assert (status, hit["file"], hit["encoding"]) == (1, "a.log", encoding)
    assert 4000 <= hit["offset"] < 4000 + len(data)


def test_a_short_one_is_not_sought_in_what_is_no_text(scan, tmp_path):
    (tmp_path / "pixels").write_bytes(b"\0\1 a-815 \0")
    assert scan(tmp_path / "pixels")[0] == 0


def test_it_is_found_in_packed_files_in_packed_files(scan, tmp_path):
    with zipfile.ZipFile(tmp_path / "e.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("logs/a.gz", gzip.compress(b"x" * 100 + b"MRN-4711"))
        archive.writestr("quimby.txt", "nothing")
    status, hits, _ = scan(tmp_path / "e.zip")
    assert status == 1
    assert {
        "file": "e.zip",
        "inside": "logs/a.gz!gzip",
        "offset": 100,
        "kind": "patient ID",
        "encoding": "utf-8",
    } in hits
    assert {"file": "e.zip", "inside": "….txt", "in": "name", "kind": "patient name", "encoding": "utf-8"} in hits


def test_it_is_found_in_a_files_name_which_is_not_told(scan, tmp_path):
    (tmp_path / "for Jane Quimby.csv").write_text("")
    _, (hit,), _ = scan(tmp_path / "for Jane Quimby.csv")
    assert hit == {"file": "for ….csv", "in": "name", "kind": "patient name", "encoding": "utf-8"}


def test_in_the_database_it_is_told_by_cell(scan, home):
    with opened(home) as db:
        db.execute("INSERT INTO site (name, value) VALUES ('note', 'of Mrs. Quimby, A-815')")
    status, hits, _ = scan()
    cells = [hit for hit in hits if "table" in hit]
    assert status == 1
    assert {(hit["table"], hit["column"], hit["kind"]) for hit in cells} == {
        ("site", "value", "patient name"), ("site", "value", "order"),
    }  # fmt: skip


def test_a_cell_that_spans_pages_is_read_as_one(scan, home):
    with opened(home) as db:
        for start in range(3900, 4140):
            db.execute("INSERT INTO site (name, value) VALUES (?, ?)", (f"n{start}", "x" * start + "MRN-4711"))
    cells = {hit["row"] for hit in scan()[1] if hit.get("table") == "site"}
    assert len(cells) == 240


def test_what_was_deleted_and_lies_about_in_free_pages_is_found(scan, tmp_path):
    with closing(sqlite3.connect(tmp_path / "old.db")) as db, db:
        db.executescript("PRAGMA secure_delete = OFF; CREATE TABLE t (c)")
        db.execute("INSERT INTO t VALUES ('of MRN-4711')")
        db.execute("DELETE FROM t")
    status, hits, _ = scan(tmp_path / "old.db")
    assert (status, [hit["kind"] for hit in hits]) == (1, ["patient ID"])
    assert "table" not in hits[0]


def test_what_is_only_in_the_log_of_the_database_is_found(scan, home):
    with opened(home) as db:
        db.execute("INSERT INTO site (name, value) VALUES ('note', 'MRN-4711')")
        db.execute("DELETE FROM site WHERE name = 'note'")
        status, hits, _ = scan()
    assert status == 1
    assert {hit["file"] for hit in hits} == {"home/feedback.db-wal"}


def test_a_short_one_is_found_in_an_element_of_a_dicom_file(scan, tmp_path):
    item = dataset(film(rows=30, columns=30), PatientID="other", SOPInstanceUID="2.25.1", ImageComments="see A-815")
    (tmp_path / "export.dcm").write_bytes(to_bytes(item))
    _, hits, _ = scan(tmp_path / "export.dcm")
    assert [(hit["element"], hit["kind"]) for hit in hits] == [("0020,4000", "order")]


def test_what_can_not_be_unpacked_is_told_and_is_not_called_clean(scan, tmp_path):
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"x" * 1000)[:-9])
    status, hits, scanned = scan(tmp_path / "cut.gz")
    assert (status, hits, scanned["unread"]) == (1, [{"file": "cut.gz", "unread": "EOFError"}], 1)


def test_a_list_of_identifiers_is_sought(run, site, tmp_path):
    (tmp_path / "list.txt").write_text("MRN-4711\n\nQuimby, Jane\n", encoding="utf-8-sig")
    (tmp_path / "a.log").write_text("jane quimby")
    assert run("scan", "--identifiers", tmp_path / "list.txt").status == 0
    answer = run("scan", "--identifiers", tmp_path / "list.txt", tmp_path / "a.log")
    assert (answer.status, answer.lines[0]["kind"], answer.lines[-1]["identifiers"]) == (1, "listed", 2)


def test_what_came_over_the_network_is_known_from_its_envelope(run, site, original, tmp_path, monkeypatch):
    run("pacs", "key", tmp_path / "identity.key")
    settings = Settings(home=site, identity_key=tmp_path / "identity.key")
    with opened(site) as db:
        sender = senders.add(db, "room 1", "127.0.0.1", "ROOM1")
    spool.receive(site, original.read_bytes(), spool.Sender(network=getattr(sender, "id", sender)))
    work_off(settings)
    assert "say --identifiers" in run("scan").words
    monkeypatch.setenv("CXR_IDENTITY_KEY", str(tmp_path / "identity.key"))
    clean = run("scan")
    assert (clean.status, clean.lines[-1]["envelopes"], clean.lines[-1]["found"]) == (0, 1, 0)
    (tmp_path / "a.log").write_text("MRN-4711")
    assert [line["kind"] for line in run("scan", tmp_path / "a.log").lines[:-1]] == ["patient ID"]


def test_what_users_and_senders_are_called_is_no_leak(scan, site):
    with opened(site) as db:
        senders.add(db, "RAUM-17", "127.0.0.1", "OLDENBURG")
    assert scan()[0] == 0


def test_what_a_user_was_called_who_is_disabled_is_no_leak_either(scan, site):
    with opened(site) as db:
        users.set_disabled(db, add_user(db, "RAUM-17").id, True)
    assert scan()[0] == 0


@pytest.mark.parametrize(("arguments", "why"), [
    (("scan",), "nothing is known that could be sought"), (("scan", "--from", "nowhere"), "nowhere: there is no such"),
    (("scan", "--identifiers", "nowhere"), "nowhere: there is no such"), (("scan", "nowhere"), "there is no such"),
])  # fmt: skip
def test_what_can_not_be_done_is_said(run, site, arguments, why):
    answer = run(*arguments)
    assert (answer.status, answer.lines) == (1, [])
    assert why in answer.words


def test_nothing_is_written_by_it(scan, site):
    before = {path: path.read_bytes() for path in files_in(Settings(home=site))}
    scan()
    after = {path: path.read_bytes() for path in files_in(Settings(home=site))}
    assert {path for path in before if before[path] != after.get(path)} == set()


def test_where_there_is_no_home_none_is_made(run, home, original):
    assert run("scan", "--from", original).status == 1
    assert not home.exists()
