"""What a STOW-RS request brings, and what it is answered, with two clients that others made."""

import asyncio
import json
from io import BytesIO
from threading import Lock

import pytest
from dicomweb_client import DICOMwebClient
from pydicom import Dataset, dcmread
from pydicom.uid import DigitalXRayImageStorageForPresentation as DX
from requests import HTTPError

from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.errors import RejectedFile
from cxr_core.pacs.web.multipart import Limits, joined
from cxr_core.pacs.web.stow import ANSWER_TYPE, Failed, Reason, Stored, acceptable, answer, parts, refused
from tests.pacs.web.archive import stow
from tests.pacs.web.servers import serving

TYPE = 'multipart/related; type="application/dicom"; boundary=edge'


def uids(file):
    """SOP class and instance of a DICOM file."""
    header = dcmread(BytesIO(file), stop_before_pixels=True)
    return header.SOPClassUID, header.SOPInstanceUID


async def collected(content_type, pieces, limits=None):
    """All parts of a body that comes in as a route gets it."""

    async def stream():
        for piece in pieces:
            yield piece

    return [part async for part in parts(content_type, stream(), limits)]


def keeps(kept, reason=None):
    """A service that stores what is posted in `kept`, or fails with `reason` what isn't the first."""
    lock = Lock()

    def service(request):
        assert acceptable(request.headers.get("Accept"))
        stored, failed = [], []
        for number, part in enumerate(asyncio.run(collected(request.headers["Content-Type"], [request.body]))):
            if reason and number:
                failed.append(Failed(*uids(part), reason))
                continue
            with lock:
                kept.append(part)
            stored.append(Stored(*uids(part)))
        status, body = answer(stored, failed)
        return status, {"Content-Type": ANSWER_TYPE}, body

    return service


def test_a_client_of_others_stores_and_understands_the_answer():
    kept = []
    films = [dcmread(BytesIO(phantom(number, True, rows=64))) for number in (1, 2)]
    with serving(keeps(kept)) as server:
        said = DICOMwebClient(server.url).store_instances(films)
    assert [uids(part)[1] for part in kept] == [film.SOPInstanceUID for film in films]
    assert [dcmread(BytesIO(part)).PixelData for part in kept] == [film.PixelData for film in films]
    assert {each.ReferencedSOPInstanceUID for each in said.ReferencedSOPSequence} == {
        film.SOPInstanceUID for film in films
    }


def test_a_client_of_others_is_told_of_what_failed():
    films = [dcmread(BytesIO(phantom(number, True, rows=64))) for number in (1, 2)]
    with serving(keeps([], Reason.CLASS_MISMATCH)) as server:
        said = DICOMwebClient(server.url).store_instances(films)
    assert [(each.ReferencedSOPInstanceUID, each.FailureReason) for each in said.FailedSOPSequence] == [
        (films[1].SOPInstanceUID, 0xA900)
    ]


def test_an_archive_of_others_stores_and_understands_the_answer(orthanc):
    films = [phantom(number, True, rows=64) for number in (1, 2, 3)]
    kept = []
    with serving(keeps(kept)) as server:
        assert stow(orthanc, server.url, films) == 200
    assert sorted(kept) == sorted(films)


def test_an_archive_of_others_notices_what_failed(orthanc):
    with serving(keeps([], Reason.OUT_OF_RESOURCES)) as server:
        assert stow(orthanc, server.url, [phantom(number, True, rows=64) for number in (1, 2)]) == 500


def test_a_body_that_breaks_off_gives_what_came_in_whole_and_is_refused():
    async def taken():
        found = []
        with pytest.raises(RejectedFile) as caught:
            async for part in parts(TYPE, stream()):
                found.append(part)
        return found, caught.value

    async def stream():
        yield b"".join(joined([b"whole"], "edge")).removesuffix(b"--\r\n")
        yield b"\r\nContent-Type: application/dicom\r\n\r\nhal"

    found, error = asyncio.run(taken())
    assert found == [b"whole"]
    assert refused(error) == (400, "the body breaks off before its last boundary: send it again")


@pytest.mark.parametrize(
    ("content_type", "limits", "status"),
    [("application/dicom", None, 415), (TYPE, Limits(part=3), 413), (TYPE, Limits(whole=3), 413), (TYPE, None, 400)],
)
def test_a_body_that_is_refused_has_its_status(content_type, limits, status):
    with pytest.raises(RejectedFile) as caught:
        asyncio.run(collected(content_type, [b"--edge\r\n\r\nabcd" + b"e" * 20, b"\r\n--edge"], limits))
    assert refused(caught.value)[0] == status


KEPT = Stored(DX, "1.2.3")
FULL = Failed(DX, "1.2.4", Reason.OUT_OF_RESOURCES)
UNREADABLE = Failed("", "", Reason.NOT_UNDERSTOOD)


@pytest.mark.parametrize(
    ("stored", "failed", "status"),
    [
        ([KEPT], [], 200),
        ([KEPT], [UNREADABLE], 202),
        ([], [UNREADABLE], 409),
        ([], [UNREADABLE, FULL], 409),
        ([], [FULL, Failed(DX, "1.2.5", 0xA7FF)], 503),
        ([], [], 409),
    ],
)
def test_the_status_says_how_much_is_stored(stored, failed, status):
    assert answer(stored, failed)[0] == status


def test_the_answer_names_each_instance_or_at_least_the_failure():
    status, body = answer([KEPT, Stored(DX, "1.2.5", 0xB000)], [FULL, UNREADABLE])
    said = Dataset.from_json(json.loads(body))
    assert status == 202
    assert [each.ReferencedSOPInstanceUID for each in said.ReferencedSOPSequence] == ["1.2.3", "1.2.5"]
    assert [each.get("WarningReason") for each in said.ReferencedSOPSequence] == [None, 0xB000]
    failed = said.FailedSOPSequence[0]
    assert (failed.ReferencedSOPClassUID, failed.ReferencedSOPInstanceUID, failed.FailureReason) == (
        DX,
        "1.2.4",
        0xA700,
    )
    assert [each.FailureReason for each in said.OtherFailuresSequence] == [0xC000]


def test_without_failures_or_successes_their_sequences_are_left_out():
    assert "FailedSOPSequence" not in Dataset.from_json(json.loads(answer([KEPT], [])[1]))
    assert "ReferencedSOPSequence" not in Dataset.from_json(json.loads(answer([], [FULL])[1]))


@pytest.mark.parametrize(
    ("accept", "fits"),
    [
        (None, True), ("", True), (" ", True), ("*/*", True), ("application/*;q=0.1", True),
        ("application/dicom+json", True), ("APPLICATION/JSON", True), ("text/html, application/json;q=0.2", True),
        ("application/dicom+xml, */*;q=0.5", True), ("application/dicom+json;q=x", True),
        ("application/dicom+xml", False), ("text/*", False), ("application/dicom+json;q=0", False),
        ("application/dicom+json; q=0, */*", False), (";;,", False),
    ],
)  # fmt: skip
def test_an_accept_header_allows_dicom_json_or_not(accept, fits):
    assert acceptable(accept) is fits


def test_a_client_of_others_takes_nothing_stored_as_an_error():
    status, body = answer([], [FULL])
    with serving(lambda request: (status, {"Content-Type": ANSWER_TYPE}, body)) as server:
        client = DICOMwebClient(server.url)
        client.set_http_retry_params(retry=False)
        with pytest.raises(HTTPError, match="503"):
            client.store_instances([dcmread(BytesIO(phantom(1, True, rows=64)))])
