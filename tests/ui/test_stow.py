"""Where X-rays are sent to: with a token alone, from its network alone, and nothing rests that isn't sealed."""

import json
import logging

import anyio
import pytest
from starlette.requests import ClientDisconnect

from cxr_core.settings import Settings
from cxr_core.store import seal
from cxr_core.store.db import opened, rows
from cxr_core.ui import stow
from cxr_core.ui.throttle import NAME, Throttle
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting
from cxr_core.work.privacy import identity
from tests.pacs.web.films import CANARY, film, header, uid

HERE = "10.1.2.3"
TYPE = 'multipart/related; type="application/dicom"; boundary=edge'
FAILED, STORED, UNNAMED = "00081198", "00081199", "0008119A"


@pytest.fixture
def token(home, tmp_path, monkeypatch):
    """Of one that may send from HERE, to a site with a key."""
    monkeypatch.setattr(stow, "TOKENS", Throttle())
    monkeypatch.setenv("CXR_FREE_MB", "0")
    identity.make_key(home, COMMAND_LINE, tmp_path / "identity.key")
    return connecting.add_sender(home, COMMAND_LINE, "Router", "10.1.0.0/16")


@pytest.fixture
def post(browser, token):
    """Sends files from an address, with the token that is good there if no other is said."""

    def send(*files, path="studies", client=HERE, token=token, body=None, **headers):
        body = b"".join(map(part, files)) + b"--edge--\r\n" if body is None else body
        headers = {"content_type": TYPE, "authorization": f"Bearer {token}", **headers}
        kept = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        return browser(client=client).post(f"/dicom-web/{path}", content=body, headers=kept)

    return send


def part(file):
    return b"--edge\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n"


def queued(home):
    """What the intake jobs are about, and the files in the spool."""
    with opened(home) as db:
        payloads = [json.loads(row["payload"]) for row in rows(db, "SELECT payload FROM jobs WHERE kind = 'intake'")]
    return payloads, [path.read_bytes() for path in (home / "spool").iterdir()]


def uids(answer, sequence):
    return [each["00081155"]["Value"] for each in answer.json()[sequence]["Value"]]


def reasons(answer, sequence=FAILED):
    return [each["00081197"]["Value"][0] for each in answer.json()[sequence]["Value"]]


def test_what_is_sent_with_a_token_rests_sealed_and_queued_and_is_said_to_be_stored(home, post):
    files = [film(1), film(2)]
    answer = post(*files)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom+json")
    assert uids(answer, STORED) == [[uid(file)] for file in files]
    assert FAILED not in answer.json()
    payloads, spooled = queued(home)
    assert [payload["sender"] for payload in payloads] == [1, 1]
    assert len(spooled) == 2 and all(map(seal.is_sealed, spooled))
    assert not any(CANARY.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize("wrong", [
    {"token": "another"}, {"client": "10.2.0.1"}, {"client": "no address"}, {"authorization": None},
    {"authorization": "Basic Zm9vOmJhcg=="}, {"authorization": "Bearer"}, {"authorization": "Bearer "},
])  # fmt: skip
def test_without_a_token_that_is_good_there_nothing_is_taken(home, post, wrong):
    answer = post(film(), **wrong)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="STOW-RS"')
    assert queued(home) == ([], [])


def test_a_session_is_no_token(home, post, signed_in):
    headers = {"content-type": TYPE}
    assert signed_in.post("/dicom-web/studies", content=part(film()), headers=headers).status_code == 401
    assert queued(home) == ([], [])


def test_who_was_removed_may_send_no_more(home, post):
    connecting.remove_sender(home, COMMAND_LINE, "Router")
    assert post(film()).status_code == 401


def test_wrong_tokens_have_to_wait_and_a_right_one_never_does(post):
    answers = [post(film(), token=f"guess {number}").status_code for number in range(NAME.free + 1)]
    assert answers == [401] * NAME.free + [429]
    refused = post(film(), token="another guess")
    assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
    assert post(film()).status_code == 200
    assert post(film(), authorization=None).status_code == 401


def test_a_page_of_another_site_can_not_even_ask_whether_it_may_send(browser, token):
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = browser().options("/dicom-web/studies", headers=headers)
    assert answer.status_code == 405
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("path", ["studies/1.2/metadata", "studies/1.2/series/3", "", "other"])
def test_nothing_else_is_there_not_even_for_who_is_signed_in(signed_in, path):
    assert signed_in.get(f"/dicom-web/{path}").status_code == 404
    assert signed_in.get("/dicom-web/studies").status_code == 405


def test_a_site_without_a_key_takes_nothing_and_its_log_says_why(home, browser, caplog, monkeypatch):
    monkeypatch.setattr(stow, "TOKENS", Throttle())
    token = connecting.add_sender(home, COMMAND_LINE, "Router", "10.1.0.0/16")
    headers = {"content-type": TYPE, "authorization": f"Bearer {token}"}
    answer = browser(client=HERE).post("/dicom-web/studies", content=part(film()), headers=headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, str(stow.AGAIN_SECONDS))
    assert "Router sends, and nothing is taken: " in caplog.text
    assert "pacs key FILE" in caplog.text and "pacs key" not in answer.text
    assert queued(home) == ([], [])


def test_where_the_disk_is_nearly_full_the_sender_is_told_to_try_again(home, post, monkeypatch):
    monkeypatch.setattr(stow.settings, "load", lambda: Settings(home=home, free_mb=2**40))
    answer = post(film())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, str(stow.AGAIN_SECONDS))
    assert reasons(answer) == [0xA700]
    assert queued(home) == ([], [])


