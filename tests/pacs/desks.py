"""A desk for tests: it admits whom it likes, and keeps what it is given in memory."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock

from cxr_core.pacs.listener import Listener
from cxr_core.pacs.ports import Port

TITLE = "CXR"


class Desk:
    """`unknown` are addresses, and `refuses` is what `admits` asks.

    `fails` is raised by whatever is handed in; `hook` runs before it is taken.
    """

    def __init__(self):
        self.callers, self.taken, self.commitments = [], [], []
        self.refuses, self.fails, self.hook = (lambda caller: False), None, (lambda: None)
        self.unknown = ()
        self._lock = Lock()

    def knows(self, address):
        return address not in self.unknown

    def admits(self, caller):
        self.callers.append(caller)
        return not self.refuses(caller)

    def take(self, caller, data):
        self._handed_in(self.taken, data)

    def committed(self, caller, commitment):
        self._handed_in(self.commitments, commitment)

    def _handed_in(self, where, what):
        self.hook()
        if self.fails:
            raise self.fails
        with self._lock:
            where.append(what)


@contextmanager
def listening(desk, tls=None, **limits):
    """A listener on a free port of loopback, with that port as `port`."""
    listener = Listener(TITLE, [Port("127.0.0.1", 0, tls)], desk, **limits)
    listener.start()
    listener.port = listener.ports[0]
    try:
        yield listener
    finally:
        listener.stop(0)
