"""Erasing a patient: what goes, what stays, what is refused, and that no file of the home keeps a trace."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from cxr_core import clock
from cxr_core.dicom.pseudonym import pseudonym
from cxr_core.errors import BadInput, Conflict, ModelError, NotFound
from cxr_core.model.preprocess import Preprocessing
from cxr_core.records import JobState, Label, Lane, Method, Reason, Side
from cxr_core.store import claims, explanations, files, images, jobs, models, predictions, secret, training_sets
from cxr_core.store import db as db_module
from cxr_core.store.db import FILE, opened, rows, transaction
from cxr_core.store.explanations import Explanation
from cxr_core.work.drift import reporting  # fmt: skip
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import pictures, requests  # fmt: skip
from cxr_core.work.incoming.requests import Upload
from cxr_core.work.incoming.spool import INTAKE
from cxr_core.work.models import exporting, gathering, lineage, retraining  # fmt: skip
from cxr_core.work.models.drafting import Options, draft
from cxr_core.work.models.retraining import REPREDICT, RETRAIN
from cxr_core.work.opening import open_home
from cxr_core.work.privacy import erasing, sweeping  # fmt: skip
from cxr_core.work.reading_room import recording, reviewing  # fmt: skip
from cxr_core.work.reading_room.explaining import EXPLAIN
from cxr_core.work.reading_room.reviewing import Filters, Show
from cxr_core.work.verifying import verify
from tests.dicom.films import dataset, to_bytes
from tests.model.chests import phantom_chest
from tests.work.learners import FIRST, Home, add_model, copied, flagged, new_home, passed
from tests.work.sites import files_in, picture, work_off

HERS, HIS, UNREAD = "Doe-17", "Roe-18", "Poe-19"
"""Patients' IDs: two studies, one study, and one that nobody read."""
COMMENT = "CANARY-left-lower-zone"
WHY = "asked for in writing"
UNWIPED = "the database file may still keep what was erased: start the program again, which wipes it"


def send(home: Home, patient: str, *numbers: int) -> list[str]:
    """Take DICOM studies of a patient in; returns the images' ids."""
    sent = [
        Upload(f"{n}.dcm", to_bytes(dataset(phantom_chest(n, True), PatientID=patient, PatientName="Doe^Jane")))
        for n in numbers
    ]
    taken = requests.take_in(home.settings, COMMAND_LINE, sent)
    work_off(home.settings)
    return [str(verdict.image) for verdict in requests.verdicts(home.path, COMMAND_LINE, taken)]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    """A home with four images of three patients, two of them read, and all that may lie around of the first."""
    home = new_home(tmp_path_factory.mktemp("furnished") / "home")
    hers, (his,), (unread,) = send(home, HERS, 1, 2), send(home, HIS, 3), send(home, UNREAD, 4)
    for image in (hers[0], his):
        case = reviewing.case(home.path, home.radiologist, image)
        label = Label.NORMAL if case.prediction["label"] == Label.PNEUMONIA else Label.PNEUMONIA
        form = recording.ReadForm(
            image, case.prediction["id"], label, Reason.SMALL, f"{COMMENT} {image}", seconds=9.0
        )  # fmt: skip
        read = recording.submit(home.path, home.radiologist, form)
        revised = replace(form, comment=f"{COMMENT} again {image}")
        recording.revise(home.path, home.radiologist, read, revised)
    _scatter(home, hers[0])
    return home, {"hers": hers, "his": his, "unread": unread}


def _scatter(home: Home, image: str) -> None:
    """A claim, a drawn heatmap, a shadow's answer, the job that drew, and half-written files."""
    with opened(home.path) as db, transaction(db):
        claims.renew(db, image, home.radiologist.id)
        explanations.add(db, image, FIRST, Method.LAYER_CAM, Explanation(np.full((7, 7), 0.123, np.float32), None))
        db.execute(
            "INSERT INTO shadow_predictions VALUES (?, ?, 'predicted', 'Normal', 0.3, ?)", (image, FIRST, clock.stamp())
        )
        payload = {"image": image, "model": FIRST, "method": "Score-CAM"}
        jobs.ask(db, jobs.Request(EXPLAIN, Lane.LEARNING, payload))
    for place in _places(home, image):
        place.with_suffix(".12345678.partial").write_bytes(place.read_bytes())


