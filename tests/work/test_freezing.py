"""Freezing the site's reference: by an admin, with a reason, of enough X-rays, once and for good."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

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
from cxr_core.work.drift import freezing, rolling, sighting
from cxr_core.work.drift.freezing import FEWEST, MOST, Period
from cxr_core.work.drift.sighting import SITES_OWN
from cxr_core.work.models import reading
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
                said = device, f"make of {device}", image
                db.execute("UPDATE images SET device = ?, equipment = ?, view = 'PA' WHERE id = ?", said)
                row = images.get(db, image)
                rolling.count_picture(db, row)
                if judged:
                    reading.Reading(opinion(0.02, Label.NORMAL), []).write(db, row, card)


def freeze(settings, user, reason=" the first weeks "):
    return freezing.freeze(settings.home, user, reason)


def parts(settings, number):
    with opened(settings.home) as db:
        return {(part.model, part.device): part for part in site_references.parts(db, number)}


def frozen_images(settings, number):
    return {row["image"] for row in query(settings, "SELECT image FROM reference_images WHERE reference = ?", number)}


def day(number):
    return (START + timedelta(days=number)).date()


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
    assert {part.equipment for part in kept.values()} == {"make of left", "make of right"}
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
    with clock.at(START):
        freeze(settings, admin)
    arrive(settings, range(FEWEST, FEWEST + 5), days=1)
    with opened(settings.home) as db:
        sight = sighting.seen(db, (START + timedelta(days=1)).date()).sight
    beside = [each for each in sight.watched if (each.scope, each.beside) == (SITE, SITES_OWN)]
    assert [each.trace.stream.days for each in beside] == [[day(1)]] * 3
    for each in beside:
        layout, name = each.trace.stream.layout, each.trace.stream.layout.signals[0].name
        assert layout.of(each.trace.stream.tallies[0], name).sum() == 5
        assert layout.of(each.trace.reference, name).sum() == FEWEST


def test_devices_with_enough_images_are_watched_by_themselves(settings, admin):
    arrive(settings, range(60))
    arrive(settings, range(60, 110), "right")
    arrive(settings, range(110, 120), "rare")
    with clock.at(START):
        freeze(settings, admin)
    for device, first in (("left", 200), ("right", 210), ("rare", 220)):
        arrive(settings, range(first, first + 5), device, days=1)
    with opened(settings.home) as db:
        sight = sighting.seen(db, (START + timedelta(days=1)).date()).sight
    assert {str(each.scope) for each in sight.watched} == {"site", "device left", "device right"}


def test_a_period_gives_x_rays_evenly_with_its_first_and_last(settings, admin):
    for number in range(4):
        arrive(settings, range(300 * number, 300 * (number + 1)), days=number)
    period = Period(day(1), day(2))
    assert freezing.available(settings.home, admin, period) == 600
    number = freezing.freeze(settings.home, admin, "a new tube", period)
    (found,) = freezing.frozen(settings.home, admin)
    assert (found.images, found.first_at[:10], found.last_at[:10]) == (MOST, str(day(1)), str(day(2)))
    chosen = sorted(int(image, 16) for image in frozen_images(settings, number))
    assert (chosen[0], chosen[-1]) == (300, 899)
    assert {after - before for before, after in pairwise(chosen)} == {1, 2}
    again = freezing.freeze(settings.home, admin, "the same", period)
    assert frozen_images(settings, again) == frozen_images(settings, number)
    assert [each.id for each in freezing.frozen(settings.home, admin)] == [again, number]
    (event, _) = query(settings, "SELECT details FROM audit WHERE action = 'freeze reference'")
    assert f"evenly from {day(1)} to {day(2)}" in event["details"]


def test_a_period_may_lie_before_the_last_reference_and_what_came_after_it_is_watched(settings, admin):
    arrive(settings, range(FEWEST))
    arrive(settings, range(200, 200 + FEWEST), days=3)
    with clock.at(START + timedelta(days=3)):
        freeze(settings, admin)
        freezing.freeze(settings.home, admin, "the first was a holiday", Period(day(0), day(0)))
    arrive(settings, range(400, 405), days=4)
    with opened(settings.home) as db:
        sight = sighting.seen(db, day(4)).sight
    beside = [each.trace.stream.days for each in sight.watched if (each.scope, each.beside) == (SITE, SITES_OWN)]
    assert beside == [[day(3), day(4)]] * 3


def test_periods_with_too_few_or_no_x_rays_are_refused_in_plain_words(settings, admin):
    arrive(settings, range(FEWEST - 1))
    for period, number in ((Period(day(0), day(0)), FEWEST - 1), (Period(day(7), day(9)), 0)):
        assert freezing.available(settings.home, admin, period) == number
        with pytest.raises(Conflict, match=f"{number} have come in from {period.first} to {period.last}, {FEWEST} are"):
            freezing.freeze(settings.home, admin, "why not", period)
    with pytest.raises(BadInput, match="begin with the earlier one"):
        Period(day(1), day(0))
    with pytest.raises(BadInput, match="lies in the future: end with today"):
        Period(day(1), date.max)
    assert freezing.frozen(settings.home, admin) == []


def test_how_many_the_next_one_would_have_is_no_more_than_the_most(settings, admin):
    arrive(settings, range(MOST + 20))
    assert freezing.available(settings.home, admin) == MOST
    assert freezing.available(settings.home, admin, Period(day(0), day(0))) == MOST + 20


def test_opinions_that_streams_do_not_count_are_not_frozen_either(settings, admin):
    """What a version made of X-rays that had waited: they aren't like what comes in."""
    arrive(settings, range(FEWEST))
    with opened(settings.home) as db:
        db.execute("UPDATE predictions SET made_at = ? WHERE id <= 40", (clock.stamp(START + timedelta(days=3)),))
    number = freeze(settings, admin)
    assert sum(part.images for part in parts(settings, number).values() if part.model == FIRST) == FEWEST - 40
