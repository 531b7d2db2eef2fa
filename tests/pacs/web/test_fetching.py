"""WADO-RS as a client: an X-ray as it is stored, and no more than that."""

from dataclasses import replace

import pytest

from cxr_core.errors import DeliveryError, NotFound
from cxr_core.pacs.web.endpoint import WebEndpoint
from cxr_core.pacs.web.fetching import fetch
from cxr_core.pacs.web.finding import Match, Query, search
from cxr_core.pacs.web.multipart import joined
from tests.pacs.web.archive import empty, signed_in
from tests.pacs.web.films import CANARY, film
from tests.pacs.web.servers import serving

TYPE = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=edge'}
MATCH = Match("1.2", "1.3", "1.4", "", "DX", "", "", f"{CANARY}-1", CANARY)
ONE = b"".join(joined([b"a film"], "edge"))


def fetched(answer, largest=1000):
    """What comes from a server with this answer."""
    with serving(lambda request: answer) as server:
        return fetch(WebEndpoint(server.url), MATCH, largest)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_it_comes_as_an_archive_of_others_was_given_it(orthanc, tmp_path, number):
    """Compressed or not, whatever the machine."""
    empty(orthanc)
    file = film(number, rows=128)
    orthanc.upload(file)
    endpoint = signed_in(orthanc, tmp_path)
    [match] = search(endpoint, Query())
    assert fetch(endpoint, match) == file


def test_what_an_archive_of_others_has_no_longer_is_told(orthanc, tmp_path):
    empty(orthanc)
    orthanc.upload(film())
    endpoint = signed_in(orthanc, tmp_path)
    [match] = search(endpoint, Query())
    with pytest.raises(NotFound, match="no longer"):
        fetch(endpoint, replace(match, instance="1.2.3"))


def test_one_file_is_taken_whatever_stands_around_it():
    assert fetched((200, TYPE, b"\r\n" + ONE)) == b"a film"


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ((200, TYPE, ONE[:-4]), "breaks off"),
        ((200, TYPE, b""), "breaks off"),
        ((200, TYPE, b"--edge--"), "no part"),
        ((200, TYPE, b"".join(joined([b"one", b"two"], "edge"))), "more than 1 parts"),
        ((200, TYPE, b"".join(joined([b"x" * 1001], "edge"))), "larger than 1000 bytes"),
        ((200, TYPE, ONE + b"x" * 100_000), "answers more than"),
        ((200, {"Content-Type": "application/json"}, CANARY.encode()), "multipart/related"),
        ((200, {}, CANARY.encode()), "multipart/related"),
        ((406, {}, CANARY.encode()), "answers 406"),
        ((206, TYPE, ONE), "answers 206"),
        ((302, {"Location": f"http://127.0.0.1:1/{CANARY}"}, b""), "leads elsewhere"),
    ],
)
def test_whatever_else_comes_is_told_with_nothing_of_it(answer, word, caplog):
    with pytest.raises(DeliveryError) as caught:
        fetched(answer)
    assert word in str(caught.value)
    assert CANARY not in str(caught.value) + caplog.text
