"""Whether a destination answers: asked for by an admin, tried by the worker."""

import pytest

from cxr_core.errors import NotFound
from cxr_core.records import JobState, Proof
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting, echoing, hailing
from cxr_core.work.hospital.connecting import WebAddress
from tests.orthanc import free_port
from tests.pacs.desks import TITLE, Desk, listening
from tests.pacs.web.servers import Dribble, running
from tests.work.sites import job, new_home, work_off


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def tried(settings, port, tls=False):
    """The job that tried a destination at this port."""
    connecting.add_dicom(settings.home, COMMAND_LINE, "PACS", f"{TITLE}@127.0.0.1:{port}", tls, Proof.QUERY)
    echoing.ask(settings.home, COMMAND_LINE, "PACS")
    assert work_off(settings) == 1
    (found,) = echoing.newest(settings.home, COMMAND_LINE).values()
    return found


def test_one_that_answers_says_how_soon(settings):
    with listening(Desk()) as node:
        done = tried(settings, node.port)
    assert done.state is JobState.DONE
    assert done.result["milliseconds"] > 0


def test_one_that_does_not_says_why_and_what_helps(settings):
    failed = tried(settings, free_port())
    assert failed.state is JobState.FAILED
    assert "nothing answers at that port: check the port" in failed.error


def test_one_that_wants_certificates_which_nobody_set_stops_no_worker(settings):
    failed = tried(settings, free_port(), tls=True)
    assert "PACS wants TLS: say CXR_TLS_CERTIFICATE" in failed.error
    with listening(Desk()) as node:
        connecting.remove_destination(settings.home, COMMAND_LINE, "PACS")
        connecting.add_dicom(settings.home, COMMAND_LINE, "PACS", f"{TITLE}@127.0.0.1:{node.port}", False, Proof.QUERY)
        echoing.ask(settings.home, COMMAND_LINE, "PACS")
        assert work_off(settings) == 1


def test_asked_twice_it_is_tried_once_and_afterwards_anew(settings):
    connecting.add_dicom(settings.home, COMMAND_LINE, "PACS", f"A@127.0.0.1:{free_port()}", False, Proof.QUERY)
    first = echoing.ask(settings.home, COMMAND_LINE, "PACS")
    assert echoing.ask(settings.home, COMMAND_LINE, "PACS") == first
    work_off(settings)
    second = echoing.ask(settings.home, COMMAND_LINE, "PACS")
    assert [each.id for each in echoing.newest(settings.home, COMMAND_LINE).values()] == [second]
    assert second > first


def test_a_destination_that_is_not_there_is_not_tried(settings):
    with pytest.raises(NotFound, match="no destination called PACS"):
        echoing.ask(settings.home, COMMAND_LINE, "PACS")


def test_a_web_server_that_says_a_byte_now_and_then_keeps_no_reader_waiting(settings, monkeypatch):
    monkeypatch.setattr(hailing, "PATIENCE_SECONDS", 0.2)
    with running(Dribble(b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        web = WebAddress(f"http://127.0.0.1:{server.port}/dicom-web")
        connecting.add_stow(settings.home, COMMAND_LINE, "Web", web, Proof.QUERY)
        number = echoing.ask(settings.home, COMMAND_LINE, "Web")
        work_off(settings)
    assert job(settings, number).state is JobState.FAILED
    assert "it answers too slowly" in job(settings, number).error


def test_what_was_said_at_another_address_is_said_no_more(settings):
    tried(settings, free_port())
    connecting.change_dicom(settings.home, COMMAND_LINE, "PACS", f"A@127.0.0.1:{free_port()}", False, Proof.QUERY)
    assert echoing.newest(settings.home, COMMAND_LINE) == {}
