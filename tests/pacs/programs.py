"""dcmtk's programs as the other end: those of Debian, since pynetdicom has others of the same names."""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from pathlib import Path

from tests.debian import program
from tests.orthanc import free_port
from tests.pacs.desks import TITLE
from tests.processes import wait_until

PATIENCE = 120


def run(name, listener, *arguments, title=TITLE, tls=None):
    """The program calling the listener; what it said and how it ended. `tls` are the files that it shows."""
    secure = ["+tls", tls.key, tls.certificate, "+cf", tls.authority] if tls else []
    command = [program(f"/usr/bin/{name}", "dcmtk"), "-v", *secure, "-aet", "ROOM1", "-aec", title,
               "127.0.0.1", str(listener.port), *arguments]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def store(listener, folder, *objects, syntax="-R", **more):
    """storescu with these DICOM files; `syntax` is its option for what to propose, by default what each is in."""
    files = []
    for number, data in enumerate(objects):
        files.append(folder / f"{number}.dcm")
        files[-1].write_bytes(data)
    return run("storescu", listener, syntax, *files, **more)


@contextmanager
def receiving(folder, tls=None):
    """storescp, keeping what it gets in `folder` bit by bit as it comes; its port."""
    port = free_port()
    secure = ["+tls", tls.key, tls.certificate, "+cf", tls.authority, "-rc"] if tls else []
    command = [program("/usr/bin/storescp", "dcmtk"), "-aet", "ARCHIVE", "+B", "-od", folder, *secure, str(port)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens(port), process)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _listens(port):
    """Found without calling it: storescp may end when a caller has left before it looked."""
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    return any(re.search(rf":{port:04X} \S+ 0A ", each.read_text()) for each in tables if each.exists())
