"""What must never change doesn't: the database itself refuses."""

import sqlite3

import pytest

from cxr_core.errors import NotFound
from cxr_core.store import images, predictions, reads
from tests.store.rows import ALL, add_image, add_model, add_user, opinion


@pytest.fixture
def read(db):
    """A read, with the reader, image and opinion that it needs."""
    reader, image, model = add_user(db), add_image(db), add_model(db)
    predictions.add(db, image, model, opinion())
    return {
        "image": image, "prediction": predictions.standing(db, image, None)["id"], "reader": reader.id, "agrees": 1,
        "label": "Pneumonia", "seconds": 3.5, "made_at": "2026-01-01T00:00:00.000000+00:00",
    }  # fmt: skip


@pytest.mark.parametrize("column", ["label", "agrees", "comment", "reader", "supersedes"])
def test_a_read_is_never_changed(db, read, column):
    number = reads.add(db, read)
    with pytest.raises(sqlite3.IntegrityError, match="a read is never changed"):
        db.execute(f"UPDATE reads SET {column} = NULL WHERE id = ?", (number,))
    assert {**reads.get(db, number), **read} == reads.get(db, number)


def test_a_newer_read_supersedes_and_both_stay(db, read):
    first = reads.add(db, read)
    second = reads.add(db, {**read, "label": "Normal", "agrees": 0, "supersedes": first})
    assert not reads.is_current(db, first)
    assert [row["id"] for row in reads.current_of(db, read["image"])] == [second]
    assert [(row["id"], row["current"]) for row in reads.history(db, ALL)] == [(second, 1), (first, 0)]


def test_two_reads_can_not_supersede_the_same_one(db, read):
    first = reads.add(db, read)
    reads.add(db, {**read, "supersedes": first})
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        reads.add(db, {**read, "supersedes": first})


def test_a_read_belongs_to_an_image_that_is_there(db, read):
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        reads.add(db, {**read, "image": "f" * 64})


def test_a_reader_says_normal_or_pneumonia(db, read):
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        reads.add(db, {**read, "label": "Uncertain"})


def test_a_read_that_is_not_there_is_not_found(db):
    with pytest.raises(NotFound, match="no read 3"):
        reads.get(db, 3)


def test_history_can_be_narrowed_to_one_reader(db, read):
    other = add_user(db, "other")
    reads.add(db, read)
    number = reads.add(db, {**read, "reader": other.id})
    assert [row["id"] for row in reads.history(db, ALL, other.id)] == [number]


def test_current_reads_come_with_the_patients_side(db, read):
    number = reads.add(db, read)
    (found,) = reads.current(db)
    image = images.get(db, read["image"])
    assert {
        "id": number,
        "image": read["image"],
        "label": "Pneumonia",
        "agrees": 1,
        "seen": "directly",
    }.items() <= found.items()
    assert {name: image[name] for name in ("side", "patient", "mode", "slots_open")}.items() <= found.items()
    assert (found["reason_kinds"], found["put_right"]) == ([], None)


def test_agreement_is_counted_by_day_over_current_reads(db, read):
    other = add_user(db, "other")
    first = reads.add(db, read)
    reads.add(db, {**read, "supersedes": first, "agrees": 0})
    reads.add(db, {**read, "reader": other.id})
    reads.add(db, {**read, "reader": other.id, "prediction": None, "agrees": None})
    reads.add(db, {**read, "reader": other.id, "made_at": "2026-01-02T23:59:59.999999+00:00"})
    days = [{"day": "2026-01-01", "model": "first", "n": 2, "agreed": 1},
            {"day": "2026-01-02", "model": "first", "n": 1, "agreed": 1}]  # fmt: skip
    assert reads.agreement(db, ALL, "2026-01-01") == days
    assert reads.agreement(db, ALL, "2026-01-02") == days[1:]
