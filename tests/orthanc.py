"""A real archive for tests: Orthanc on loopback, with DICOM, TLS as a client, DICOMweb and storage commitment."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.debian import program

DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
USER, PASSWORD = "app", "a password of the test"
PATIENCE = 120
"""Seconds after which a test gives up waiting; nothing is ever measured by it."""


@dataclass(frozen=True)
class Orthanc:
    """A running archive; its AE title is ORTHANC, its DICOMweb is at `web`."""

    dicom_port: int
    http_port: int
    client: httpx.Client
    aet = "ORTHANC"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def web(self):
        return f"{self.url}/dicom-web"

    def rest(self, path, method="GET", **what):
        """What its REST API answers, as JSON where it is that; fails on any other answer than success."""
        answer = self.client.request(method, path, **what)
        assert answer.is_success, answer.text
        return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.content

    def knows(self, name, aet, port, tls=False):
        """From now on it can send to, and reports to, the node with this AE title at this port."""
        node = {"AET": aet, "Host": "127.0.0.1", "Port": port, "UseDicomTls": tls}
        self.rest(f"/modalities/{name}", "PUT", json=node)

    def upload(self, data):
        """Keep the DICOM file; its id here."""
        return self.rest("/instances", "POST", content=data)["ID"]

    def send(self, name, *instances):
        """Store what has these ids in the node of this name; how many went there."""
        body = {"Resources": list(instances), "Synchronous": True}
        return self.rest(f"/modalities/{name}/store", "POST", json=body)["InstancesCount"]


@contextmanager
def running(folder, tls=None, **options):
    """Orthanc with its files in `folder`; as a DICOM client it shows and trusts those of `tls`; more options of it."""
    binary = program("Orthanc", "orthanc")
    ports = {"DicomPort": free_port(), "HttpPort": free_port()}
    config = folder / "orthanc.json"
    config.write_text(json.dumps({**_config(folder), **ports, **_tls(tls), **options}))
    with open(folder / "orthanc.log", "wb") as log:
        process = subprocess.Popen([binary, config], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{ports['HttpPort']}"
    with httpx.Client(base_url=address, auth=(USER, PASSWORD), timeout=PATIENCE, trust_env=False) as client:
        try:
            _wait_for(process, client, folder / "orthanc.log")
            yield Orthanc(ports["DicomPort"], ports["HttpPort"], client)
        finally:
            process.terminate()
            process.wait(PATIENCE)  # it takes its time, and holds its files until then


def _config(folder):
    return {
        "HttpBindAddresses": ["127.0.0.1"], "RemoteAccessAllowed": True, "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: PASSWORD}, "DicomAet": "ORTHANC", "DicomAlwaysAllowStore": True,
        "StorageDirectory": str(folder / "files"), "IndexDirectory": str(folder / "files"), "Plugins": [str(DICOMWEB)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "EnableWado": True}, "OverwriteInstances": True,
        "DicomAssociationCloseDelay": 0, "HttpsVerifyPeers": True,
    }  # fmt: skip


def _tls(tls):
    if tls is None:
        return {}
    return {
        "DicomTlsCertificate": str(tls.certificate), "DicomTlsPrivateKey": str(tls.key),
        "DicomTlsTrustedCertificates": str(tls.authority),
    }  # fmt: skip


def _wait_for(process, client, log):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            client.get("/system").raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


def free_port():
    """One that nobody listens at, for programs that can't say which one they were given."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
