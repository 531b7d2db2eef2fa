"""Freezing the site's reference: by an admin, with a reason, of enough X-rays, once and for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cxr_core import clock
from cxr_core.drift.sight import SITE
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT
from cxr_core.errors import BadInput, Conflict, NotAllowed
from cxr_core.model import release
from cxr_core.records import Label
from cxr_core.store import audit, images, models, site_references
from cxr_core.store.db import opened, transaction
from cxr_core.store.tallies import PICTURES
from cxr_core.work import freezing, reading, rolling, sighting
from cxr_core.work.freezing import FEWEST, MOST
from cxr_core.work.sighting import SITES_OWN
from tests.store.rows import add_image, opinion
from tests.work.sites import new_home, query

FIRST = release.card()["name"]
START = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path):
    with clock.at(START - timedelta(days=1)):
        return new_home(tmp_path)


def arrive(settings, numbers, device="left", judged=True, days=0):
    """X-rays that came in a second after one another; each is counted, and the model says something of it."""
    with opened(settings.home) as db, transaction(db):
        card = reading.Card.from_dict(models.card(db, FIRST))
        for number in numbers:
            with clock.at(START + timedelta(days=days, seconds=number)):
                image = add_image(db, number, received_at=clock.stamp())
                db.execute("UPDATE images SET device = ?, view = 'PA' WHERE id = ?", (device, image))
                row = images.get(db, image)
                rolling.count_picture(db, row)
                if judged:
                    reading.Reading(opinion(0.02, Label.NORMAL), []).write(db, row, card)


def freeze(settings, user, reason=" the first weeks "):
    return freezing.freeze(settings.home, user, reason)


def parts(settings, number):
    with opened(settings.home) as db:
        return {(part.model, part.device): part for part in site_references.parts(db, number)}


def test_it_needs_an_admin_and_a_reason(settings, ann, admin):
    arrive(settings, range(FEWEST))
    with pytest.raises(NotAllowed):
        freeze(settings, ann)
    with pytest.raises(BadInput, match="say why"):
        freeze(settings, admin, " ")
    assert freezing.frozen(settings.home, ann) == []


def test_too_few_are_refused_with_their_number(settings, admin):
    arrive(settings, range(FEWEST - 1))
    assert freezing.available(settings.home, admin) == FEWEST - 1
    with pytest.raises(Conflict, match=f"{FEWEST - 1} have come in, {FEWEST} are needed"):
        freeze(settings, admin)
    assert query(settings, "SELECT * FROM audit WHERE action = 'freeze reference'") == []


def test_it_holds_the_counts_of_each_device_and_what_the_model_said(settings, admin, ann):
    arrive(settings, range(60))
    arrive(settings, range(60, 90), "right")
    arrive(settings, range(90, 100), "right", judged=False)
    number = freeze(settings, admin)
    (found,) = freezing.frozen(settings.home, ann)
    assert (found.id, found.images, found.reason, found.model) == (number, 100, "the first weeks", FIRST)
    assert (found.frozen_by, found.first_at, found.last_at) == (
        "admin", clock.stamp(START), clock.stamp(START + timedelta(seconds=99)),
    )  # fmt: skip
    kept = parts(settings, number)
    assert {place: part.images for place, part in kept.items()} == {
        (PICTURES, "left"): 60, (PICTURES, "right"): 40, (FIRST, "left"): 60, (FIRST, "right"): 30,
    }  # fmt: skip
    pictures = PICTURE_LAYOUT.from_bytes(kept[PICTURES, "left"].counts)
    said = OPINION_LAYOUT.from_bytes(kept[FIRST, "right"].counts)
    assert PICTURE_LAYOUT.of(pictures, "mean").sum() == 60
    assert OPINION_LAYOUT.of(said, "answer").tolist() == [30, 0, 0, 0, 0]


def test_it_is_written_in_the_audit_chain(settings, admin):
    arrive(settings, range(FEWEST))
    number = freeze(settings, admin)
    (event,) = query(settings, "SELECT actor, subject FROM audit WHERE action = 'freeze reference'")
    assert event == {"actor": "admin", "subject": str(number)}
    with opened(settings.home) as db:
        audit.verify(db)


def test_the_next_one_begins_after_the_last(settings, admin):
    arrive(settings, range(MOST + FEWEST + 20))
    first = freeze(settings, admin)
    assert freezing.available(settings.home, admin) == FEWEST + 20
    second = freeze(settings, admin, "a new tube")
    newest, oldest = freezing.frozen(settings.home, admin)
    assert (oldest.id, oldest.images, newest.id, newest.images) == (first, MOST, second, FEWEST + 20)
    assert oldest.last_at < newest.first_at
    with pytest.raises(Conflict, match="0 have come in"):
        freeze(settings, admin)


def test_what_comes_later_leaves_it_as_it_was(settings, admin):
    arrive(settings, range(FEWEST))
    number = freeze(settings, admin)
    before = parts(settings, number)
    arrive(settings, range(FEWEST, 2 * FEWEST))
    assert parts(settings, number) == before


def test_its_own_images_are_not_compared_with_it(settings, admin):
    arrive(settings, range(FEWEST))
    freeze(settings, admin)
    arrive(settings, range(FEWEST, FEWEST + 5), days=1)
    with opened(settings.home) as db:
        sight = sighting.seen(db, (START + timedelta(days=1)).date()).sight
    beside = [each for each in sight.watched if (each.scope, each.beside) == (SITE, SITES_OWN)]
    assert [each.trace.stream.days for each in beside] == [[(START + timedelta(days=1)).date()]] * 2
    for each in beside:
        layout, name = each.trace.stream.layout, each.trace.stream.layout.signals[0].name
        assert layout.of(each.trace.stream.tallies[0], name).sum() == 5
        assert layout.of(each.trace.reference, name).sum() == FEWEST


def test_devices_with_enough_images_are_watched_by_themselves(settings, admin):
    arrive(settings, range(60))
    arrive(settings, range(60, 110), "right")
    arrive(settings, range(110, 120), "rare")
    freeze(settings, admin)
    for device, first in (("left", 200), ("right", 210), ("rare", 220)):
        arrive(settings, range(first, first + 5), device, days=1)
    with opened(settings.home) as db:
        sight = sighting.seen(db, (START + timedelta(days=1)).date()).sight
    assert {str(each.scope) for each in sight.watched} == {"site", "device left", "device right"}
