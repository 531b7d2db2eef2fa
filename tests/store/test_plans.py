"""What is asked at every click, or all the time, looks at no table from end to end, however much has piled up."""

import re

import pytest

from cxr_core.records import Lane
from cxr_core.store import alarms, explanations, images, jobs, predictions, reads, shadows, stops, tallies, worklist
from cxr_core.store.eyes import Eyes
from cxr_core.store.shadows import Shadow
from cxr_core.store.worklist import Narrowed
from tests.store.rows import ALL, LIST, add_image

READER = Eyes(1, sees_all=False)
NARROWED = ("Normal", "machine", "PA", "2026-01-01")
"""By all that a worklist can be narrowed to."""
ASKED = {
    "counts of days": lambda db: list(tallies.between(db, "first", "2026-01-01", "2026-12-31", ["concurrent"])),
    "a day's counts": lambda db: tallies.get(db, tallies.Key("2026-01-01", "first", "", "", "", "concurrent")),
    "open alarms": alarms.open_alarms,
    "what speaks": alarms.speaking,
    "waiting": lambda db: worklist.rows_of(db, READER, LIST, Narrowed("waiting")),
    "waiting, for an admin": lambda db: worklist.rows_of(db, ALL, LIST, Narrowed("waiting")),
    "waiting, narrowed": lambda db: worklist.rows_of(db, READER, LIST, Narrowed("waiting", *NARROWED)),
    "read": lambda db: worklist.rows_of(db, READER, LIST, Narrowed("read")),
    "next": lambda db: worklist.next_waiting(db, READER, LIST, None),
    "next after": lambda db: worklist.next_waiting(db, READER, LIST, add_image(db)),
    "newest opinions": lambda db: list(predictions.newest(db, "first", ("2026-01-01", "2026-02-01"), [], "tube")),
    "lacking": lambda db: predictions.lacking(db, "first", 8),
    "claim": lambda db: jobs.claim(db, Lane.READING, "a"),
    "hand back": lambda db: jobs.hand_back(db, "a"),
    "take over": lambda db: jobs.take_over(db, set()),
    "these": lambda db: jobs.these(db, []),
    "open about": lambda db: jobs.open_about(db, "explain", {"image": "0" * 64}),
    "explanation": lambda db: explanations.find(db, "0" * 64, "first", "LayerCAM"),
    "open payloads": lambda db: jobs.open_payloads(db, "intake"),
    "earlier images": lambda db: images.earlier(db, {"patient": "p", "received_at": "2026", "id": "0"}, 20),
    "newest of a reader": lambda db: reads.newest_of(db, 1, "2026"),
    "reads of an image": lambda db: reads.current_of(db, "0" * 64),
    "stop": stops.current,
    "shadow": shadows.current,
    "lacking in the shadow": lambda db: shadows.lacking(db, Shadow("second", None, "2026", None), 8),
}
COUNTED = {
    "counts": lambda db: worklist.counts(db, READER),
    "all since, narrowed": lambda db: worklist.rows_of(db, READER, LIST, Narrowed("all", *NARROWED)),
    "read since, narrowed": lambda db: worklist.rows_of(db, READER, LIST, Narrowed("read", *NARROWED)),
    "devices": worklist.devices,
    "counted versions": tallies.versions,
    "views": worklist.views,
    "newest": lambda db: jobs.newest(db, "retrain"),
    "agreement": lambda db: reads.agreement(db, READER, "2026"),
    "audited": lambda db: reads.audited(db, "first", "Pneumonia", ""),
}


def plans(db, ask):
    """How SQLite goes about what `ask` asks, a line a step."""
    asked = []
    db.conn.set_trace_callback(asked.append)
    ask(db)
    db.conn.set_trace_callback(None)
    return [row[3] for sql in asked for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]


@pytest.mark.parametrize("name", [*ASKED, *COUNTED])
def test_no_table_is_walked_through(db, name):
    steps = plans(db, {**ASKED, **COUNTED}[name])
    assert steps
    assert [step for step in steps if re.fullmatch(r"SCAN (i|p|r|images|jobs|predictions|reads|tallies)", step)] == []


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_for_first_is_found_first_and_not_by_sorting(db, name):
    assert [step for step in plans(db, ASKED[name]) if "TEMP B-TREE" in step] == []
