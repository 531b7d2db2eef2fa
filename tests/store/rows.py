"""Rows for the tests of the store: a migrated database, a user, an image, an opinion."""

from __future__ import annotations

import multiprocessing

import numpy as np

from cxr_core.records import Label, Mode, Opinion, Ordering, Role, Side, Worklist
from cxr_core.store import images, models, users
from cxr_core.store.db import opened, transaction
from cxr_core.store.eyes import Eyes

STEPS = [
    "m001_initial", "m002_find_quickly", "m003_honest_answers", "m004_regions", "m005_reading_room",
    "m006_controlled_change", "m007_drift", "m008_hospital", "m009_mending", "m010_accounts",
    "m011_keeping", "m012_anchors",
]  # fmt: skip
"""Every step of the schema."""
ALL = Eyes(0, sees_all=True)
"""An admin's eyes."""
LIST = Worklist(1, "Reading", Mode.CONCURRENT, Ordering.WAITING, 0, 0, 24)
"""The first list, as it is at first."""
PASSWORD = "a long password"
MISTYPED = 10
"""Wrong passwords in a row after which a name waits. It is said here anew: no test may go on for ever for another."""
CARD = {"name": "first", "parent": None, "weights_sha256": "0" * 64}


def add_user(db, name="reader", role=Role.RADIOLOGIST):
    return users.add(db, name, role, PASSWORD, by="a test")


def add_image(db, number=1, patient=None, side=Side.TRAIN, received_at=None):
    """An image's row; returns its id."""
    image = f"{number:064x}"
    row = {
        "id": image, "patient": patient or f"patient-{number}", "file_sha256": f"{number:064x}", "source": "png",
        "bits": 8, "pixel_rows": 100, "pixel_columns": 90, "synthetic": 0, "appearance": {"mean": 0.5},
        "received_at": received_at or f"2026-01-01T00:00:{number:02d}.000000+00:00",
    }  # fmt: skip
    images.add(db, row, side)
    return image


def add_model(db, name="first"):
    models.add(db, {**CARD, "name": name})
    models.decide(db, name, "install", "a test", None)
    return name


def opinion(probability=0.9, label=Label.PNEUMONIA):
    heatmap = np.arange(49, dtype=np.float32).reshape(7, 7)
    return Opinion(probability, 2.0, label, heatmap, np.linspace(0, 1, 512, dtype=np.float32))


def at_once(work, count, *arguments):
    """What `work(number, *arguments)` returns in each of `count` processes that begin together."""
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(count), context.Queue()
    started = [
        context.Process(target=_begin, args=(barrier, answers, work, number, *arguments)) for number in range(count)
    ]
    for process in started:
        process.start()
    found = [answers.get(timeout=120) for _ in started]
    for process in started:
        process.join()
    return found


def _begin(barrier, answers, work, *arguments):
    barrier.wait()
    try:
        answers.put(work(*arguments))
    except Exception as error:  # noqa: BLE001  (for the test that waits, whatever it is)
        answers.put(error)


def without_triggers(home):
    """Take the database's guards away, as somebody with the file in hand can."""
    with opened(home) as db, transaction(db):
        for name in [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            db.execute(f"DROP TRIGGER {name}")
