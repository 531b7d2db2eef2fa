"""Which function of work/ does each kind of job."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from cxr_core.records import Job, Lane
from cxr_core.work.auditing.checking import CHECK
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.hospital.echoing import ECHO
from cxr_core.work.hospital.pulling import FETCH, PULL, QUERY
from cxr_core.work.incoming import spool
from cxr_core.work.incoming.holding import LOOK
from cxr_core.work.models.retraining import REPREDICT, RETRAIN
from cxr_core.work.models.shadowing import SHADOW
from cxr_core.work.reading_room.explaining import EXPLAIN
from cxr_core.work.starting import MAKE_DEMO

Handler = Callable[[Desk, Job], Outcome]

HANDLERS = {
    Lane.READING: {
        spool.INTAKE: "incoming.intake.take_in", LOOK: "incoming.showing.show",
        REPREDICT: "models.reading.repredict", SHADOW: "models.reading.predict_beside",
        EXPLAIN: "reading_room.drawing.explain", ECHO: "hospital.hailing.echo",
    },
    Lane.LEARNING: {
        RETRAIN: "models.learning.retrain", MAKE_DEMO: "demo.make", EXPLAIN: "reading_room.drawing.explain"
    },
}  # fmt: skip
"""Which function of work/ does each kind of job. Only a worker's own lane is imported: reading is up sooner for it."""
ERRANDS = {
    Lane.READING: {
        QUERY: "hospital.fetching.find",
        FETCH: "hospital.fetching.fetch",
        PULL: "hospital.fetching.fetch",
        CHECK: "auditing.checker.check",
    },
    Lane.LEARNING: {},
}
"""The same for what asks other hosts, or takes long: each kind has a thread, so that it keeps no reader waiting."""
PASSED = (QUERY, LOOK)
"""Whose answers are for who asked alone."""


def imported(name: str) -> Handler:
    """What a name of these tables stands for."""
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(f"cxr_core.work.{module}"), function)
    return handler
