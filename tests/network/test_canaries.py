"""Who a patient is can be found nowhere in the home, in logs or exports; and an answer tells of its own patient."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from functools import reduce

import pytest

from cxr_core.records import Answer, Role
from cxr_core.store.db import opened
from cxr_core.work.models import exporting, retraining
from cxr_core.work.models.drafting import Options
from cxr_core.work.reading_room import recording, reviewing
from tests import orthanc
from tests.network.canaries import Marked, found
from tests.network.hospital import answer_to, founded, listening, working
from tests.processes import command, kill, wait_until
from tests.work.sites import add_user, form

pytestmark = pytest.mark.alone
SENT = (("A", 1), ("B", 2), ("C", 3), ("D", 4))
"""Patients, each with an X-ray: those with an odd number show pneumonia."""


@pytest.fixture
def hospital(tmp_path):
    (tmp_path / "archive").mkdir()
    with orthanc.running(tmp_path / "archive") as archive:
        hospital = founded(tmp_path, archive)
        answer_to(hospital, Answer.CAPTURE, Answer.REPORT, Answer.PRESENTATION, Answer.ASSESSMENT)
        yield hospital


@pytest.fixture(scope="module")
def xrays():
    return [Marked(*each) for each in SENT]


def all_marks(xrays):
    return reduce(set.union, (set(each.marks.values()) for each in xrays))


def told_away(hospital, xrays):
    """Where marks lie: by file of the home, of logs, of what was exported, of temporary folders."""
    marks, archive = all_marks(xrays), hospital.folder / "archive"
    files = [path for path in hospital.folder.rglob("*") if path.is_file() and archive not in path.parents]
    sent = {path for path in files if path.parent.name == "sent"}
    assert len(files) > len(sent)
    return {path.name: there for path in files if path not in sent and (there := found(_held(path), marks))}


def _held(path):
    """What a file holds; nothing where whoever runs has just removed it."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def send(hospital, xrays):
    (hospital.folder / "sent").mkdir()
    for number, xray in enumerate(xrays):
        path = hospital.folder / "sent" / f"{number}.dcm"
        path.write_bytes(xray.data)
        assert hospital.send(path, syntax="-xe").returncode == 0


def read_all(hospital):
    """A reader reads every X-ray, against the model where it gives a label, and all is exported that can be."""
    reader, admin = add_user(hospital.settings), add_user(hospital.settings, Role.ADMIN)
    for row in hospital.query("SELECT image FROM predictions WHERE status = 'predicted'"):
        recording.submit(hospital.home, reader, form(hospital.settings, row["image"], agrees=False))
    out = hospital.folder / "exported"
    out.mkdir()
    (out / "history.csv").write_text(reviewing.history_csv(hospital.home, admin))
    drafted = retraining.preview(hospital.settings, admin, Options())
    with opened(hospital.home) as db:
        chosen = retraining.fix(db, admin, Options(), replace(drafted, missing=[]))  # too few for a model
    assert exporting.export(hospital.settings, admin, chosen, out / "set").files
    kinds = [part for kind in ("html", "csv", "prometheus") for part in (f"--{kind}", out / f"drift.{kind}")]
    for words in (("drift", *kinds), ("pacs", "status"), ("pacs", "ledger")):
        done = command(hospital.settings, *words)
        assert done.returncode == 0, done.stderr
        (out / f"{words[1]}.log".lstrip("-")).write_text(done.stdout + done.stderr)


def answers(hospital):
    """Patient ID and bytes of each object that lies in the archive."""
    found = [(each, hospital.archive.rest(f"/instances/{each}/simplified-tags")) for each in
             hospital.archive.rest("/instances")]  # fmt: skip
    return [(tags["PatientID"], hospital.archive.rest(f"/instances/{each}/file")) for each, tags in found]


def test_every_mark_is_in_what_is_sent_and_would_be_found(xrays):
    for xray in xrays:
        assert found(xray.data, all_marks(xrays)) == set(xray.marks.values())
        wide = "".join(mark.decode("ascii", errors="ignore") for mark in xray.marks.values()).encode("utf-16-le")
        assert len(found(wide, set(xray.marks.values()))) > len(xray.marks) / 2


def test_marks_are_nowhere_but_in_the_answers_to_their_own_xray(hospital, xrays):
    with ExitStack() as stack:
        listening(hospital, stack, CXR_LOG="json")
        send(hospital, xrays)
        assert told_away(hospital, xrays) == {}, "received, and no worker yet"
        worker = working(hospital, stack, CXR_LOG="json")
        wait_until(lambda: hospital.query("SELECT 1 FROM arrivals"), worker)
        kill(worker)
        assert told_away(hospital, xrays) == {}, "killed in the middle"
        working(hospital, stack, CXR_LOG="json")
        wait_until(lambda: len(hospital.query("SELECT 1 FROM arrivals WHERE image NOT NULL")) == len(xrays))
        read_all(hospital)
        hospital.settle_with(3 * len(xrays))
        assert told_away(hospital, xrays) == {}, "judged, answered, read and exported"
    assert told_away(hospital, xrays) == {}, "stopped"
    assert hospital.states().keys() == {"verified"}
    kinds = {row["answer"] for row in hospital.query("SELECT answer FROM deliveries")}
    assert kinds == set(Answer)
    logged = [line for name in ("listen", "worker") for line in (hospital.folder / f"{name}.log").open()]
    assert all(json.loads(line)["message"] for line in logged)
    of_each(hospital, xrays)


def test_of_what_is_refused_no_more_is_kept_than_terms_of_dicom(tmp_path):
    """A header that has a name where a modality should be is noted, with its reason, and neither has the name."""
    hospital, xray = founded(tmp_path), Marked("E", 5, odd=True)
    with ExitStack() as stack:
        listening(hospital, stack)
        working(hospital, stack)
        send(hospital, [xray])
        wait_until(lambda: hospital.query("SELECT 1 FROM arrivals"))
        (noted,) = hospital.query("SELECT modality, image, refused FROM arrivals")
        assert noted == {"modality": None, "image": None, "refused": noted["refused"]}
        assert "isn't an X-ray image" in noted["refused"]
        assert told_away(hospital, [xray]) == {}, "refused"
    assert told_away(hospital, [xray]) == {}, "stopped"


def of_each(hospital, xrays):
    """Every answer has its own patient's name, and no mark but those that it may have, all of one X-ray."""
    for patient, data in answers(hospital):
        there = found(data, all_marks(xrays))
        (own,) = [xray for xray in xrays if xray.marks["PatientID"].decode() in patient]
        assert there <= own.allowed()
        assert {own.marks[each] for each in ("PatientName", "PatientID", "StudyInstanceUID")} <= there