def _places(home: Home, image: str):
    with opened(home.path) as db:
        return pictures.place(home.path, image), files.path_of(home.path, images.get(db, image)["file_sha256"])


@pytest.fixture
def site(furnished, tmp_path):
    """A copy of it, to be changed, and the ids of its images."""
    home, found = furnished
    return copied(home, tmp_path / "home"), found


def traces(home: Home, *needles: bytes) -> list[str]:
    """The files of the home, the database's among them, that hold any of these."""
    return [path.name for path in files_in(home.settings) if any(needle in path.read_bytes() for needle in needles)]


def content_of(home: Home, image: str) -> list[bytes]:
    """Stretches of all that is known of an image: comments, heatmaps, embedding, stored file, picture."""
    with opened(home.path) as db:
        said = predictions.standing(db, image, None)
        comments = [row["comment"].encode() for row in db.query("SELECT comment FROM reads WHERE image = ?", (image,))]
        drawn = [row["heatmap"] for row in db.query("SELECT heatmap FROM explanations WHERE image = ?", (image,))]
    return [
        *comments, *drawn, said["embedding"], said["heatmap"].astype("<f4").tobytes(),
        *(place.read_bytes()[-64:] for place in _places(home, image)),
    ]  # fmt: skip


def erase(home: Home, patient: str = HERS, reason: str = WHY):
    return erasing.erase(home.path, home.admin, patient, reason)


def test_no_file_of_the_home_keeps_a_trace_of_what_was_erased(site):
    home, found = site
    wanted = [needle for image in found["hers"] for needle in content_of(home, image)]
    kept = content_of(home, found["his"])
    assert all(traces(home, needle) for needle in [*wanted, *kept])
    with opened(home.path) as db:  # somebody looks on, so that the log isn't tidied away by the last who leaves
        drawn = np.full((7, 7), 0.456, np.float32)
        explanations.add(db, found["hers"][1], FIRST, Method.EIGEN_CAM, Explanation(drawn, None))
        wanted.append(drawn.tobytes())
        assert traces(home, drawn.tobytes()) == [f"{FILE}-wal"]
        assert erase(home).finished
        assert traces(home, *wanted) == []
    assert all(traces(home, needle) for needle in kept)
    assert traces(home, HERS.encode(), b"Jane", *(image[:20].encode() for image in found["hers"])) == [FILE]


def test_only_hashes_keyed_names_and_counts_stay(site):
    home, found = site
    patient = pseudonym(secret.site_secret(home.path), "patient", f"\\{HERS}")
    erased = erase(home)
    assert (erased.patient, set(erased.images)) == (patient, set(found["hers"]))
    assert erased.rows == {
        "deliveries": 0, "arrivals": 0, "quarantine": 0,
        "reads": 2, "explanations": 1, "claims": 1, "shadow_predictions": 1, "predictions": 2, "images": 2,
    }  # fmt: skip
    with opened(home.path) as db:
        stones = rows(db, "SELECT * FROM tombstones ORDER BY reads")
        assert [(row["image"], row["patient"], row["reads"], row["reason"], row["erased_by"]) for row in stones] == [
            (found["hers"][1], patient, 0, WHY, home.admin.id), (found["hers"][0], patient, 2, WHY, home.admin.id),
        ]  # fmt: skip
        (event,) = rows(db, "SELECT * FROM audit WHERE action = 'erase patient'")
        assert (event["actor"], event["subject"], json.loads(event["details"])) == ("Ada", patient, erased.rows)
        tables = [row["name"] for row in rows(db, "SELECT name FROM sqlite_master WHERE type = 'table'")]
        named = {name for name in tables if any(image in _text_of(db, name) for image in found["hers"])}
    assert named == {"tombstones", "audit"}
    assert verify(home.path, COMMAND_LINE)["problems"] == []


def _text_of(db, table: str) -> str:
    return " ".join(str(row) for row in db.execute(f"SELECT * FROM [{table}]"))


def test_other_patients_keep_all_that_is_theirs(site):
    home, found = site
    before = reviewing.case(home.path, home.admin, found["his"])
    erase(home)
    assert reviewing.case(home.path, home.admin, found["his"]).reads == before.reads
    assert all(place.is_file() for place in _places(home, found["his"]))


