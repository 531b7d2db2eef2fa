"""What an Orthanc holds, and how its DICOMweb services are reached."""

from __future__ import annotations

from cxr_core.pacs.web.endpoint import WebEndpoint
from tests.orthanc import PASSWORD, USER


def empty(orthanc):
    """Forget all patients."""
    for each in orthanc.rest("/patients"):
        orthanc.rest(f"/patients/{each}", "DELETE")


def held(orthanc):
    """The DICOM files in it, as bytes, by SOP Instance UID."""
    found = {}
    for each in orthanc.rest("/instances"):
        uid = orthanc.rest(f"/instances/{each}")["MainDicomTags"]["SOPInstanceUID"]
        found[uid] = orthanc.rest(f"/instances/{each}/file")
    return found


def stow(orthanc, url, files):
    """Let it store these files with the server at `url`; the status of how that went."""
    ids = [orthanc.upload(file) for file in files]
    orthanc.rest("/dicom-web/servers/us", "PUT", json={"Url": url})
    body = {"Resources": ids, "Synchronous": True}
    return orthanc.client.post("/dicom-web/servers/us/stow", json=body).status_code


def signed_in(orthanc, folder, password=PASSWORD):
    """Its DICOMweb root, with the password in a file of `folder`."""
    path = folder / "password"
    path.write_text(f"{password}\n")
    path.chmod(0o600)
    return WebEndpoint(orthanc.web, user=USER, password_file=path)
