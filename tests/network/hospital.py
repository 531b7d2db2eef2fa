"""A small hospital for tests: an archive, and the program beside it as real processes, all on loopback."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from cxr_core.pacs.tls import Tls
from cxr_core.records import Proof
from cxr_core.settings import Settings
from cxr_core.store import destinations
from cxr_core.store.db import opened, rows
from cxr_core.store.destinations import Rule
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting, traffic
from cxr_core.work.privacy import identity
from tests.debian import program
from tests.orthanc import Orthanc, free_port
from tests.processes import PATIENCE, ROOT, wait_until
from tests.work.sites import new_home

TITLE = "CXRREADER"
"""What the program is called on the network."""


@dataclass
class Hospital:
    """The program's home, and the archive."""

    settings: Settings
    folder: Path
    archive: Orthanc | None = None
    listener: subprocess.Popen | None = None
    port: int = 0
    tls_port: int = 0

    @property
    def home(self):
        return self.settings.home

    def query(self, sql, *values):
        with opened(self.home) as db:
            return rows(db, sql, values)

    def states(self):
        """How many deliveries are in which state."""
        return {row["state"]: row["n"] for row in self.query("SELECT state, count(*) n FROM deliveries GROUP BY state")}

    def waiting(self):
        """Jobs and deliveries that aren't at an end."""
        with opened(self.home) as db:
            open_jobs = rows(db, "SELECT 1 FROM jobs WHERE state IN ('queued', 'running')")
        return len(open_jobs) + sum(line.open for line in traffic.queue(self.home, COMMAND_LINE).lines)

    def settle_with(self, answers):
        """Wait until so many deliveries are at their end, and nothing is on its way any more."""
        wait_until(lambda: self.waiting() == 0 and sum(self.states().values()) >= answers)

    def send(self, *files, tls=None, title="ROOM1", syntax="-R"):
        """storescu sends these files; what it said."""
        secure = ["+tls", tls.key, tls.certificate, "+cf", tls.authority] if tls else []
        port = str(self.tls_port if tls else self.port)
        storescu = program("/usr/bin/storescu", "dcmtk")
        line = [storescu, "-v", *secure, syntax, "-aet", title, "-aec", TITLE, "127.0.0.1", port, *files]
        return subprocess.run(list(map(str, line)), capture_output=True, text=True, timeout=PATIENCE)


def founded(folder, archive=None, **more):
    """A home with its key, that lets ROOM1 and the archive send; nothing of it runs yet."""
    settings = replace(new_home(folder), identity_key=folder / "identity.key", free_mb=0, **more)
    identity.make_key(settings.home, COMMAND_LINE, settings.identity_key)
    for name, title in (("Room 1", "ROOM1"), ("The archive", "ORTHANC")):
        connecting.add_sender(settings.home, COMMAND_LINE, name, "127.0.0.1", title)
    return Hospital(settings, folder, archive)


def let_send(hospital, name, title, tls):
    """Whoever calls by this title, and with this certificate, may send, too."""
    shown = sha256(ssl.PEM_cert_to_DER_cert(tls.certificate.read_text())).hexdigest()
    connecting.add_sender(hospital.home, COMMAND_LINE, name, "127.0.0.1", title, shown)


def answer_to(hospital, *kinds, proof=Proof.QUERY):
    """A rule that sends these answers to the archive."""
    address = f"{hospital.archive.aet}@127.0.0.1:{hospital.archive.dicom_port}"
    connecting.add_dicom(hospital.home, COMMAND_LINE, "PACS", address, False, proof)
    with opened(hospital.home) as db:
        pacs = destinations.named(db, "PACS").id
    connecting.add_rule(hospital.home, COMMAND_LINE, Rule(pacs, kinds))


@contextmanager
def running(hospital, tls: Tls | None = None, worker=True):
    """Its listener, and a worker, for as long as the block runs."""
    with ExitStack() as stack:
        listening(hospital, stack, tls)
        if worker:
            working(hospital, stack)
        yield hospital


def listening(hospital, stack, tls=None, **environment):
    """Start the listener, and have its ports in the hospital; `stack` stops it."""
    ports = {"CXR_LISTEN_PORT": str(free_port())}
    if tls:
        ports |= {
            "CXR_LISTEN_TLS_PORT": str(free_port()), "CXR_TLS_CERTIFICATE": str(tls.certificate),
            "CXR_TLS_KEY": str(tls.key), "CXR_TLS_AUTHORITY": str(tls.authority),
        }  # fmt: skip
    hospital.listener = _started(hospital, "listen", {**ports, **environment}, stdout=subprocess.PIPE)
    stack.callback(stop, hospital.listener)
    said = json.loads(hospital.listener.stdout.readline())
    hospital.port, hospital.tls_port = (said["ports"] + [0])[:2]
    if hospital.archive:
        hospital.archive.knows("cxr", TITLE, hospital.port)


def working(hospital, stack, **environment):
    """Start a worker; `stack` stops it."""
    worker = _started(hospital, "worker", environment)
    stack.callback(stop, worker)
    return worker


def stop(process):
    """Tell it to end, and wait for that."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE)
    if process.stdout:
        process.stdout.close()


def _started(hospital, command, environment, stdout=None):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CXR_")}
    own = {
        "CXR_HOME": str(hospital.home), "CXR_IDENTITY_KEY": str(hospital.settings.identity_key), "CXR_THREADS": "1",
        "CXR_FREE_MB": "0", "CXR_RUNTIME": "torch", "OMP_NUM_THREADS": "1", "TMPDIR": str(hospital.folder / "tmp"),
    }  # fmt: skip
    (hospital.folder / "tmp").mkdir(exist_ok=True)
    with open(hospital.folder / f"{command}.log", "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "cxr_core", command], env={**kept, **own, **environment}, cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=stdout or log, stderr=log,
        )  # fmt: skip
