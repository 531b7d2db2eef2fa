"""An answer goes to its X-ray's patient as the X-ray names them, or not at all, and then the page says why."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from pydicom import dcmread

from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.records import DeliveryState, Proof
from cxr_core.store import senders
from cxr_core.store.db import opened
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting, ledger, receiving
from cxr_core.work.privacy import identity
from tests.network.outbox import Archive, Outbox
from tests.work.sites import new_home, work_off

pytestmark = pytest.mark.alone


@pytest.fixture
def outbox(tmp_path):
    settings = replace(new_home(tmp_path), identity_key=tmp_path / "identity.key", free_mb=0)
    identity.make_key(settings.home, COMMAND_LINE, settings.identity_key)
    connecting.add_sender(settings.home, COMMAND_LINE, "Room 1", "127.0.0.1", "ROOM1")
    return Outbox(settings)


def come(outbox, patient):
    """An X-ray of a patient, whose ID is these 12 bytes, has come and been judged."""
    ds, file = dcmread(BytesIO(phantom(1, False, rows=128))), BytesIO()
    ds.PatientID = "?" * len(patient)
    ds.save_as(file, enforce_file_format=True)
    with opened(outbox.settings.home) as db:
        room = senders.named(db, "Room 1")
    receiving.receive(outbox.settings, room, file.getvalue().replace(b"?" * len(patient), patient))
    work_off(outbox.settings)


def sent(outbox):
    """What became of the answer, and the data sets that the archive got."""
    got = []
    with Archive(lambda event: got.append(event.dataset) or 0).at_work() as port:
        found = outbox.one(outbox.to(port, Proof.NONE))
    return found, got


def test_the_end_of_a_line_after_the_patients_id_is_no_part_of_it(outbox):
    come(outbox, b"P-081234567\n")
    found, (answer,) = sent(outbox)
    assert (found.state, answer.PatientID) == (DeliveryState.ACCEPTED, "P-081234567")


def test_where_no_answer_can_name_the_patient_none_goes_out_and_the_page_says_so(outbox):
    come(outbox, b"P-0812\t34567")
    found, got = sent(outbox)
    assert (found.state, got) == (DeliveryState.DEAD, [])
    (dead,) = ledger.dead_letters(outbox.settings.home, COMMAND_LINE)
    assert "PatientID isn't as DICOM has it" in dead.said and "0812" not in dead.said
