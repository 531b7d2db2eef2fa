"""While a stop is open, no query that asks what may be seen gives anything away, to readers or admins."""

import sqlite3

import pytest

from cxr_core.records import Mode
from cxr_core.store import predictions, reads, stops, worklist
from cxr_core.store.eyes import Eyes
from cxr_core.store.worklist import Narrowed
from tests.store.rows import ALL, LIST, add_image, add_model, add_user, opinion

TOLD = ("status", "label", "probability", "model", "model_label", "agrees", "reason")
"""Columns of worklist and history that tell what the model says."""


@pytest.fixture
def looked_at(db):
    """Somebody's eyes on three images, one of each mode, that the reader has read against the model."""
    model, reader = add_model(db), add_user(db)
    for number, mode in enumerate(Mode, 1):
        image = add_image(db, number)
        db.execute("UPDATE images SET mode = ? WHERE id = ?", (mode.value, image))
        predictions.add(db, image, model, opinion())
        reads.add(db, {
            "image": image, "prediction": number, "reader": reader.id, "agrees": 0, "label": "Normal", "seconds": 1,
            "reason": "small finding", "made_at": "2026",
        })  # fmt: skip
    return [ALL, Eyes(reader.id, sees_all=False)]


def told(db, eyes):
    """Everything that the queries give of the model's opinion."""
    listed = worklist.rows_of(db, eyes, LIST, Narrowed("all"))
    past = [{**row, "label": None} for row in reads.history(db, eyes)]  # that is the reader's
    columns = [row[name] for row in (*listed, *past) for name in TOLD if row.get(name) is not None]
    revealed = [row["revealed"] for row in (*listed, *past) if row["revealed"]]
    narrowed = [worklist.rows_of(db, eyes, LIST, Narrowed("all", label)) for label in ("Pneumonia", "not analysed")]
    answers = predictions.answers(db, eyes, [row["id"] for row in listed], "first")
    return [*columns, *revealed, *filter(None, narrowed), *answers]


def test_every_column_is_empty_for_everybody_while_a_stop_stands(db, looked_at):
    before = [told(db, eyes) for eyes in looked_at]
    assert all(before)
    stops.open_one(db, "why", None)
    assert [told(db, eyes) for eyes in looked_at] == [[], []]
    stops.lift(db, "because", 1)
    assert [told(db, eyes) for eyes in looked_at] == before


def test_one_stop_is_open_at_a_time(db):
    stops.open_one(db, "why", None)
    with pytest.raises(sqlite3.IntegrityError):
        stops.open_one(db, "why again", None)
    assert stops.current(db).reason == "why"


def test_a_stop_names_who_began_and_who_lifted_it(db):
    user = add_user(db)
    stops.open_one(db, "the rule says so", None)
    assert stops.rule_lifted_at(db) == ""
    stops.lift(db, "because", user.id)
    stops.open_one(db, "by hand", user.id)
    newest, oldest = stops.all_stops(db)
    assert (oldest.stopped_by, oldest.lifted_by, oldest.lifted_because) == (None, "reader", "because")
    assert (newest.stopped_by, newest.lifted_at) == ("reader", None)
    assert stops.rule_lifted_at(db) == oldest.lifted_at
