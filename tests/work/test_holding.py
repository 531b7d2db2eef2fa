"""Quarantine: what may have a name written in it rests sealed until an admin has looked, who alone sees the picture."""

import json
import os
from base64 import b64decode, b64encode
from io import BytesIO

import cv2
import numpy as np
import pytest
from pydicom import dcmread

from cxr_core.dicom.stored import from_stored
from cxr_core.errors import BadInput, Conflict, NotFound
from cxr_core.records import Answer, JobState
from cxr_core.store import deliveries, destinations, files, quarantine
from cxr_core.store.db import opened
from cxr_core.store.destinations import Rule
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import composing
from cxr_core.work.incoming import holding, requests, showing, spool
from cxr_core.work.incoming.requests import Upload
from cxr_core.work.models import lineage
from cxr_core.work.opening import open_home
from cxr_core.work.privacy import erasing
from tests.model.chests import png
from tests.store.exchanged import add_destination, add_sender
from tests.work.asked import is_anywhere, sealing_home
from tests.work.sites import files_in, job, new_home, query, work_off, zipped
from tests.work.written import MIDDLE, SIDE, film, hold_back, send_in, written


@pytest.fixture
def settings(tmp_path):
    return sealing_home(tmp_path)


def only(settings):
    """The one that waits."""
    (held,) = holding.held(settings.home, COMMAND_LINE)
    return held


def stored(settings):
    """The one image that was taken in, as its pixels."""
    (row,) = query(settings, "SELECT file_sha256 FROM images")
    return from_stored(files.get(settings.home, row["file_sha256"])).pixels


def looked_at(settings, number):
    asked = holding.look(settings.home, COMMAND_LINE, number)
    assert holding.picture(settings.home, COMMAND_LINE, asked) is None
    work_off(settings)
    return asked, holding.picture(settings.home, COMMAND_LINE, asked)


def test_what_may_have_a_name_in_it_is_no_image_yet_and_rests_sealed(settings):
    hold_back(settings, film())
    held = only(settings)
    assert held.boxes
    assert held.doubts
    assert (held.decision, held.sender) == (None, None)
    assert query(settings, "SELECT * FROM images") == []
    assert len(files_in(settings, "spool")) == 1
    assert is_anywhere(settings, "CANARY-7", "Canary^Jane") == []


def test_of_one_from_the_network_it_is_told_who_sent_it(settings):
    with opened(settings.home) as db:
        number = add_sender(db)
    send_in(settings, number)
    assert only(settings).sender == "CT router"


def test_the_picture_comes_once_to_who_asked_and_is_as_it_was_sent(settings):
    hold_back(settings)
    asked, picture = looked_at(settings, only(settings).id)
    assert (picture.rows, picture.columns) == written().shape
    seen = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.abs(seen.astype(int) - written()).mean() < 3
    with pytest.raises(NotFound, match="ask again"):
        holding.picture(settings.home, COMMAND_LINE, asked)
    assert "sealed" not in job(settings, asked.job).result


def test_the_picture_lies_open_nowhere_and_each_look_is_on_record(settings):
    hold_back(settings)
    asked = holding.look(settings.home, COMMAND_LINE, only(settings).id)
    work_off(settings)
    jpeg = showing.jpeg_of(written())
    sealed = b64decode(job(settings, asked.job).result["sealed"])
    assert len(sealed) > len(jpeg)
    everything = b"".join([sealed, *(path.read_bytes() for path in files_in(settings))])
    for piece in (jpeg[700:760], b64encode(jpeg[600:660])):
        assert piece not in everything
    (on_record,) = query(settings, "SELECT actor, subject FROM audit WHERE action = 'look into quarantine'")
    assert on_record == {"actor": "command line", "subject": "1"}


def test_taken_in_with_places_to_blank_what_is_stored_has_them_blanked_and_all_else_as_it_was(settings):
    hold_back(settings)
    held = only(settings)
    asked, _ = looked_at(settings, held.id)
    holding.take(settings.home, COMMAND_LINE, held.id, held.boxes + held.doubts, asked)
    work_off(settings)
    assert holding.held(settings.home, COMMAND_LINE) == []
    pixels = stored(settings)
    assert (pixels[MIDDLE] == written()[MIDDLE]).mean() < 0.1
    inside = np.zeros(pixels.shape, bool)
    for top, left, bottom, right in held.boxes + held.doubts:
        inside[top:bottom, left:right] = True
    assert np.array_equal(pixels[~inside], written()[~inside])
    assert files_in(settings, "spool") == []


