"""QIDO-RS as a client: whether a server answers, and which X-rays it has."""

import json
from datetime import date
from urllib.parse import parse_qsl, urlsplit

import pytest

from cxr_core.errors import BadInput, DeliveryError
from cxr_core.pacs.web import finding
from cxr_core.pacs.web.dicom_json import text
from cxr_core.pacs.web.endpoint import WebEndpoint
from cxr_core.pacs.web.finding import Query, echo, present, search
from tests.pacs.web.archive import empty, signed_in
from tests.pacs.web.films import CANARY, film, header, result, uid
from tests.pacs.web.servers import serving

JSON = {"Content-Type": "application/dicom+json"}
FILMS = [
    film(1, StudyDate="20260110", StationName="ROOM1"),
    film(2, StudyDate="20260120", StationName="ROOM2", Modality="CR", SOPClassUID="1.2.840.10008.5.1.4.1.1.1"),
    film(3, StudyDate="20260130", StationName="ROOM1"),
]


@pytest.fixture
def archive(orthanc, tmp_path):
    """An archive of others with three X-rays and a slice of a CT in it, as an endpoint."""
    empty(orthanc)
    for each in (*FILMS, film(4, StudyDate="20260115", Modality="CT")):
        orthanc.upload(each)
    return signed_in(orthanc, tmp_path)


def numbers(matches):
    """Which of FILMS they are, from 1."""
    return sorted([uid(file) for file in FILMS].index(match.instance) + 1 for match in matches)


def pages(*results, limit=100):
    """A service that gives these results of studies, and of each study one instance, `limit` at most at a time."""

    def service(request):
        address = urlsplit(request.path)
        asked = dict(parse_qsl(address.query))
        first, most = int(asked["offset"]), min(limit, int(asked["limit"]))
        of_one = [each for each in results if f"/studies/{text(each, '0020000D')}/instances" in address.path]
        found = results if address.path.endswith("/studies") else of_one
        return 200, JSON, json.dumps(found[first : first + most]).encode()

    return service


def some(count, **more):
    """Results of as many studies of one X-ray each."""
    return [
        result(t0020000D=f"1.{n}", t0020000E=f"2.{n}", t00080018=f"3.{n}", **{"t00080060": "CR", **more})
        for n in range(1, count + 1)
    ]


def test_an_archive_of_others_answers(archive):
    echo(archive)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), [1, 2, 3]),
        (Query(modalities=("DX",)), [1, 3]),
        (Query(since=date(2026, 1, 20)), [2, 3]),
        (Query(until=date(2026, 1, 20)), [1, 2]),
        (Query(since=date(2026, 1, 11), until=date(2026, 1, 20)), [2]),
        (Query(station="ROOM1"), [1, 3]),
        (Query(station="ROOM"), []),
        (Query(patient=f"{CANARY}-3"), [3]),
        (Query(patient="nobody"), []),
        (Query(limit=2, modalities=("DX",)), [1, 3]),
    ],
)
def test_an_archive_of_others_is_searched_for_x_rays(archive, query, expected):
    assert numbers(search(archive, query)) == expected


def test_an_x_ray_is_found_with_what_is_known_of_it(archive):
    [match] = search(archive, Query(modalities=("CR",)))
    ds = header(FILMS[1])
    assert (match.study, match.series) == (ds.StudyInstanceUID, ds.SeriesInstanceUID)
    assert (match.sop_class, match.modality, match.day) == ("1.2.840.10008.5.1.4.1.1.1", "CR", "2026-01-20")
    assert (match.station, match.patient, match.patient_name) == ("ROOM2", f"{CANARY}-2", f"{CANARY}^2")
    assert CANARY not in repr(match)
    assert CANARY not in repr(Query(patient=f"{CANARY}-3"))


def test_more_studies_than_wanted_are_an_answer_of_its_own(archive):
    with pytest.raises(BadInput, match="more than 2 studies fit"):
        search(archive, Query(limit=2))


def test_an_archive_of_others_says_what_has_arrived(archive):
    ds = header(FILMS[0])
    asked = {uid(FILMS[0]), "1.2.3", uid(FILMS[1])}
    assert present(archive, ds.StudyInstanceUID, ds.SeriesInstanceUID, asked) == {uid(FILMS[0])}
    assert present(archive, "1.2.3", "1.2.4", asked) == set()


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pages_are_turned_to_the_end_however_few_a_server_gives(limit):
    with serving(pages(*some(230), limit=limit)) as server:
        assert len(search(WebEndpoint(server.url), Query(modalities=("CR",)))) == 230


