"""Counts of days: kept by whose they are, replaced as they grow, and found by days and modes."""

import pytest

from cxr_core.records import Mode
from cxr_core.store import tallies
from cxr_core.store.tallies import PICTURES, Key


def key(day="2026-01-02", model=PICTURES, mode=Mode.CONCURRENT, device="tube"):
    return Key(day, model, device, "maker", "PA", mode.value)


def found(db, model=PICTURES, first="2026-01-01", last="2026-01-31", modes=None):
    return list(tallies.between(db, model, first, last, modes))


def test_counts_are_kept_and_the_next_ones_take_their_place(db):
    assert tallies.get(db, key()) is None
    tallies.put(db, key(), 2, b"two")
    tallies.put(db, key(), 3, b"five")
    tallies.put(db, key(), -1, b"four")
    assert tallies.get(db, key()) == b"four"
    assert found(db) == [("2026-01-02", "tube", "PA", 4, b"four")]


def test_all_can_be_forgotten(db):
    tallies.put(db, key(), 2, b"two")
    tallies.clear(db)
    assert found(db) == []


@pytest.mark.parametrize(
    "other", [key("2026-01-03"), key(model="first"), key(mode=Mode.BLINDED), key(device=""), key(device="other")]
)
def test_whatever_the_key_says_keeps_counts_apart(db, other):
    tallies.put(db, key(), 1, b"here")
    assert tallies.get(db, other) is None
    tallies.put(db, other, 1, b"there")
    assert (tallies.get(db, key()), tallies.get(db, other)) == (b"here", b"there")


def test_only_the_days_asked_for_are_found_both_ends_among_them_in_order(db):
    for day in ("2026-01-04", "2026-01-01", "2026-01-03", "2026-01-02"):
        tallies.put(db, key(day), 1, b"")
    assert [row[0] for row in found(db, first="2026-01-02", last="2026-01-03")] == ["2026-01-02", "2026-01-03"]


def test_only_the_model_and_the_modes_asked_for_are_found(db):
    for mode in Mode:
        tallies.put(db, key(model="first", mode=mode), 1, mode.value.encode())
    tallies.put(db, key(), 1, b"pictures")
    assert [row[-1] for row in found(db, "first", modes=[Mode.BLINDED.value])] == [b"blinded"]
    assert [row[-1] for row in found(db)] == [b"pictures"]
    assert len(found(db, "first")) == len(Mode)
    assert found(db, "first", modes=[]) == found(db, "second") == []


def test_where_x_rays_came_from_is_told_by_day_whatever_their_views_and_never_of_opinions(db):
    for model, device, view, images in (
        (PICTURES, "tube", "PA", 2), (PICTURES, "tube", "AP", 3), (PICTURES, "", "PA", 1), ("first", "tube", "PA", 9),
    ):  # fmt: skip
        tallies.put(db, Key("2026-01-02", model, device, "maker", view, ""), images, b"")
    tallies.put(db, key("2026-01-09"), 4, b"")
    origins = list(tallies.origins(db, "2026-01-01", "2026-01-08"))
    assert origins == [("2026-01-02", "", "maker", 1), ("2026-01-02", "tube", "maker", 5)]