def test_no_screen_shows_the_erased_images(site):
    home, found = site
    erase(home)
    listed = reviewing.waiting_list(home.path, home.admin, Filters(Show.ALL))
    assert {row["id"] for row in listed} == {found["his"], found["unread"]}
    assert {row["image"] for row in reviewing.history(home.path, home.admin)} == {found["his"]}
    assert found["hers"][0] not in reviewing.history_csv(home.path, home.admin)
    assert reporting.drift_now(home.path, home.admin, 28)["images"] == 2
    with pytest.raises(NotFound):
        reviewing.case(home.path, home.radiologist, found["hers"][0])
    with pytest.raises(NotFound):
        pictures.path(home.path, home.radiologist, found["hers"][0])


def test_jobs_lose_the_patient_and_open_ones_about_the_images_end(site):
    home, found = site
    erase(home)
    with opened(home.path) as db:
        (drawing,) = jobs.newest(db, EXPLAIN)
        taken = jobs.newest(db, INTAKE, 4)
    assert (drawing.state, drawing.payload) == (JobState.FAILED, {"model": FIRST, "method": "Score-CAM"})
    verdicts = requests.verdicts(home.path, COMMAND_LINE, [job.id for job in reversed(taken)])
    assert [verdict.image for verdict in verdicts] == [None, None, found["his"], found["unread"]]
    assert verdicts[0].reasons == ("This X-ray was erased on request.",)


def test_a_patient_whom_nobody_read_goes_too(site):
    home, found = site
    erased = erase(home, UNREAD)
    assert (erased.images, erased.rows["reads"]) == ([found["unread"]], 0)


def test_a_preview_takes_nothing_away(site):
    home, found = site
    seen = erasing.preview(home.path, home.admin, HERS)
    assert (set(seen.images), seen.rows["reads"], seen.finished) == (set(found["hers"]), 2, False)
    assert all(reviewing.is_known(home.path, home.admin, image) for image in found["hers"])
    assert erase(home).rows == seen.rows


def test_a_reason_is_asked_for_and_somebody_to_erase(site):
    home, _ = site
    with pytest.raises(BadInput, match="say why"):
        erase(home, reason=" ")
    with pytest.raises(NotFound, match="no such patient"):
        erase(home, "Moe-20")
    patient = erase(home).patient
    with pytest.raises(NotFound, match=f"nothing here of {patient}: erased on 20"):
        erase(home)


def test_the_identifier_that_was_given_is_kept_nowhere(site):
    home, _ = site
    erase(home, UNREAD)
    assert traces(home, UNREAD.encode()) == []


def test_what_a_kill_leaves_on_the_disk_goes_at_the_next_start(site, monkeypatch):
    home, found = site
    wanted = [needle for image in found["hers"] for needle in content_of(home, image)]
    with monkeypatch.context() as killed:
        killed.setattr(sweeping, "finish", lambda home: False)  # as if the program ended after the commit
        assert not erase(home).finished
    problems = verify(home.path, COMMAND_LINE)["problems"]
    assert problems.pop() == UNWIPED
    assert len(problems) == 6
    assert all("is of an erased image: start the program again" in problem for problem in problems)
    open_home(home.path)
    assert traces(home, *wanted) == []
    assert verify(home.path, COMMAND_LINE)["problems"] == []


def test_files_that_a_backup_brings_back_go_at_the_next_start(site):
    home, found = site
    place, stored = _places(home, found["unread"])
    kept = {path: path.read_bytes() for path in (place, stored)}
    erase(home, UNREAD)
    for path, content in kept.items():
        path.write_bytes(content)
    assert len(verify(home.path, COMMAND_LINE)["problems"]) == 2
    open_home(home.path)
    assert not place.exists()
    assert not stored.exists()


def test_a_file_that_another_image_has_too_stays(site):
    home, found = site
    with opened(home.path) as db:
        sha256 = images.get(db, found["his"])["file_sha256"]
        db.execute("UPDATE images SET file_sha256 = ? WHERE id = ?", (sha256, found["unread"]))
    erase(home, UNREAD)
    assert files.path_of(home.path, sha256).is_file()
    assert not pictures.place(home.path, found["unread"]).exists()