def test_places_of_ones_own_are_whole_pixels_of_the_picture_and_on_record(settings):
    hold_back(settings)
    asked, _ = looked_at(settings, 1)
    holding.take(settings.home, COMMAND_LINE, 1, [(500.4, 600.5, 540.2, 700), (-20, -5.5, 10, 9000)], asked)
    work_off(settings)
    whole = [[500, 600, 541, 700], [0, 0, 10, SIDE]]
    (on_record,) = query(settings, "SELECT actor, details FROM audit WHERE action = 'take from quarantine'")
    assert (on_record["actor"], json.loads(on_record["details"])) == ("command line", {"blank": whole})
    inside = np.zeros((SIDE, SIDE), bool)
    for top, left, bottom, right in whole:
        inside[top:bottom, left:right] = True
    pixels = stored(settings)
    assert np.array_equal(pixels[~inside], written()[~inside])
    assert len(set(pixels[500:541, 600:700].ravel())) == 1


@pytest.mark.parametrize(
    ("places", "why"),
    [
        ([(10, 10, 10, 20)], "no pixel of the picture"),
        ([(0, SIDE, 10, SIDE + 9)], "no pixel of the picture"),
        ([(20, 20, 10, 30)], "no pixel of the picture"),
        ([(0, 0, float("nan"), 9)], "four numbers"),
        ([(0, 0, 9)], "four numbers"),
        ([(0, 0, 9, 9)] * 1001, "too many"),
    ],
)
def test_what_is_no_place_on_the_picture_is_not_decided_on(settings, places, why):
    hold_back(settings)
    asked, _ = looked_at(settings, 1)
    with pytest.raises(BadInput, match=why):
        holding.take(settings.home, COMMAND_LINE, 1, places, asked)
    assert only(settings).decision is None


def test_places_are_told_by_somebody_who_has_seen_that_very_picture(settings):
    hold_back(settings)
    hold_back(settings)
    other, _ = looked_at(settings, 2)
    unseen = holding.look(settings.home, COMMAND_LINE, 1)
    for seen in (None, other, unseen):
        with pytest.raises(BadInput, match="look at the picture first"):
            holding.take(settings.home, COMMAND_LINE, 1, [(0, 0, 9, 9)], seen)
    assert [held.decision for held in holding.held(settings.home, COMMAND_LINE)] == [None, None]


def test_taken_in_as_it_is_nothing_is_blanked(settings):
    hold_back(settings)
    holding.take(settings.home, COMMAND_LINE, only(settings).id, [])
    work_off(settings)
    assert np.array_equal(stored(settings), written())


def test_refused_it_is_no_image_and_its_bytes_are_gone(settings):
    hold_back(settings)
    number = holding.discard(settings.home, COMMAND_LINE, only(settings).id)
    work_off(settings)
    assert job(settings, number).result["code"] == "burned_in"
    assert query(settings, "SELECT * FROM images") == files_in(settings, "spool") == []


def test_refused_one_from_the_network_is_answered_that_it_was_not_analysed(settings):
    with opened(settings.home) as db:
        number = add_sender(db)
        destinations.add_rule(db, Rule(add_destination(db), (Answer.REPORT,)))
    send_in(settings, number)
    assert query(settings, "SELECT * FROM arrivals") == []
    holding.discard(settings.home, COMMAND_LINE, only(settings).id)
    work_off(settings)
    (arrival,) = query(settings, "SELECT image, refused FROM arrivals")
    assert arrival["image"] is None
    assert "Identifying text is in the picture" in arrival["refused"]
    with opened(settings.home) as db:
        (queued,) = deliveries.newest(db, 5)
        assert (queued.answer, queued.model) == (Answer.REPORT, None)
        report = composing.compose(settings, db, queued)
    assert dcmread(BytesIO(report)).PatientID == "CANARY-7"
    assert b"Not analysed. Identifying text is in the picture itself" in report


def test_whoever_brought_it_is_told_what_became_of_it(settings):
    (first,) = requests.take_in(settings, COMMAND_LINE, [Upload("a.png", png(written()))])
    (second,) = requests.take_in(settings, COMMAND_LINE, [Upload("b.zip", zipped({"b.png": png(written())}))])
    work_off(settings)
    one, other = requests.verdicts(settings.home, COMMAND_LINE, [first, second])
    assert one.waits_for_admin and other.waits_for_admin
    for held, decide in zip(holding.held(settings.home, COMMAND_LINE), (take_as_is, holding.discard), strict=True):
        decide(settings.home, COMMAND_LINE, held.id)
    one, other = requests.verdicts(settings.home, COMMAND_LINE, [first, second])
    assert (one.state, one.status, one.was_held_back) == (JobState.QUEUED, None, True)
    work_off(settings)
    one, other = requests.verdicts(settings.home, COMMAND_LINE, [first, second])
    assert (one.job, other.job, other.member) == (first, second, "1")
    assert one.was_held_back and other.was_held_back
    assert one.image == query(settings, "SELECT id FROM images")[0]["id"]
    assert (other.status, other.waits_for_admin) == ("rejected", False)
    assert "Identifying text is in the picture" in other.reasons[0]


def test_of_one_whose_patient_was_erased_while_it_waited_that_is_said(settings):
    (number,) = requests.take_in(settings, COMMAND_LINE, [Upload("a.dcm", film())])
    work_off(settings)
    erasing.erase(settings.home, COMMAND_LINE, "CANARY-7", "asked for in writing")
    (verdict,) = requests.verdicts(settings.home, COMMAND_LINE, [number])
    assert (verdict.status, verdict.reasons) == ("rejected", ("This X-ray was erased on request.",))


