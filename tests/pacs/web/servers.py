"""DICOMweb servers of all manners, on loopback: real sockets, and what came in over them."""

from __future__ import annotations

import socket
import socketserver
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from tests.work.hosts import Dribbling


@dataclass(frozen=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    headers: Message
    body: bytes


class Server(ThreadingHTTPServer):
    """Answers what its `service(request) -> (status, headers, body)` says, and keeps the requests."""

    daemon_threads = False

    def __init__(self, service, context=None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service, self.got, self.came = service, [], Event()
        self.scheme = "https" if context else "http"
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def url(self):
        return f"{self.scheme}://localhost:{self.server_port}/dicom-web"

    def handle_error(self, request, client_address): ...


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        request = Request(self.command, self.path, self.headers, self._body())
        self.server.got.append(request)
        self.server.came.set()
        status, headers, body = self.server.service(request)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer

    def _body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def log_message(self, *words): ...


@contextmanager
def serving(service, context=None):
    """A server with this service for as long as the block runs."""
    with running(Server(service, context)) as server:
        yield server


@contextmanager
def running(server):
    """Any server of sockets, for as long as the block runs; none of its threads outlives it."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Dribble(Dribbling):
    """Says how its answer begins, and then a byte now and then until nobody listens."""

    daemon_threads = False


class Gateway(socketserver.ThreadingTCPServer):
    """Ends TLS before a server that has none, as a hospital's reverse proxy does."""

    def __init__(self, port, context):
        super().__init__(("127.0.0.1", 0), _Forwarded)
        self.behind, self.context = port, context

    @property
    def port(self):
        return self.server_address[1]

    def handle_error(self, request, client_address): ...


class _Forwarded(socketserver.BaseRequestHandler):
    def handle(self):
        with (
            self.server.context.wrap_socket(self.request, server_side=True) as outside,
            socket.create_connection(("127.0.0.1", self.server.behind)) as inside,
        ):
            back = Thread(target=_forward, args=(inside, outside))
            back.start()
            _forward(outside, inside)
            back.join()


def _forward(source, target):
    with suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
