"""A port is open to whom it may be, at once, whatever others do with their connections."""

import hashlib
import socket
import ssl
from contextlib import ExitStack, suppress

import pytest
from pynetdicom import build_context

from cxr_core.errors import SettingsError
from cxr_core.pacs import door, wire
from cxr_core.pacs.contexts import VERIFICATION
from cxr_core.pacs.listener import Listener
from cxr_core.pacs.ports import Port
from tests.pacs.certificates import Authority
from tests.pacs.desks import TITLE, listening
from tests.pacs.objects import data_set, xray
from tests.pacs.peers import calling
from tests.pacs.programs import run, store
from tests.processes import wait_until

COMMAND_GOES_ON = 1
"""The message control header of a piece of a command that isn't the last (PS3.8 E.2)."""


def connection(listener, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", listener.port), 60, (source, 0))


def hung_up(there):
    """Waits until the other end has; whatever it says before is let pass."""
    with suppress(ConnectionError, ssl.SSLError):
        while there.recv(4096):
            pass
    return True


def test_an_object_comes_over_tls_unchanged(secured, desk, authority, tmp_path):
    assert store(secured, tmp_path, xray(0), tls=authority.issue()).returncode == 0
    assert data_set(desk.taken[0]) == data_set(xray(0))


def test_the_desk_learns_whose_certificate_it_was(secured, desk, authority):
    files = authority.issue()
    assert run("echoscu", secured, tls=files).returncode == 0
    shown = ssl.PEM_cert_to_DER_cert(files.certificate.read_text())
    assert [each.certificate for each in desk.callers] == [hashlib.sha256(shown).hexdigest()]


def test_nobody_without_a_certificate_gets_as_far_as_the_desk(secured, desk, authority):
    context = ssl.create_default_context(cafile=authority.certificate)
    with connection(secured) as bare, context.wrap_socket(bare, server_hostname="localhost") as shaken:
        assert hung_up(shaken)
    assert desk.callers == []


def test_a_certificate_of_another_authority_is_refused(secured, desk, tmp_path):
    stranger = Authority(tmp_path / "others").issue()
    assert run("echoscu", secured, tls=stranger).returncode != 0
    assert desk.callers == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_versions_of_tls_that_are_too_old_are_refused(secured, authority):
    files = authority.issue()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(files.authority)
    context.load_cert_chain(files.certificate, files.key)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with connection(secured) as bare, pytest.raises(ssl.SSLError, match="alert protocol version"):
        context.wrap_socket(bare, server_hostname="localhost")


def test_a_caller_without_tls_is_hung_up_on(secured, desk, caplog):
    assert run("echoscu", secured).returncode != 0
    assert desk.callers == []
    assert "no secure connection with 127.0.0.1" in caplog.text


def test_callers_that_say_nothing_hold_up_nobody(secured, authority):
    silent = [connection(secured) for _ in range(8)]
    assert run("echoscu", secured, tls=authority.issue()).returncode == 0
    for each in silent:
        each.close()


def test_more_connections_than_there_is_room_for_are_hung_up_on(desk):
    with listening(desk, most=2) as listener:
        silent = [connection(listener) for _ in range(4)]
        with connection(listener) as fifth:
            assert hung_up(fifth)
        for each in silent:
            each.close()
        wait_until(lambda: run("echoscu", listener).returncode == 0)


def test_nobody_takes_the_room_of_others_from_an_address_where_none_may_call(desk):
    desk.unknown = ("127.0.0.2",)
    with listening(desk, most=2) as listener:
        strangers = [connection(listener, source="127.0.0.2") for _ in range(4)]
        assert run("echoscu", listener).returncode == 0
        for each in strangers:
            assert hung_up(each)
            each.close()
    assert {each.address for each in desk.callers} == {"127.0.0.1"}


def test_a_stranger_is_hung_up_on_before_tls_begins(secured, desk, authority):
    desk.unknown = ("127.0.0.1",)
    with connection(secured) as there:
        assert hung_up(there)


def test_a_desk_that_can_not_tell_whom_it_knows_knows_nobody(listener, desk, caplog):
    desk.unknown = None
    with connection(listener) as there:
        assert hung_up(there)
    assert "TypeError" in caplog.text


def test_callers_that_have_left_keep_no_other_from_being_hung_up_on(listener):
    (port,) = listener._doors
    with ExitStack() as stack:
        left = [stack.enter_context(socket.socket()) for _ in range(4)]
        pairs = [list(map(stack.enter_context, socket.socketpair())) for _ in range(4)]
        port._greeted.update(left, (here for here, _ in pairs))
        port.close()
        assert [there.recv(1, socket.MSG_DONTWAIT) for _, there in pairs] == [b""] * 4
        port._greeted.clear()


def test_what_nobody_foresaw_is_told_as_what_it_is_and_ends_that_connection_alone(listener, monkeypatch, caplog):
    def failing(connection):
        raise ValueError("DOE^JANE")

    with monkeypatch.context() as patched:
        patched.setattr(door, "fingerprint", failing)
        with connection(listener) as there:
            assert hung_up(there)
    assert "the connection with 127.0.0.1 ended before it began: ValueError" in caplog.text
    assert "secure" not in caplog.text and "DOE" not in caplog.text
    assert run("echoscu", listener).returncode == 0


def test_a_pdu_longer_than_was_asked_for_ends_the_connection(listener, monkeypatch):
    monkeypatch.setattr(wire.Wire, "patience", 10_000)
    with connection(listener) as there:
        there.sendall(b"\x01\x00" + (2 * wire.PDU_BYTES).to_bytes(4, "big"))
        assert hung_up(there)


def test_a_data_set_larger_than_an_xray_may_be_ends_the_association(desk, tmp_path, caplog):
    with listening(desk, largest=10_000) as listener:
        assert store(listener, tmp_path, xray(0)).returncode != 0
    assert desk.taken == []
    assert "127.0.0.1 sends more than an X-ray may have" in caplog.text


def test_a_command_without_an_end_ends_the_association(desk):
    piece = bytes([1, COMMAND_GOES_ON]) + bytes(500)
    fragment = len(piece).to_bytes(4, "big") + piece
    with (
        listening(desk, largest=10_000) as listener,
        calling(listener, build_context(VERIFICATION)) as assoc,
        suppress(ConnectionError),
    ):
        for _ in range(40):
            assoc.dul.socket.socket.sendall(b"\x04\x00" + len(fragment).to_bytes(4, "big") + fragment)
        wait_until(lambda: not assoc.is_established)


def test_a_pdu_that_does_not_come_to_its_end_ends_the_connection(listener, monkeypatch):
    monkeypatch.setattr(wire.Wire, "patience", 0.2)
    with connection(listener) as there:
        there.sendall(b"\x01\x00" + (1000).to_bytes(4, "big") + b"\x00")
        assert hung_up(there)


def test_bytes_that_are_not_dicom_end_the_connection(listener):
    with connection(listener) as there:
        there.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert hung_up(there)
    assert run("echoscu", listener).returncode == 0


def test_a_port_that_is_taken_is_named(listener, desk):
    second = Listener(TITLE, [Port("127.0.0.1", 0), Port("127.0.0.1", listener.port)], desk)
    with pytest.raises(SettingsError, match=f"can't listen at 127.0.0.1:{listener.port}.*a port that is free"):
        second.start()
    second.stop(0)


def test_a_host_that_is_not_this_machine_is_named(desk):
    with pytest.raises(SettingsError, match=r"can't listen at 192\.0\.2\.1:0"):
        Listener(TITLE, [Port("192.0.2.1", 0)], desk).start()
    with pytest.raises(SettingsError, match=r"can't listen at no\.such\.host\.invalid:0"):
        Listener(TITLE, [Port("no.such.host.invalid", 0)], desk).start()