def take_as_is(home, user, number):
    return holding.take(home, user, number, [])


def test_nobody_decides_twice_nor_looks_at_what_is_decided(settings):
    hold_back(settings)
    number = only(settings).id
    holding.discard(settings.home, COMMAND_LINE, number)
    for use in (lambda: holding.take(settings.home, COMMAND_LINE, number, []),
                lambda: holding.discard(settings.home, COMMAND_LINE, number),
                lambda: holding.look(settings.home, COMMAND_LINE, number)):  # fmt: skip
        with pytest.raises(Conflict, match="decided on this file already"):
            use()
    with pytest.raises(NotFound):
        holding.look(settings.home, COMMAND_LINE, 99)


def test_a_picture_that_can_not_be_made_any_more_says_why(settings):
    hold_back(settings)
    held = only(settings)
    asked = holding.look(settings.home, COMMAND_LINE, held.id)
    spool.remove(settings.home, held.payload["spool"])
    work_off(settings)
    with pytest.raises(BadInput, match="send it again"):
        holding.picture(settings.home, COMMAND_LINE, asked)
    assert job(settings, asked.job).state is JobState.FAILED


def test_the_sweep_leaves_what_waits_however_old_it_is(settings):
    hold_back(settings)
    (path,) = files_in(settings, "spool")
    os.utime(path, (0, 0))
    assert spool.sweep(settings.home) == 0
    assert path.exists()


def test_with_a_patient_goes_what_is_held_back_of_them_and_every_picture_of_it(settings):
    hold_back(settings, film())
    holding.look(settings.home, COMMAND_LINE, only(settings).id)
    work_off(settings)
    erased = erasing.erase(settings.home, COMMAND_LINE, "CANARY-7", "asked for in writing")
    assert erased.rows["quarantine"] == 1
    assert holding.held(settings.home, COMMAND_LINE) == files_in(settings, "spool") == []
    assert query(settings, "SELECT 1 FROM jobs WHERE result ->> 'sealed' IS NOT NULL") == []
    with opened(settings.home) as db, pytest.raises(NotFound):
        quarantine.get(db, 1)
    assert is_anywhere(settings, "CANARY-7", "Canary^Jane") == []
    (stone,) = lineage.of_patient(settings.home, COMMAND_LINE, "CANARY-7").erased
    assert stone["image"].startswith("object-") and stone["reason"] == "asked for in writing"
    assert lineage.find(settings.home, COMMAND_LINE, stone["image"]).patient == erased.patient
    open_home(settings.home)
    with pytest.raises(NotFound, match=f"nothing here of {erased.patient}: erased on"):
        erasing.erase(settings.home, COMMAND_LINE, "CANARY-7", "again")


def test_a_held_back_file_that_can_not_be_removed_is_told_and_swept_later(settings):
    hold_back(settings, film())
    (path,) = files_in(settings, "spool")
    path.unlink()
    path.mkdir()  # which isn't removed as a file is
    erased = erasing.erase(settings.home, COMMAND_LINE, "CANARY-7", "asked for in writing")
    assert (erased.rows["quarantine"], erased.finished) == (1, False)
    path.rmdir()
    path.write_bytes(b"bytes")
    os.utime(path, (0, 0))
    assert spool.sweep(settings.home) == 1


def test_a_held_back_picture_without_a_name_leaves_its_tombstone_too(settings):
    with opened(settings.home) as db:
        for patient in ("patient-1", "patient-2"):
            quarantine.add(db, {"spool": patient}, (patient, None), [], [])
    erasing.erase(settings.home, COMMAND_LINE, "patient-2", "asked for in writing")
    assert query(settings, "SELECT image, patient FROM tombstones") == [
        {"image": "quarantine-2", "patient": "patient-2"}
    ]


def test_a_patient_of_whom_only_a_refused_object_came_can_be_erased(settings):
    with opened(settings.home) as db:
        number = add_sender(db)
    send_in(settings, number)
    holding.discard(settings.home, COMMAND_LINE, only(settings).id)
    work_off(settings)
    with opened(settings.home) as db:
        db.execute("DELETE FROM quarantine")
    assert erasing.erase(settings.home, COMMAND_LINE, "CANARY-7", "asked for in writing").rows["arrivals"] == 1
    assert query(settings, "SELECT * FROM arrivals") == []
    assert len(query(settings, "SELECT * FROM tombstones")) == 1


def test_a_site_without_a_key_can_look_too(tmp_path):
    settings = new_home(tmp_path)
    hold_back(settings)
    assert looked_at(settings, only(settings).id)[1].jpeg


def test_a_file_that_is_sent_again_while_it_waits_is_held_back_again(settings):
    hold_back(settings)
    hold_back(settings)
    assert len(holding.held(settings.home, COMMAND_LINE)) == 2
