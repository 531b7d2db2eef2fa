"""An archive takes every answer to an X-ray that it holds, into the same study, and gives it back unchanged."""

import json
import socket
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from dicomweb_client import DICOMwebClient
from pydicom import dcmread
from requests.exceptions import ConnectionError as NoConnection

from tests.debian import program
from tests.dicom.answers.material import MAKERS, ODD, WHO, enveloped, received
from tests.processes import PATIENCE, wait_until

DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
STORESCU = Path("/usr/bin/storescu")
"""dcmtk's: pynetdicom has a command of the same name."""


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The DICOM port and the DICOMweb client of an Orthanc with nothing in it."""
    orthanc, folder = program("Orthanc", "orthanc"), tmp_path_factory.mktemp("orthanc")
    program("dsrdump", "dcmtk")
    dicom, web = free_ports(2)
    settings = {
        "HttpPort": web, "HttpBindAddresses": ["127.0.0.1"], "RemoteAccessAllowed": False, "DicomPort": dicom,
        "AuthenticationEnabled": False, "DicomAlwaysAllowStore": True, "StorageDirectory": str(folder / "storage"),
        "Plugins": [str(DICOMWEB)], "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    client = DICOMwebClient(f"http://127.0.0.1:{web}/dicom-web")
    with (folder / "log").open("wb") as log, subprocess.Popen([orthanc, folder / "settings.json"], stderr=log) as run:
        try:
            wait_until(lambda: answers(client), run)
            yield dicom, client
        finally:
            run.terminate()
            run.wait(PATIENCE)


def answers(client):
    try:
        return client.search_for_studies() == []
    except NoConnection:
        return False


def stored(port, folder, files):
    for number, data in enumerate(files):
        (folder / f"{number}.dcm").write_bytes(data)
    send = [STORESCU, "-R", "+sd", "-aec", "ORTHANC", "127.0.0.1", str(port), folder]
    subprocess.run(send, check=True, capture_output=True)


@pytest.mark.parametrize("odd", ["as it should be", "Japanese"])
def test_answers_join_the_study_and_come_back_as_they_were(archive, odd, tmp_path):
    port, client = archive
    study = {"StudyInstanceUID": f"1.2.826.0.1.3680043.8.498.{len(odd)}", "SeriesInstanceUID": f"1.2.3.{len(odd)}"}
    source = received(**ODD[odd], **study, SOPInstanceUID=f"1.2.3.4.{len(odd)}")
    envelope = enveloped(source)
    sent = [made(envelope) for kind, made in MAKERS.items() if kind != "report"]
    stored(port, tmp_path, [source, *sent])
    (found,) = client.search_for_studies(search_filters={"StudyInstanceUID": study["StudyInstanceUID"]})
    assert found["00100020"]["Value"] == [WHO["PatientID"]]
    assert len(client.search_for_series(study["StudyInstanceUID"])) == 1 + len(sent)
    back = {ds.SOPInstanceUID: ds for ds in client.retrieve_study(study["StudyInstanceUID"])}
    assert all(back[ds.SOPInstanceUID] == ds for ds in (dcmread(BytesIO(data)) for data in sent))
    assert len(back) == 1 + len(sent)


def test_an_answer_that_is_sent_again_is_there_once(archive, tmp_path):
    port, client = archive
    data = MAKERS["report"](enveloped())
    for _ in range(2):
        stored(port, tmp_path, [data])
    assert len(client.search_for_instances(WHO["StudyInstanceUID"])) == 1
