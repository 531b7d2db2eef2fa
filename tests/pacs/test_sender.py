"""Objects reach another node as they are; whatever it does instead, each has the right end."""

import socket
import threading
from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.uid import ComputedRadiographyImageStorage as CR
from pydicom.uid import DigitalXRayImageStorageForPresentation as DX
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import build_context, evt

from cxr_core.pacs.calling import Endpoint
from cxr_core.pacs.contexts import TRANSFER_SYNTAXES
from cxr_core.pacs.outcome import State
from cxr_core.pacs.sender import store
from tests.pacs.desks import TITLE
from tests.pacs.objects import data_set, relabelled, syntax, xray
from tests.pacs.peers import PATIENCE, serving
from tests.pacs.programs import receiving

DIGITAL = build_context(DX, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
THREE = [xray(0), xray(1), xray(2)]


def to(port, called="ARCHIVE", tls=None, patience=PATIENCE, host="127.0.0.1"):
    return Endpoint(host, port, called, TITLE, tls, patience)


def states(outcomes):
    return [each.state for each in outcomes]


def answering(*answers):
    """A node that answers C-STORE so, one after the other; an answer may be a function of the event."""
    left = list(answers)

    def answer(event):
        found = left.pop(0)
        return found(event) if callable(found) else found

    return serving((evt.EVT_C_STORE, answer), contexts=[DIGITAL])


def abort(event):
    event.assoc.abort()
    return 0


def hang_up(event):
    event.assoc.dul.socket.socket.shutdown(socket.SHUT_RDWR)
    return 0


@pytest.mark.parametrize("name", TRANSFER_SYNTAXES, ids=lambda uid: uid.name)
def test_an_object_in_any_transfer_syntax_arrives_as_it_is(name, listener, desk):
    sent = relabelled(xray(0), name)
    assert states(store(to(listener.port, TITLE), [sent])) == [State.ACCEPTED]
    assert syntax(desk.taken[0]) == name
    assert data_set(desk.taken[0]) == data_set(sent)


def test_objects_of_several_classes_and_syntaxes_go_on_one_association(listener, desk):
    sent = [xray(0), xray(1, "DEMO-AGF-1"), xray(2, "DEMO-PHI-1"), xray(3, "DEMO-CAN-1")]
    assert states(store(to(listener.port, TITLE), sent)) == [State.ACCEPTED] * 4
    assert [data_set(each) for each in desk.taken] == [data_set(each) for each in sent]
    assert len(desk.callers) == 1


def test_an_archive_keeps_what_it_is_sent_as_it_is(orthanc):
    [outcome] = store(to(orthanc.dicom_port, orthanc.aet), [xray(4, "DEMO-PHI-1")])
    assert (outcome.state, outcome.status, outcome.reason) == (State.ACCEPTED, 0, "stored")
    uid = dcmread(BytesIO(xray(4, "DEMO-PHI-1")), stop_before_pixels=True).SOPInstanceUID
    [found] = orthanc.rest("/tools/lookup", "POST", content=uid)
    assert data_set(orthanc.rest(f"/instances/{found['ID']}/file")) == data_set(xray(4, "DEMO-PHI-1"))


@pytest.mark.parametrize("secure", [False, True])
def test_dcmtk_receives_what_it_is_sent(secure, authority, tmp_path):
    with receiving(tmp_path, authority.issue() if secure else None) as port:
        endpoint = to(port, tls=authority.issue() if secure else None)
        assert states(store(endpoint, [xray(0), xray(1)])) == [State.ACCEPTED] * 2
    kept = {data_set(path.read_bytes()) for path in tmp_path.glob("DX.*")}
    assert kept == {data_set(xray(0)), data_set(xray(1))}


def test_no_objects_are_no_trouble(listener):
    assert store(to(listener.port, TITLE), []) == []


def test_each_object_has_its_own_answer():
    with answering(0xA700, 0xA900, 0xC000, 0xB000, 0x0122, 0x0000) as port:
        outcomes = store(to(port), THREE * 2)
    assert [each.status for each in outcomes] == [0xA700, 0xA900, 0xC000, 0xB000, 0x0122, 0x0000]
    assert states(outcomes) == [
        State.RETRY, State.DEAD, State.DEAD, State.ACCEPTED, State.DEAD, State.ACCEPTED,
    ]  # fmt: skip
    assert all(each.reason.startswith(f"ARCHIVE at 127.0.0.1:{port}: ") for each in outcomes[:5])
    assert outcomes[5].reason == "stored"


@pytest.mark.parametrize("end", [abort, hang_up])
def test_what_was_answered_before_the_end_of_an_association_stands_and_the_rest_comes_again(end):
    with answering(0, end) as port:
        outcomes = store(to(port), THREE)
    assert states(outcomes) == [State.ACCEPTED, State.RETRY, State.RETRY]
    assert [each.status for each in outcomes] == [0, None, None]
    assert all(f"ARCHIVE at 127.0.0.1:{port}" in each.reason for each in outcomes[1:])


def test_a_node_that_falls_silent_is_left_after_a_while():
    over = threading.Event()
    with answering(0, lambda event: over.wait(PATIENCE) and 0) as port:
        outcomes = store(to(port, patience=0.5), THREE)
        over.set()
    assert states(outcomes) == [State.ACCEPTED, State.RETRY, State.RETRY]
    assert "hadn't answered" in outcomes[1].reason


def test_a_class_that_is_not_accepted_is_named_and_the_others_go():
    with answering(0) as port:
        outcomes = store(to(port), [xray(0, "DEMO-AGF-1"), xray(1)])
    assert states(outcomes) == [State.DEAD, State.ACCEPTED]
    assert CR.name in outcomes[0].reason


def test_where_nothing_is_accepted_all_is_dead():
    with answering() as port:
        outcomes = store(to(port), [xray(0, "DEMO-AGF-1"), xray(0, "DEMO-PHI-1")])
    assert states(outcomes) == [State.DEAD, State.DEAD]
    assert "JPEG-LS" in outcomes[1].reason


def test_an_object_is_written_anew_where_only_implicit_vr_is_accepted():
    came = []

    def keep(event):
        came.append(event.encoded_dataset())
        return 0

    context = build_context(DX, ImplicitVRLittleEndian)
    with serving((evt.EVT_C_STORE, keep), contexts=[context]) as port:
        assert states(store(to(port), [xray(0)])) == [State.ACCEPTED]
    assert syntax(came[0]) == ImplicitVRLittleEndian
    assert dcmread(BytesIO(came[0])) == dcmread(BytesIO(xray(0)))


def test_nothing_is_logged_of_what_goes_wrong(caplog):
    caplog.set_level("DEBUG")
    with answering(0, abort) as port:
        store(to(port), THREE)
    store(to(port), THREE)
    assert caplog.text == ""


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_a_name_that_is_no_uid_is_in_no_log(listener, desk, caplog, capfd):
    uid = dcmread(BytesIO(xray(0)), stop_before_pixels=True).SOPInstanceUID
    name = "1.02.PATIENT^NAME".ljust(len(uid), "7")
    sent = xray(0).replace(uid.encode(), name.encode())
    assert states(store(to(listener.port, TITLE), [sent])) == [State.ACCEPTED]
    assert data_set(desk.taken[0]) == data_set(sent)
    assert "PATIENT" not in caplog.text
