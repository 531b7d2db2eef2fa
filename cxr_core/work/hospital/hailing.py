"""Trying whether a destination answers: only the worker does, since screens open no sockets."""

from __future__ import annotations

import time

from cxr_core.errors import DeliveryError, SettingsError
from cxr_core.records import Job
from cxr_core.settings import Settings
from cxr_core.store import destinations
from cxr_core.store.db import opened
from cxr_core.store.destinations import Destination
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.hospital.archives import archive_of

PATIENCE_SECONDS = 5.0
"""Short, because whoever sends an X-ray in meanwhile waits for this."""


def echo(desk: Desk, job: Job) -> Outcome:
    """A job: an echo to one destination. Raises DeliveryError, with the remedy, where it doesn't answer."""
    with opened(desk.home) as db:
        destination = destinations.get(db, job.payload["destination"])
    return Outcome({"milliseconds": hail(desk.settings, destination)})


def hail(settings: Settings, destination: Destination) -> float:
    """How many milliseconds an echo to a destination takes, at once and in this process. Raises as `echo`."""
    try:
        archive = archive_of(settings, destination, PATIENCE_SECONDS)
    except SettingsError as error:  # it is this destination's own, and stops no worker
        raise DeliveryError(str(error)) from error
    begun = time.perf_counter()
    archive.echo()
    return round(1000 * (time.perf_counter() - begun), 1)