def test_a_server_that_gives_the_same_page_for_ever_is_not_listened_to_for_ever():
    page = json.dumps(some(3)).encode()
    with serving(lambda request: (200, JSON, page)) as server:
        found = search(WebEndpoint(server.url), Query(modalities=("CR",)))
    assert {match.study for match in found} == {"1.1", "1.2", "1.3"}


def test_a_server_that_has_more_and_more_is_left_in_the_end(monkeypatch):
    monkeypatch.setattr(finding, "MOST_RESULTS", 500)
    count = iter(range(10_000))

    def endless(request):
        return 200, JSON, json.dumps([result(t00080018=f"1.{next(count)}") for _ in range(100)]).encode()

    with serving(endless) as server, pytest.raises(DeliveryError, match="more than 500 results"):
        present(WebEndpoint(server.url), "1.2", "1.3", {"1.4"})


def test_what_a_server_gives_besides_what_was_asked_for_is_left_out():
    others = [
        *some(1, t00100020="OTHER"), *some(1, t00080060="MR"), *some(1, t00081010="OTHER"),
        *some(1, t00080020="19990101"),
    ]  # fmt: skip
    query = Query(modalities=("CR",), patient="P", station="S", since=date(2026, 1, 1), until=date(2026, 1, 2))
    for other in others:
        with serving(pages(other)) as server:
            assert search(WebEndpoint(server.url), query) == []
    fitting = some(1, t00100020="P", t00081010="S", t00080020="20260102")
    with serving(pages(*fitting)) as server:
        assert len(search(WebEndpoint(server.url), query)) == 1


def test_a_server_that_has_none_may_say_so_in_several_ways():
    for answer in ((204, {}, b""), (200, JSON, b"[]")):
        with serving(lambda request, answer=answer: answer) as server:
            echo(WebEndpoint(server.url))
            assert search(WebEndpoint(server.url), Query()) == []
    with serving(lambda request: (404, {}, b"no such series")) as server:
        assert present(WebEndpoint(server.url), "1.2", "1.3", {"1.4"}) == set()


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ((404, {}, b""), "answers 404: there is no such service"),
        ((401, {}, b""), "answers 401: it doesn't know who asks"),
        ((403, {}, b""), "answers 403: it allows this program too little"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "answers 302: it leads elsewhere"),
        ((500, {}, CANARY.encode()), "answers 500: ask whoever runs it"),
        ((200, {}, b""), "isn't DICOM JSON"),
        ((200, {}, b"<html>"), "isn't DICOM JSON"),
        ((200, JSON, b'[{"0020000D"'), "isn't DICOM JSON"),
        ((200, JSON, b'{"error": "%s"}' % CANARY.encode()), "isn't DICOM JSON"),
        ((200, JSON, b"[" * 100_000), "isn't DICOM JSON"),
    ],
)
def test_a_server_that_is_none_is_told_of_with_a_remedy(answer, word):
    with serving(lambda request: answer) as server, pytest.raises(DeliveryError) as caught:
        echo(WebEndpoint(server.url))
    assert word in str(caught.value)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("uid", ["", "1.2/../../3", "..", "1..2", "1.2.", "1" * 65, "\u0661.2", f"1.{CANARY}"])
def test_what_is_no_uid_gets_into_no_path_and_no_message(uid):
    with serving(pages(result(t0020000D=uid))) as server, pytest.raises(DeliveryError, match="a UID belongs") as caught:
        search(WebEndpoint(server.url), Query())
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "item",
    [
        {"0020000D": None}, {"0020000D": []}, {"0020000D": {"Value": "1.2"}}, {"0020000D": {"Value": [None]}},
        {"0020000D": {"Value": [{"a": 1}]}}, {"0020000D": {"Value": [7]}}, {"0020000D": {"vr": "UI"}},
    ],
)  # fmt: skip
def test_values_of_another_shape_count_as_none(item):
    with serving(pages(item)) as server, pytest.raises(DeliveryError, match="a UID belongs"):
        search(WebEndpoint(server.url), Query())


@pytest.mark.parametrize(
    "asked",
    [
        {"modalities": ()}, {"modalities": ("CT",)}, {"patient": "A*"}, {"patient": "A\\B"}, {"station": "?"},
        {"patient": "A\n"}, {"since": date(2026, 1, 2), "until": date(2026, 1, 1)}, {"limit": 0}, {"limit": 10_001},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_refused(asked):
    with pytest.raises(BadInput):
        Query(**asked)
