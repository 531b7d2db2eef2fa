"""STOW-RS as a client: what became of each object, whatever the server does."""

from datetime import UTC, datetime

import pytest

from cxr_core import clock
from cxr_core.pacs.outcome import State
from cxr_core.pacs.web.endpoint import WebEndpoint
from cxr_core.pacs.web.storing import store
from tests.pacs.web.archive import empty, held, signed_in
from tests.pacs.web.films import CANARY, film, store_response, uid
from tests.pacs.web.servers import serving
from tests.pacs.web.test_stow import keeps

JSON = {"Content-Type": "application/dicom+json"}


def stored(service, *files):
    """What became of the files at a server with this service."""
    with serving(service) as server:
        return store(WebEndpoint(server.url), files)


def always(status, body=b"", **headers):
    """A service that answers the same to all."""
    return lambda request: (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def test_an_archive_of_others_keeps_them_to_the_byte(orthanc, tmp_path):
    empty(orthanc)
    files = [film(number) for number in (1, 2, 3)]
    outcomes = store(signed_in(orthanc, tmp_path), files)
    assert [(each.state, each.reason) for each in outcomes] == [(State.ACCEPTED, "stored")] * 3
    assert held(orthanc) == {uid(file): file for file in files}


def test_sent_again_they_are_accepted_again(orthanc, tmp_path):
    empty(orthanc)
    endpoint = signed_in(orthanc, tmp_path)
    assert store(endpoint, [film(1)]) == store(endpoint, [film(1)])
    assert list(held(orthanc)) == [uid(film(1))]


def test_one_that_an_archive_of_others_cannot_read_spoils_none_of_the_rest(orthanc, tmp_path):
    empty(orthanc)
    files = [film(1), film(2)[:2000], film(3), film(4)]
    outcomes = store(signed_in(orthanc, tmp_path), files)
    assert [each.state for each in outcomes] == ["accepted", "dead", "accepted", "accepted"]
    assert set(held(orthanc)) == {uid(files[at]) for at in (0, 2, 3)}


def test_a_wrong_password_is_told_and_leaves_them_to_another_try(orthanc, tmp_path):
    [outcome] = store(signed_in(orthanc, tmp_path, "wrong"), [film()])
    assert (outcome.state, outcome.status) == (State.RETRY, 401)
    assert "check user and password" in outcome.reason


def test_what_goes_out_our_own_server_takes():
    kept, files = [], [film(1), film(2)]
    assert [each.state for each in stored(keeps(kept), *files)] == ["accepted", "accepted"]
    assert kept == files


@pytest.mark.parametrize(
    ("code", "state", "word"),
    [
        (0xA700, State.RETRY, "A700, out of resources"),
        (0xA7FF, State.RETRY, "out of resources"),
        (0x0110, State.RETRY, "processing failed"),
        (0x0124, State.DEAD, "not authorized"),
        (0x0111, State.ACCEPTED, "already"),
        (0xA900, State.DEAD, "A900, it doesn't fit its SOP class"),
        (0xC000, State.DEAD, "can't be understood"),
        (0xC122, State.DEAD, "transfer syntax"),
        (0x0122, State.DEAD, "0122, SOP class not supported"),
        (0x0106, State.DEAD, "0106"),
    ],
)
@pytest.mark.parametrize("status", [200, 202, 409])
def test_each_failure_has_the_state_that_its_code_asks_for(status, code, state, word):
    files = [film(1), film(2)]
    body = store_response([uid(files[0])], [(uid(files[1]), code)])
    first, second = stored(always(status, body, Retry_After="7"), *files)
    assert (first.state, first.reason) == (State.ACCEPTED, "stored")
    assert (second.state, second.status) == (state, code)
    assert word in second.reason
    assert second.after == (7.0 if state is State.RETRY else None)


def test_a_warning_is_told_with_what_is_stored():
    body = b'{"00081199":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["%s"]},"00081196":{"Value":[45056]}}]}}'
    [outcome] = stored(always(200, body % uid(film()).encode()), film())
    assert (outcome.state, outcome.reason, outcome.status) == (State.ACCEPTED, "stored, with warning B000", 0xB000)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (301, State.RETRY), (307, State.RETRY), (400, State.DEAD), (401, State.RETRY), (403, State.RETRY),
        (404, State.RETRY), (409, State.DEAD), (413, State.RETRY), (415, State.DEAD), (418, State.DEAD),
        (429, State.RETRY), (500, State.RETRY), (503, State.RETRY), (507, State.RETRY),
    ],
)  # fmt: skip
def test_each_status_has_its_state_and_a_reason(status, state):
    [outcome] = stored(always(status, b"no", Location="http://127.0.0.1:1/", Retry_After="120"), film())
    assert (outcome.state, outcome.status) == (state, status)
    assert f"answers {status}: " in outcome.reason
    assert outcome.after == (120.0 if state is State.RETRY else None)


