"""Rows for the tests of what comes over the network and goes back."""

from __future__ import annotations

from cxr_core.records import Answer, Proof
from cxr_core.store import arrivals, deliveries, destinations, senders
from cxr_core.store.arrivals import Arrival
from cxr_core.store.deliveries import Delivery

ADDRESS = {"host": "127.0.0.1", "port": 104, "called": "PACS", "tls": False}


def add_sender(db, name="CT router", calling="ROUTER", network="10.1.0.0/16", **more):
    return senders.add(db, name, network, calling, **more)


def add_destination(db, name="PACS", proof=Proof.QUERY):
    return destinations.add(db, name, "dicom", ADDRESS, proof)


def add_arrival(db, sender, number=1, image=None, **more):
    """Of the image, or of an object that could not be taken in."""
    row = {
        "object": f"object-{number}", "sender": sender, "image": image, "patient": f"patient-{number}",
        "modality": "DX", "device": "device-1", "refused": None if image else "It is no X-ray.", "envelope": b"sealed",
    }  # fmt: skip
    return arrivals.add(db, Arrival(**{**row, **more}))


def add_delivery(db, arrival, destination, answer=Answer.REPORT, model="first", read=None):
    assert deliveries.queue(db, Delivery(arrival.id, destination, answer, model, read))
    return deliveries.newest(db, 1)[0]


def delivery(db, number):
    """A delivery as the ledger has it now."""
    (found,) = (each for each in deliveries.newest(db, 1000) if each.id == number)
    return found
