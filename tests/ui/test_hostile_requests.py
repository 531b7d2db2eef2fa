"""The app as it is started, asked over a bare socket for what no browser asks."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
import pytest

from cxr_core.records import Role
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.opening import open_home
from tests.browser.app import running_app

pytestmark = pytest.mark.alone

PASSWORD = "a long password"
LONG = b"a" * 2**20
UPGRADE = (
    "GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Origin: {origin}\r\nCookie: cxr_session={token}\r\n\r\n"
)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    home = tmp_path_factory.mktemp("hostile") / "home"
    open_home(home)
    people.add_user(home, COMMAND_LINE, "ann", Role.RADIOLOGIST, PASSWORD)
    with running_app(home) as app:
        yield app


def sent(app, request):
    """The first line of the answer to these bytes; empty where the connection is closed without one."""
    place = urlsplit(app.url)
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        try:
            connection.sendall(request)
            return connection.recv(200).partition(b"\r\n")[0].decode()
        except ConnectionError:
            return ""


def is_up(app):
    return httpx.get(f"{app.url}/_stcore/health").status_code == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + LONG + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(20_000)) + b"\r\n",
        b"GET /" + LONG + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n",
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"\0\xff\x16\x03\x01" * 1000,
    ],
    ids=["a long header", "many headers", "a long path", "two lengths", "a length below zero", "no HTTP"],
)
def test_what_is_too_much_or_no_request_is_refused_and_the_app_goes_on(app, request_):
    said = sent(app, request_)
    assert said == "" or " 400 " in said or " 414 " in said or " 431 " in said
    assert is_up(app)


def test_a_body_that_is_promised_and_too_long_is_cut_off(app):
    head = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    said = sent(app, head + b"Content-Length: 1000000000\r\n\r\nname=" + b"a" * 40_000)
    assert " 413 " in said
    assert is_up(app)


def test_the_socket_is_for_own_pages_alone(app):
    form = {"name": "ann", "password": PASSWORD}
    token = httpx.post(f"{app.url}/sign-in", data=form).cookies["cxr_session"]
    host = urlsplit(app.url).netloc

    def upgraded(origin, token=token):
        return sent(app, UPGRADE.format(host=host, origin=origin, token=token).encode())

    assert " 101 " in upgraded(app.url)
    assert " 403 " in upgraded(app.url, token="0" * 32)
    for origin in ("https://evil.example", "http://localhost:1", "http://127.0.0.1:1", "null"):
        assert " 403 " in upgraded(origin)
