"""Other nodes of the network for tests, by pynetdicom, and a line between two of them that can be held up."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from io import BytesIO
from threading import Event, Thread

from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, build_role
from pynetdicom.sop_class import StorageCommitmentPushModel

from tests.pacs.desks import TITLE
from tests.pacs.objects import syntax

PATIENCE = 120
_COMMITMENTS = "1.2.840.10008.1.20.1.1"
"""The one instance that storage commitment has."""


@contextmanager
def calling(listener, *contexts, title=TITLE, **more):
    """An association with the listener, accepted or not."""
    ae = AE("ROOM1")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE
    assoc = ae.associate("127.0.0.1", listener.port, list(contexts), ae_title=title, **more)
    try:
        yield assoc
    finally:
        assoc.release()
        if assoc.ident:
            assoc.join(PATIENCE)
        assoc.dul.join(PATIENCE)


@contextmanager
def storing(listener, data, **more):
    """An association for storing objects like this file."""
    ds = dcmread(BytesIO(data), stop_before_pixels=True)
    with calling(listener, build_context(ds.SOPClassUID, syntax(data)), **more) as assoc:
        yield assoc


def stored(assoc, data):
    """The status that the object is answered with; None where no answer came."""
    return assoc.send_c_store(dcmread(BytesIO(data))).get("Status")


@contextmanager
def archive(listener):
    """An association of one that reports on storage commitment: it calls, and is the SCP all the same."""
    role = build_role(StorageCommitmentPushModel, scp_role=True)
    with calling(listener, build_context(StorageCommitmentPushModel), ext_neg=[role]) as assoc:
        yield assoc


def report(assoc, event_type, stored=(), failed=(), transaction="2.25.7"):
    """What the listener answers to the archive's report."""
    information = Dataset()
    if transaction:
        information.TransactionUID = transaction
    for keyword, uids in (("ReferencedSOPSequence", stored), ("FailedSOPSequence", failed)):
        items = []
        for uid in uids:
            items.append(Dataset())
            items[-1].ReferencedSOPClassUID, items[-1].ReferencedSOPInstanceUID = "1.2.3", uid
            if keyword == "FailedSOPSequence":
                items[-1].FailureReason = 0x0112
        if items:
            setattr(information, keyword, items)
    status, _ = assoc.send_n_event_report(information, event_type, StorageCommitmentPushModel, _COMMITMENTS)
    return status.Status


@contextmanager
def serving(*handlers, contexts, title="ARCHIVE", context=None):
    """A node that answers as the handlers say, each an event and a function; its port. `context` is that of TLS."""
    ae = AE(title)
    bound = [(event, handler) for event, handler in handlers]
    server = ae.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=bound, contexts=list(contexts), ssl_context=context
    )
    before = set(threading.enumerate())
    try:
        yield server.server_address[1]
    finally:
        ae.shutdown()
        for thread in set(threading.enumerate()) - before:
            thread.join(PATIENCE)


class Line:
    """A port that passes on what it gets to another: the first `bytes_first` of the caller, the rest once `goes_on`."""

    def __init__(self, port, bytes_first):
        self._to, self._first = port, bytes_first
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.held, self.goes_on = Event(), Event()
        self._threads = [Thread(target=self._serve)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.goes_on.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        self._server.close()

    def _serve(self):
        caller, _ = self._server.accept()
        called = socket.create_connection(("127.0.0.1", self._to))
        self._threads.append(Thread(target=_pass_on, args=(called, caller)))
        self._threads[-1].start()
        _pass_on(caller, called, self._first)
        self.held.set()
        self.goes_on.wait(PATIENCE)
        _pass_on(caller, called)
        self._threads[-1].join(PATIENCE)
        caller.close()
        called.close()


def _pass_on(source, sink, most=None):
    """Until `most` bytes have gone, or the source ends, which the sink is told."""
    try:
        while most is None or most > 0:
            data = source.recv(65536 if most is None else min(65536, most))
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            sink.sendall(data)
            most = None if most is None else most - len(data)
    except OSError:
        for each in (source, sink):
            _shut(each)


def _shut(connection):
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
