"""A site's reference: written once, never changed, the newest one stands."""

import sqlite3

import pytest

from cxr_core.records import Role
from cxr_core.store import images, site_references
from cxr_core.store.site_references import Part
from tests.store.rows import add_image, add_model, add_user

PARTS = [Part("", "tube", "maker", "PA", 2, b"pictures"), Part("first", "tube", "maker", "PA", 1, b"opinions")]


@pytest.fixture
def freeze(db):
    """Freezes these images; returns the reference's number."""
    add_model(db)
    admin = add_user(db, "admin", Role.ADMIN)

    def add(known, reason="the first"):
        facts = {"reason": reason, "model": "first", "first_at": "2026-01-01", "last_at": "2026-01-02",
                 "frozen_by": admin.id}  # fmt: skip
        return site_references.add(db, facts, known, PARTS)

    return add


def test_the_newest_stands_and_all_are_told_newest_first(db, freeze):
    assert site_references.current(db) is None
    first, second = freeze(["a", "b"]), freeze(["c"], "a new tube")
    found = site_references.current(db)
    assert (found.id, found.images, found.reason, found.frozen_by) == (second, 1, "a new tube", "admin")
    assert [each.id for each in site_references.every(db)] == [second, first]
    assert site_references.parts(db, first) == PARTS


@pytest.mark.parametrize(
    "sql",
    ["UPDATE site_references SET reason = 'x'", "UPDATE reference_tallies SET counts = x'00'",
     "DELETE FROM reference_tallies", "DELETE FROM site_references"],
)  # fmt: skip
def test_a_reference_is_never_changed(db, freeze, sql):
    number = freeze(["a"])
    with pytest.raises(sqlite3.IntegrityError):
        db.execute(sql)
    assert site_references.current(db).reason == "the first"
    assert site_references.parts(db, number) == PARTS


def test_examples_are_spread_evenly_and_of_the_place_asked_for(db, freeze):
    known = [add_image(db, number) for number in range(11)]
    db.execute("UPDATE images SET device = 'tube' WHERE id = ?", (known[7],))
    number = freeze(known)
    assert site_references.examples(db, number, {}, 3) == [known[0], known[3], known[7]]
    assert site_references.examples(db, number, {}, 20) == known
    assert site_references.examples(db, number, {"device": "tube"}, 3) == [known[7]]
    assert site_references.examples(db, number, {"view": "PA"}, 3) == []


def test_what_was_erased_since_is_no_example(db, freeze):
    known = [add_image(db, number) for number in range(2)]
    number = freeze(known)
    images.erase(db, "patient-0")
    assert site_references.examples(db, number, {}, 3) == known[1:]
    assert site_references.current(db).images == 2
