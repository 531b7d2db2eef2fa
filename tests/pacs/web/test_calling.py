"""One exchange with a server: straight to it, and bounded, whatever it does with the connection."""

import socket
import socketserver
from contextlib import contextmanager
from traceback import format_exception

import pytest

from cxr_core.errors import DeliveryError
from cxr_core.pacs.outcome import State
from cxr_core.pacs.web import calling
from cxr_core.pacs.web.calling import Body, ask
from cxr_core.pacs.web.endpoint import WebEndpoint
from cxr_core.pacs.web.fetching import fetch
from cxr_core.pacs.web.finding import Query, echo, search
from cxr_core.pacs.web.storing import store
from tests.pacs.web.films import CANARY, film
from tests.pacs.web.servers import Dribble, running, serving
from tests.pacs.web.test_fetching import MATCH, TYPE
from tests.processes import PATIENCE

BRIEF = {"patience": 0.2, "deadline": 0.4}
"""Seconds, where a server is slow on purpose."""


@contextmanager
def raw(answer):
    """A server that reads a request's header, says these bytes and leaves; the endpoint of it."""

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            while self.rfile.readline().strip():
                pass
            self.wfile.write(answer)

    with running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)) as server:
        yield WebEndpoint(f"http://127.0.0.1:{server.server_address[1]}/dicom-web")


def all_ways(endpoint):
    """What each of the services says of a server that is no use; every time in the same words."""
    said = set()
    for service in (lambda: echo(endpoint), lambda: search(endpoint, Query()), lambda: fetch(endpoint, MATCH)):
        with pytest.raises(DeliveryError) as caught:
            service()
        said.add(str(caught.value))
    outcomes = store(endpoint, [film(), film(2)])
    assert {each.state for each in outcomes} == {State.RETRY}
    said |= {each.reason for each in outcomes}
    assert len(said) == 1
    return said.pop()


def test_a_request_goes_to_the_path_below_the_root_with_its_headers():
    with serving(lambda request: (200, {}, b"so")) as server:
        for root in (server.url, server.url + "/"):
            assert ask(WebEndpoint(root), "/studies?limit=1", "x/y").body == b"so"
        ask(WebEndpoint(server.url), "/studies", "x/y", Body("a/b", [b"one", b"", b"two"], 6))
    first, second, posted = server.got
    assert first.path == second.path == "/dicom-web/studies?limit=1"
    assert (first.method, posted.method, posted.body) == ("GET", "POST", b"onetwo")
    assert (first.headers["Accept"], posted.headers["Content-Type"]) == ("x/y", "a/b")
    assert first.headers["User-Agent"].startswith("cxr-second-reader/")
    assert first.headers["Authorization"] is None


def test_nobody_is_asked_besides(monkeypatch):
    """No proxy of the environment, and not where a redirect leads to."""
    with serving(lambda request: (200, {}, b"")) as other:
        monkeypatch.setenv("http_proxy", other.url)
        monkeypatch.setenv("all_proxy", other.url)
        with serving(lambda request: (307, {"Location": f"{other.url}/studies"}, b"")) as server:
            assert "leads elsewhere: name the address that it leads to" in all_ways(WebEndpoint(server.url))
    assert len(server.got) == 4
    assert other.got == []


def test_a_host_that_is_not_there_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert "nothing answers at that port" in all_ways(WebEndpoint(f"http://127.0.0.1:{port}/"))
    with pytest.raises(DeliveryError, match="no such host"):
        echo(WebEndpoint("http://nowhere.invalid/", unencrypted=True))


def test_a_server_that_says_nothing_is_left():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = WebEndpoint(f"http://127.0.0.1:{listening.getsockname()[1]}/", **BRIEF)
        assert "no answer: check that it runs" in all_ways(endpoint)


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_a_server_that_says_a_byte_now_and_then_is_left(beginning):
    with running(Dribble(beginning)) as server:
        endpoint = WebEndpoint(f"http://127.0.0.1:{server.port}/", patience=PATIENCE, deadline=0.4)
        for _ in range(2):
            with pytest.raises(DeliveryError, match="it answers too slowly"):
                echo(endpoint)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (b"", "broke the connection off"),
        (b"SSH-2.0-OpenSSH\r\n", "speaks no HTTP"),
        (f"{CANARY}\r\n\r\n".encode(), "speaks no HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, "speaks no HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n", "speaks no HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "speaks no HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "speaks no HTTP"),
    ],
)
def test_what_speaks_no_http_is_told(answer, word, caplog):
    with raw(answer) as endpoint:
        for ask_it in (echo, lambda it: search(it, Query())):
            with pytest.raises(DeliveryError) as caught:
                ask_it(endpoint)
            assert word in str(caught.value)
            assert CANARY not in "".join(format_exception(caught.value)) + caplog.text


def test_an_answer_that_breaks_off_is_told():
    with (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[]") as endpoint,
        pytest.raises(DeliveryError, match="breaks off"),
    ):
        echo(endpoint)


def test_an_answer_without_end_is_not_taken_in_whole(monkeypatch):
    monkeypatch.setattr(calling, "LARGEST_ANSWER", 2**20)
    endless = b"[" + b" " * 2**23
    with serving(lambda request: (200, {}, endless)) as server:
        with pytest.raises(DeliveryError, match="answers more than 1048576 bytes"):
            echo(WebEndpoint(server.url))
        [outcome] = store(WebEndpoint(server.url), [film()])
    assert (outcome.state, outcome.status) == (State.RETRY, None)


def test_a_film_that_is_too_large_is_not_taken_in_whole():
    body = b"--edge\r\n\r\n" + bytes(2**23)
    with (
        serving(lambda request: (200, TYPE, body)) as server,
        pytest.raises(DeliveryError, match="answers more than 98304 bytes"),
    ):
        fetch(WebEndpoint(server.url), MATCH, 65_536)


def test_a_server_that_refuses_before_it_has_read_all_is_understood():
    answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nRetry-After: 9\r\n\r\n"
    with raw(answer) as endpoint:
        [outcome] = store(endpoint, [film(rows=2500)])
    assert (outcome.state, outcome.status, outcome.after) == (State.RETRY, 413, 9.0)


def test_a_server_that_takes_nothing_in_is_left():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = WebEndpoint(f"http://127.0.0.1:{listening.getsockname()[1]}/", patience=0.2, deadline=PATIENCE)
        [outcome] = store(endpoint, [film(rows=2500)])
    assert (outcome.state, "no answer" in outcome.reason) == (State.RETRY, True)
