"""Devices and views by themselves, beside the site's reference or the four weeks before."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from cxr_core import clock
from cxr_core.drift.mix import Share
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT
from cxr_core.records import Mode
from cxr_core.store import site_references, tallies
from cxr_core.store.db import opened, transaction
from cxr_core.store.site_references import Part
from cxr_core.store.tallies import PICTURES, Key
from cxr_core.work.drift import watching
from cxr_core.work.drift.watching import View
from tests.work.drifting import Stream
from tests.work.sites import add_user, new_home

START = date(2026, 3, 2)


def noon(number):
    return clock.at(datetime.combine(START + timedelta(days=number), time(12), UTC))


@pytest.fixture
def settings(tmp_path):
    with noon(-1):
        return new_home(tmp_path)


@pytest.fixture(autouse=True)
def model(settings):
    with noon(0):
        Stream(settings.home).model("watched")


def answers(positive, n):
    return OPINION_LAYOUT.count([{"answer": "Pneumonia"}] * positive + [{"answer": "Normal"}] * (n - positive))


def came(settings, number, device, positive, n, view="PA", mode=Mode.CONCURRENT):
    """X-rays of a day, so many of which the model calls pneumonias."""
    with opened(settings.home) as db, transaction(db):
        for name, layout, counts in (
            (PICTURES, PICTURE_LAYOUT, PICTURE_LAYOUT.count([{"mean": 0.5}] * n)),
            ("watched", OPINION_LAYOUT, answers(positive, n)),
        ):
            key = Key((START + timedelta(days=number)).isoformat(), name, device, "", view, mode.value)
            tallies.put(db, key, n, layout.to_bytes(counts))


def sliced(settings, user, number):
    with noon(number):
        found = watching.watch(settings.home, user, View(28)).slices
    return {slices.kind: slices for slices in found}


def freeze(settings, admin, **devices):
    """The site's reference: how many of how many were called pneumonia, by device."""
    facts = {"reason": "a test", "model": "watched", "first_at": START.isoformat(), "last_at": START.isoformat(),
             "frozen_by": admin.id}  # fmt: skip
    parts = [
        Part("watched", name, "", "PA", n, OPINION_LAYOUT.to_bytes(answers(positive, n)))
        for name, (positive, n) in devices.items()
    ]
    with noon(0), opened(settings.home) as db, transaction(db):
        site_references.add(db, facts, [], parts)


def test_every_place_is_counted_the_largest_first(settings, admin):
    came(settings, 40, "left", 10, 40)
    came(settings, 41, "left", 5, 10, view="AP")
    came(settings, 41, "", 0, 7)
    found = sliced(settings, admin, 45)
    assert [(part.scope.name, part.n, part.positive) for part in found["device"].parts] == [
        ("left", 50, Share(15, 50)), ("", 7, Share(0, 7)),
    ]  # fmt: skip
    assert [(part.scope.name, part.n) for part in found["view"].parts] == [("PA", 47), ("AP", 10)]


def test_without_a_reference_the_four_weeks_before_are_compared_with(settings, admin):
    came(settings, 10, "left", 10, 100)
    came(settings, 10, "right", 50, 100)
    came(settings, 40, "left", 5, 50)
    came(settings, 40, "right", 75, 150)
    found = sliced(settings, admin, 45)["device"]
    assert found.before == "the four weeks before"
    assert (found.change.within, found.change.mix) == pytest.approx((0.0, 0.1))


def test_the_sites_reference_is_compared_with_where_it_stands(settings, admin):
    freeze(settings, admin, left=(20, 100))
    came(settings, 10, "left", 10, 100)
    came(settings, 40, "left", 60, 100)
    found = sliced(settings, admin, 45)["device"]
    assert found.before == "the site's reference"
    assert found.change.before == Share(20, 100)
    assert found.parts[0].before == Share(20, 100)


def test_a_reader_compares_neither_with_the_sites_reference_nor_with_what_is_hidden(settings, admin):
    freeze(settings, admin, left=(20, 100))
    came(settings, 10, "left", 10, 40)
    came(settings, 40, "left", 30, 40)
    came(settings, 40, "left", 0, 60, mode=Mode.BLINDED)
    found = sliced(settings, add_user(settings), 45)["device"]
    assert found.before == "the four weeks before"
    assert (found.change.before, found.change.now) == (Share(10, 40), Share(30, 40))
    assert found.parts[0].n == 100