@pytest.mark.parametrize(
    ("asked", "after"),
    [
        ("0", 0.0), ("90", 90.0), ("9" * 50, 86_400.0), ("Wed, 25 Nov 2026 12:01:30 GMT", 90.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0), ("Wed, 25 Nov 2026 12:01:30 -0000", 90.0),
        ("Sun, 25 Nov 9999 12:00:00 GMT", 86_400.0), ("", None), ("soon", None), ("-5", None), ("1.5", None),
        ("Wed, 99 Nov 2026 12:00:00 GMT", None), ("\u0663", None),
    ],
)  # fmt: skip
def test_how_long_a_busy_server_wants_to_be_left_alone_is_told(asked, after):
    with clock.at(datetime(2026, 11, 25, 12, tzinfo=UTC)):
        [outcome] = stored(always(503, Retry_After=asked.encode().decode("latin-1")), film())
    assert outcome.after == after


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>sign in</html>", b"{", b"[1]", b"\xff", b"[" * 99_999, b'{"ok": true}', b"{}",
        store_response(["1.2"]),
    ],
)  # fmt: skip
def test_that_all_went_well_is_believed_only_where_the_instance_is_named(body):
    [outcome] = stored(always(200, body), film())
    assert (outcome.state, outcome.status) == (State.RETRY, 200)
    assert "doesn't say that it is stored" in outcome.reason


@pytest.mark.parametrize("status", [400, 409, 413, 415])
def test_one_that_spoils_the_request_is_found_and_the_others_are_stored(status):
    files = [film(number) for number in range(1, 6)]
    kept = []
    take = keeps(kept)

    def picky(request):
        return (status, {}, b"") if uid(files[3]).encode() in request.body else take(request)

    outcomes = stored(picky, *files)
    assert [each.state for each in outcomes].count("accepted") == 4
    assert (outcomes[3].state, outcomes[3].status) == ("retry" if status == 413 else "dead", status)
    assert sorted(kept) == sorted(files[:3] + files[4:])


def test_a_server_that_is_down_is_asked_once_for_all():
    files = [film(number) for number in range(1, 6)]
    with serving(always(503)) as server:
        assert {each.state for each in store(WebEndpoint(server.url), files)} == {"retry"}
    assert len(server.got) == 1


def test_what_is_no_dicom_file_is_not_sent():
    with serving(always(200)) as server:
        outcomes = store(WebEndpoint(server.url), [b"", b"junk", b"\0" * 128 + b"DICM" + b"\xff" * 50])
        assert store(WebEndpoint(server.url), []) == []
    assert [each.state for each in outcomes] == ["dead"] * 3
    assert server.got == []


def test_no_reason_has_anything_of_what_the_server_says(caplog):
    for status in (200, 202, 301, 400, 401, 409, 500, 503):
        [outcome] = stored(always(status, CANARY.encode(), Location=f"http://127.0.0.1:1/{CANARY}"), film())
        assert CANARY not in repr(outcome)
    assert CANARY not in caplog.text