def test_a_file_that_belongs_to_no_image_is_named_once_it_is_no_longer_new(site):
    home, _ = site
    stray = home.path / "images" / "ab" / f"{'ab' * 32}.dcm"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"left behind")
    assert verify(home.path, COMMAND_LINE)["problems"] == []
    os.utime(stray, (0, 0))
    (problem,) = verify(home.path, COMMAND_LINE)["problems"]
    assert problem.startswith(f"images/ab/{stray.name} belongs to no image")


def test_the_same_xray_may_come_in_again_and_be_erased_again(site):
    home, found = site
    side = lineage.of_patient(home.path, home.admin, HERS).side
    erase(home)
    assert send(home, HERS, 1) == found["hers"][:1]
    assert all(place.is_file() for place in _places(home, found["hers"][0]))
    open_home(home.path)  # its tombstone takes nothing away from it
    assert all(place.is_file() for place in _places(home, found["hers"][0]))
    again = lineage.of_patient(home.path, home.admin, HERS)
    assert (again.side, len(again.images), len(again.erased), again.reads) == (side, 1, 2, [])
    erase(home, reason="once more")
    assert {row["reason"] for row in lineage.of_patient(home.path, home.admin, HERS).erased} == {WHY, "once more"}


def test_while_files_come_in_nobody_is_erased(site):
    home, found = site
    requests.take_in(home.settings, COMMAND_LINE, [Upload("x.png", picture(7))])
    with pytest.raises(Conflict, match="1 files are still being taken in"):
        erase(home)
    work_off(home.settings)
    assert files_in(home.settings, "spool") == []
    assert set(erase(home).images) == set(found["hers"])


def test_a_model_that_is_just_reading_goes_on_without_the_erased(site, monkeypatch):
    home, found = site
    add_model(home, "cxr-resnet18-2")
    with opened(home.path) as db, transaction(db):
        models.decide(db, FIRST, "promote", "a test", None)
        db.execute("DELETE FROM predictions WHERE image = ?", (found["unread"],))
        jobs.ask(db, jobs.Request(REPREDICT, Lane.READING, {"model": FIRST}))
    get = files.get

    def get_and_erase(place, sha256):
        monkeypatch.setattr(files, "get", get)
        erase(home)
        return get(place, sha256)

    monkeypatch.setattr(files, "get", get_and_erase)
    work_off(home.settings)
    with opened(home.path) as db:
        (job,) = jobs.newest(db, REPREDICT)
        assert (job.state, job.attempts) == (JobState.DONE, 1)
        assert predictions.standing(db, found["unread"], FIRST)["status"]


@pytest.fixture
def learning(tmp_path):
    """A home with an image that was flagged, in a training set that a retrain is queued for."""
    home = new_home(tmp_path / "learning")
    image = flagged(home, 1)
    flagged(home, 2)
    with opened(home.path) as db, transaction(db):
        read = rows(db, "SELECT id FROM reads WHERE image = ?", (image,))[0]["id"]
        item = {"image": image, "label": "Pneumonia", "origin": "flagged", "side": Side.TRAIN, "reads": [read]}
        chosen = training_sets.add(db, {"parent": FIRST, "items": [item]}, home.admin.id)
        job = jobs.ask(db, jobs.Request(RETRAIN, Lane.LEARNING, {"training_set": chosen}))
    return home, chosen, job


def test_a_retrain_that_learns_from_the_patient_is_cancelled_first(learning):
    home, _, job = learning
    with pytest.raises(Conflict, match="cancel it first"):
        erase(home, "patient 1")
    assert erase(home, "patient 2").images  # it doesn't learn from this one
    retraining.cancel(home.path, home.admin, job)
    assert erase(home, "patient 1").images


def test_what_learnt_from_an_erased_patient_is_named_and_its_set_can_not_be_rebuilt(learning):
    home, chosen, job = learning
    retraining.cancel(home.path, home.admin, job)
    add_model(home, "cxr-resnet18-2", FIRST, passed(FIRST), chosen)
    add_model(home, "cxr-resnet18-3", "cxr-resnet18-2", passed(FIRST))
    told = [(touched.model, touched.learnt) for touched in erase(home, "patient 1").models]
    assert told == [("cxr-resnet18-2", True), ("cxr-resnet18-3", True)]
    assert [touched.model for touched in lineage.of_patient(home.path, home.admin, "patient 1").models] == [
        "cxr-resnet18-2", "cxr-resnet18-3",
    ]  # fmt: skip
    (version, _) = lineage.of_model(home.path, home.admin, "cxr-resnet18-2").versions
    (read,) = version.reads
    assert (read["reader"], read["reason"], read["patient"]) == (None, None, "patient 1")
    assert read["erased_at"]
    with opened(home.path) as db:
        items = training_sets.get(db, chosen)["items"]
        with pytest.raises(ModelError, match="images of this set were erased on request: 1; it can't be rebuilt whole"):
            gathering.of_training_set(home.settings, db, items, Preprocessing())


