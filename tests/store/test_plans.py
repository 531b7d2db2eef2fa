"""What is asked at every click, or all the time, looks at no table from end to end, however much has piled up."""

import re

import pytest

from cxr_core.records import Lane
from cxr_core.store import (
    alarms,
    explanations,
    images,
    jobs,
    models,
    predictions,
    reads,
    shadows,
    site,
    site_references,
    stops,
    tallies,
    worklist,
)
from cxr_core.store.eyes import Eyes
from cxr_core.store.shadows import Shadow
from cxr_core.store.worklist import Narrowed
from tests.store.rows import ALL, LIST, add_image, add_model

READER = Eyes(1, sees_all=False)
NARROWED = ("Normal", "machine", "PA", "2026-01-01")
"""By all that a worklist can be narrowed to."""
ASKED = {
    "counts of days": lambda db: list(tallies.between(db, "first", "2026-01-01", "2026-12-31", ["concurrent"])),
    "counts of days of all": lambda db: list(tallies.between(db, "", "2026-01-01", "2026-12-31")),
    "where x-rays came from": lambda db: list(tallies.origins(db, "2026-01-01", "2026-12-31")),
    "put to use": lambda db: models.put_to_use_at(db, add_model(db)),
    "last look": lambda db: site.get(db, "drift looked up to"),
    "reference": site_references.current,
    "references": site_references.every,
    "parts of a reference": lambda db: site_references.parts(db, 1),
    "first after": lambda db: images.first(db, "2026", 500),
    "how many came in": lambda db: images.came_in(db, "2026", "2027"),
    "lately": lambda db: images.lately(db, "2026", {}, 6),
    "lately of a device": lambda db: images.lately(db, "2026", {"device": "tube"}, 6),
    "lately of a view": lambda db: images.lately(db, "2026", {"view": "PA"}, 6),
    "alarm": lambda db: alarms.get(db, alarms.open_one(db, "site", "2026", "2026", "first", "")),
    "opinion of a version": lambda db: predictions.of_model(db, "0" * 64, "first"),
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
    "newest of a reader": lambda db: reads.newest_of(db, 1, "2026"),
    "reads of an image": lambda db: reads.current_of(db, "0" * 64),
    "stop": stops.current,
    "shadow": shadows.current,
    "lacking in the shadow": lambda db: shadows.lacking(db, Shadow("second", None, "2026", None), 8),
}
COUNTED = {
    "earlier images": lambda db: images.earlier(
        db, {"patient": "p", "received_at": "2026", "taken_on": "2019-01-01", "id": "0"}, 20
    ),
    "examples": lambda db: site_references.examples(db, 1, {}, 6),
    "examples of a device": lambda db: site_references.examples(db, 1, {"device": "tube"}, 6),
    "closed alarms": lambda db: alarms.closed(db, 50),
    "signals of an alarm": lambda db: alarms.signals(db, 1),
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


OF_THE_REFERENCE = "SEARCH r USING COVERING INDEX sqlite_autoindex_reference_images_1 (reference=?)"


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


@pytest.mark.parametrize("name", ["examples", "examples of a device"])
def test_examples_are_sought_among_the_references_few_not_among_all_of_a_place(db, name):
    assert plans(db, COUNTED[name])[0] == OF_THE_REFERENCE


def test_those_chosen_evenly_are_numbered_by_their_index_alone(db):
    for _ in range(3):
        add_image(db, 1 + images.came_in(db, "", "9"))
    steps = plans(db, lambda db: images.evenly(db, "2025", "2027", 500))
    assert [step for step in steps if re.match("SCAN images|SEARCH images USING INDEX", step)] == []
    assert any("USING COVERING INDEX images_received" in step for step in steps)
