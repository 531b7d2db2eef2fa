"""A real syslog server, Debian's rsyslog, takes what is sent to it over TLS, message by message."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager

import pytest

from cxr_core.pacs import syslog
from cxr_core.pacs.syslog import Collector
from tests.debian import program
from tests.pacs.certificates import Authority

AT = "2026-03-01T12:00:00.000000+00:00"
CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="64k" DefaultNetstreamDriver="ossl"
       DefaultNetstreamDriverCAFile="{tls.authority}" DefaultNetstreamDriverCertFile="{tls.certificate}"
       DefaultNetstreamDriverKeyFile="{tls.key}")
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
input(type="imtcp" port="0" listenPortFileName="{folder}/port" address="127.0.0.1")
template(name="told" type="string" string="%syslogfacility% %app-name% %msgid% %msg%\\n")
action(type="omfile" file="{folder}/received" template="told")
"""


@contextmanager
def running(folder, tls):
    """rsyslog with these files; yields its port."""
    folder.mkdir()
    (folder / "rsyslog.conf").write_text(CONFIGURATION.format(folder=folder, tls=tls))
    server = subprocess.Popen(
        [program("rsyslogd", "rsyslog"), "-n", "-f", folder / "rsyslog.conf", "-i", folder / "pid"],
        stdout=subprocess.DEVNULL, stderr=(folder / "errors").open("w"),
    )  # fmt: skip
    try:
        yield int(waited_for(lambda: (folder / "port").exists() and (folder / "port").read_text(), folder))
    finally:
        server.terminate()
        server.wait(30)


def waited_for(look, folder):
    until = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < until, (folder / "errors").read_text()
        time.sleep(0.05)
    return found


def received(folder, many):
    path = folder / "received"
    return waited_for(lambda: path.exists() and len(lines := path.read_text().splitlines()) >= many and lines, folder)


@pytest.mark.alone
def test_rsyslog_keeps_every_message_in_order(tmp_path):
    tls = Authority(tmp_path / "authority").issue("localhost")
    texts = [f'<AuditMessage n="{number}">{"ü" * 1000}</AuditMessage>' for number in range(50)]
    with running(tmp_path / "server", tls) as port:
        messages = [syslog.message(AT, "cxr-second-reader", text) for text in texts]
        syslog.send(Collector("localhost", port, True, tls.authority), messages)
        lines = received(tmp_path / "server", len(texts))
    expected = [f"10 cxr-second-reader DICOM+RFC3881 {each}" for each in texts]
    assert [line.replace("\ufeff", "") for line in lines] == expected
