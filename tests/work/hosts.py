"""Hosts that alarms are told to, on loopback: real sockets, and what came in over them."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import time
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


class Webhook(ThreadingHTTPServer):
    """Keeps what is posted; answers what `answers` says, one after the other, then 200."""

    daemon_threads = True

    def __init__(self, host="127.0.0.1"):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), _Posted)
        self.answers, self.got, self.location = [], [], ""
        self.goes_on, self.came = Event(), Event()
        self.goes_on.set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook?to=drift"

    @property
    def bodies(self):
        return [json.loads(body) for _, _, body in self.got]


class _Posted(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        self.server.came.set()
        self.server.goes_on.wait()
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *words): ...


class MailServer(socketserver.ThreadingTCPServer):
    """As much of SMTP (RFC 5321) as a client needs; `refuses` are recipients that it doesn't know."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, context=None, user=None):
        super().__init__(("127.0.0.1", 0), _Session)
        self.context, self.user = context, user
        self.letters, self.said, self.refuses, self.busy = [], [], set(), 0

    @property
    def port(self):
        return self.server_address[1]


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self._say("220 a test" if not self.server.busy else "421 busy")
        if self.server.busy:
            self.server.busy -= 1
            return
        while line := self.rfile.readline().decode().strip():
            self.server.said.append(line)
            answer = getattr(self, f"_{line.split()[0].lower()}", lambda line: "502 unknown")(line)
            self._say(answer)
            if answer.startswith("221"):
                return
            if line == "STARTTLS":
                self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
                self.setup()

    def setup(self):
        self.request = getattr(self, "connection", self.request)
        super().setup()

    def _say(self, answer):
        self.wfile.write(f"{answer}\r\n".encode())

    def _ehlo(self, line):
        encrypted = isinstance(self.connection, ssl.SSLSocket)
        offers = ["AUTH PLAIN"] if self.server.user and encrypted else []
        offers += ["STARTTLS"] if self.server.context and not encrypted else []
        return "\r\n".join(["250-a test", *(f"250-{offer}" for offer in offers), "250 SIZE 100000"])

    def _starttls(self, line):
        return "220 go on"

    def _auth(self, line):
        return "235 welcome" if line == f"AUTH PLAIN {self.server.user}" else "535 no"

    def _mail(self, line):
        return "250 so"

    def _rcpt(self, line):
        return "550 nobody" if any(name in line for name in self.server.refuses) else "250 so"

    def _rset(self, line):
        return "250 so"

    def _data(self, line):
        self._say("354 go on")
        lines = []
        while (each := self.rfile.readline()) != b".\r\n":
            lines.append(each)
        self.server.letters.append(message_from_bytes(b"".join(lines), policy=policy.default))
        return "250 taken"

    def _quit(self, line):
        return "221 bye"


class Dribbling(socketserver.ThreadingTCPServer):
    """Says how its answer begins, and then never ends it, a byte at a time."""

    daemon_threads = True

    def __init__(self, beginning):
        super().__init__(("127.0.0.1", 0), _Dribbled)
        self.beginning = beginning

    @property
    def port(self):
        return self.server_address[1]


class _Dribbled(socketserver.BaseRequestHandler):
    def handle(self):
        with suppress(OSError):
            self.request.sendall(self.server.beginning)
            while True:
                self.request.sendall(b"a")
                time.sleep(0.01)


@contextmanager
def serving(server):
    """A host for as long as the block runs."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
