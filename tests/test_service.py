"""The service manager hears that a process is ready, and that it lives."""

import os
import socket
from contextlib import contextmanager

import pytest

from cxr_core import service
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.privacy import identity
from tests.processes import PATIENCE, started
from tests.work.sites import new_home


@contextmanager
def manager(address):
    """A socket as systemd gives to what it starts; what it heard."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(address)
        ear.settimeout(PATIENCE)
        yield lambda: ear.recv(256).decode()


def hear(heard, word):
    while heard() != word:
        pass
    return True


@pytest.mark.parametrize("name", ["{folder}/notify", "@cxr-test-{pid}"])
def test_what_is_told_is_heard_by_file_or_by_name(tmp_path, monkeypatch, name):
    address = name.format(folder=tmp_path, pid=os.getpid())
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with manager(address.replace("@", "\0")) as heard:
        service.tell(service.READY)
        assert heard() == "READY=1"


@pytest.mark.parametrize("address", [None, "", "no/address", "/no/such/socket"])
def test_where_nobody_listens_nobody_is_told(monkeypatch, address):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    service.tell(service.READY)


@pytest.mark.alone
@pytest.mark.parametrize("program", ["worker", "listen"])
def test_a_process_says_that_it_is_ready_that_it_lives_and_that_it_ends(tmp_path, monkeypatch, program):
    settings, address = new_home(tmp_path), str(tmp_path / "notify")
    identity.make_key(settings.home, COMMAND_LINE, tmp_path / "site.key")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with manager(address) as heard, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.close()
        process = started(settings, program, CXR_LISTEN_PORT=str(port), CXR_IDENTITY_KEY=str(tmp_path / "site.key"))
        try:
            for word in (service.READY, service.ALIVE):
                assert hear(heard, word)
            process.terminate()
            assert hear(heard, service.STOPPING)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            process.wait()