def test_of_a_study_that_is_named_only_its_own_objects_are_taken(home, post):
    one, other = film(1), film(2)
    answer = post(one, other, path=f"studies/{header(one).StudyInstanceUID}")
    assert (answer.status_code, uids(answer, STORED), uids(answer, FAILED)) == (202, [[uid(one)]], [[uid(other)]])
    assert reasons(answer) == [0xA900]
    assert len(queued(home)[0]) == 1
    assert post(other, path=f"studies/{header(one).StudyInstanceUID}").status_code == 409


@pytest.mark.parametrize(("file", "reason"), [
    (film(SOPClassUID="1.2.840.10008.5.1.4.1.1.2"), 0xA900), (film(SOPInstanceUID="1.2.3"), 0xA900),
    (film(StudyInstanceUID=""), 0xC000),
])  # fmt: skip
def test_each_object_is_checked_as_over_dicom(home, post, file, reason):
    answer = post(file, film(2))
    assert (answer.status_code, reasons(answer), uids(answer, STORED)) == (202, [reason], [[uid(film(2))]])
    assert len(queued(home)[0]) == 1


def test_what_is_no_dicom_is_refused_without_a_name(home, post):
    answer = post(b"neither here nor there")
    assert (answer.status_code, reasons(answer, UNNAMED)) == (409, [0xC000])
    assert queued(home) == ([], [])


@pytest.mark.parametrize(("asked", "status"), [
    ({"accept": "text/html"}, 406), ({"content_type": "application/dicom"}, 415), ({"content_type": None}, 415),
    ({"content_type": TYPE.replace("application/dicom", "application/dicom+json")}, 415), ({"body": b"nothing"}, 400),
])  # fmt: skip
def test_what_is_not_asked_as_the_standard_says_has_its_status(home, post, asked, status):
    assert post(film(), **asked).status_code == status
    assert queued(home) == ([], [])


def test_what_is_too_large_is_refused_and_what_came_before_it_stays(home, post, monkeypatch):
    monkeypatch.setenv("CXR_MAX_UPLOAD_MB", "1")
    assert post(film(), bytes(2**20 + 1)).status_code == 413
    assert len(queued(home)[0]) == 1


async def ask(token, *messages):
    """The status that a client gets whose body comes in these messages, each `after` seconds, then nothing more."""
    coming, said = list(messages), []
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"content-type", TYPE.encode())]
    scope = {"type": "http", "method": "POST", "path": "/dicom-web/studies", "headers": headers, "query_string": b"",
             "client": (HERE, 5000), "root_path": "", "path_params": {}}  # fmt: skip

    async def receive():
        if coming:
            await anyio.sleep(coming[0].get("after", 0))
            return coming.pop(0)
        await anyio.sleep_forever()

    async def send(message):
        said.append(message)

    await stow.ROUTE(scope, receive, send)
    return said[0]["status"]


WHOLE = {"type": "http.request", "body": part(film()) + b"--edge--", "more_body": False}
HALF = {"type": "http.request", "body": part(film()) + part(film(2))[:500], "more_body": True}


def test_only_some_send_at_once_and_the_others_are_told_to_wait(home, token, monkeypatch):
    monkeypatch.setattr(stow, "BODIES_AT_ONCE", anyio.CapacityLimiter(1))

    async def one_beside_another():
        async with anyio.create_task_group() as group:
            group.start_soon(ask, token, HALF)
            while not queued(home)[0]:
                await anyio.sleep(0.01)
            beside = await ask(token, WHOLE)
            group.cancel_scope.cancel()
        return beside, [await ask(token, WHOLE) for _ in range(2)]

    assert anyio.run(one_beside_another) == (503, [200, 200])


def test_a_sender_of_whom_nothing_comes_is_left(home, token, monkeypatch):
    monkeypatch.setattr(stow, "IDLE_SECONDS", 0.05)
    assert anyio.run(ask, token, HALF) == 408
    assert len(queued(home)[0]) == 1


def test_a_sender_of_whom_a_byte_comes_now_and_then_is_left(home, token, monkeypatch):
    monkeypatch.setattr(stow, "BODY_SECONDS", 0.1)
    byte = {"type": "http.request", "body": b"x", "more_body": True, "after": 0.02}
    assert anyio.run(ask, token, HALF, *[byte] * 50, {**byte, "more_body": False}) == 408
    assert len(queued(home)[0]) == 1


def test_a_sender_who_leaves_takes_nothing_back_and_makes_no_noise(home, token, caplog):
    assert anyio.run(ask, token, HALF, {"type": "http.disconnect"}) == 400
    assert len(queued(home)[0]) == 1
    assert ClientDisconnect.__name__ not in caplog.text


def test_nobodys_name_and_no_token_is_logged(post, token, caplog):
    caplog.set_level(logging.DEBUG)
    for file in (film(), film(StudyInstanceUID=""), film()[:300]):
        post(file)
    post(film(), token="guessed token")
    assert "Router sent what isn't taken: not a DICOM object" in caplog.text
    assert not any(secret in caplog.text for secret in (CANARY, token, "guessed token"))