def test_copies_that_were_exported_are_named(learning, tmp_path):
    home, chosen, job = learning
    retraining.cancel(home.path, home.admin, job)
    assert erasing.preview(home.path, home.admin, "patient 1").exported == []
    with pytest.raises(NotFound, match="image file"):  # it is on record all the same: a part may have been written
        exporting.export(home.settings, home.admin, chosen, tmp_path / "out")
    assert erasing.preview(home.path, home.admin, "patient 2").exported == []
    (found,) = erase(home, "patient 1").exported
    assert (found["actor"], found["subject"]) == (home.admin.name, chosen)


def test_a_draft_no_longer_has_the_images(learning):
    home, _, job = learning
    retraining.cancel(home.path, home.admin, job)
    before = draft(home.settings, home.admin, Options()).items
    erase(home, "patient 1")
    after = draft(home.settings, home.admin, Options()).items
    assert len(after) == len(before) - 1
    assert f"{1:064x}" not in {item["image"] for item in after}


def test_what_an_earlier_version_left_in_the_database_file_goes_too(learning):
    """SQLite keeps what it deletes where it wasn't told otherwise, and deleting the rows again doesn't reach that."""
    home, _, job = learning
    retraining.cancel(home.path, home.admin, job)
    with closing(sqlite3.connect(home.path / FILE)) as earlier:
        earlier.executescript(f"""
            PRAGMA secure_delete = OFF; CREATE TABLE moved (comment TEXT);
            INSERT INTO moved VALUES ('{COMMENT}'); DROP TABLE moved;""")
    assert traces(home, COMMENT.encode()) == [FILE]
    erase(home, "patient 1")
    assert traces(home, COMMENT.encode()) == []


def test_a_busy_database_is_wiped_at_the_next_start(site, monkeypatch):
    home, found = site
    wanted = content_of(home, found["unread"])
    monkeypatch.setattr(db_module, "BUSY_SECONDS", 0.1)
    with opened(home.path) as reader:
        reader.conn.execute("BEGIN")
        reader.conn.execute("SELECT count(*) FROM images").fetchone()
        assert not erase(home, UNREAD).finished
        assert FILE in traces(home, *wanted)  # the reader sees what was there when it began
        assert verify(home.path, COMMAND_LINE)["problems"] == [UNWIPED]
        reader.conn.execute("ROLLBACK")
    open_home(home.path)
    assert traces(home, *wanted) == []


def test_a_database_that_somebody_locks_meanwhile_is_wiped_at_the_next_start(site, monkeypatch):
    home, found = site
    wanted = content_of(home, found["unread"])
    lying = sweeping._lying
    with monkeypatch.context() as meanwhile, closing(sqlite3.connect(home.path / FILE)) as writer:

        def locked_and_lying(place):
            writer.execute("BEGIN IMMEDIATE")
            return lying(place)

        meanwhile.setattr(db_module, "BUSY_SECONDS", 0.1)
        meanwhile.setattr(sweeping, "_lying", locked_and_lying)  # the first that comes after the rows are gone
        erased = erase(home, UNREAD)
        assert (erased.images, erased.finished) == ([found["unread"]], False)
        writer.rollback()
    assert verify(home.path, COMMAND_LINE)["problems"][-1] == UNWIPED
    open_home(home.path)
    assert traces(home, *wanted) == []
    assert verify(home.path, COMMAND_LINE)["problems"] == []


def test_what_can_not_be_removed_is_told_and_goes_at_the_next_start(site):
    home, found = site
    wanted = content_of(home, found["unread"])
    stuck = home.path / f"{FILE}.before-1"  # where a copy would be: a folder, which isn't removed as a file is
    stuck.mkdir()
    assert not erase(home, UNREAD).finished
    stuck.rmdir()
    open_home(home.path)
    assert traces(home, *wanted) == []
