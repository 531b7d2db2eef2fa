"""Counting as it comes: each image and opinion once, taken back when erased, the same whenever it is counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT
from cxr_core.model import release
from cxr_core.records import Lane
from cxr_core.store import files, images, jobs, models
from cxr_core.store.db import opened, transaction
from cxr_core.store.tallies import PICTURES
from cxr_core.work.drift import recounting
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models.retraining import REPREDICT
from cxr_core.work.opening import open_home
from cxr_core.work.privacy import erasing
from tests.work.sites import film, new_home, picture, query, take_in, work_off

FIRST = release.card()["name"]


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def counted(settings):
    """Of each key with images, how many, and their counts."""
    found = query(settings, "SELECT * FROM tallies WHERE images ORDER BY model, day, device, equipment, view, mode")
    layouts = [OPINION_LAYOUT if row["model"] else PICTURE_LAYOUT for row in found]
    return [
        {**row, "counts": layout.from_bytes(row["counts"]).tolist()} for row, layout in zip(found, layouts, strict=True)
    ]


def of(settings, model):
    """How many images were counted of a model, or of PICTURES."""
    return sum(row["images"] for row in counted(settings) if row["model"] == model)


def put_second_to_use(settings):
    """A version that is the first under another name; it has yet to read what waits."""
    with opened(settings.home) as db, transaction(db):
        models.add(db, {**release.card(), "name": "second"})
        models.decide(db, "second", "promote", "a test", None)
        jobs.ask(db, jobs.Request(REPREDICT, Lane.READING, {"model": "second"}, bulk=True))


def forget(settings):
    with opened(settings.home) as db, transaction(db):
        db.execute("DELETE FROM tallies")
        db.execute("DELETE FROM site WHERE name = ?", (recounting.COUNTED,))


def count_anew(settings):
    forget(settings)
    with opened(settings.home) as db, transaction(db):
        recounting.count_what_was_there(db)


def test_an_image_is_counted_once_with_its_opinion_however_often_it_is_sent(settings):
    take_in(settings, picture(1), film(2))
    assert (of(settings, PICTURES), of(settings, FIRST)) == (2, 2)
    take_in(settings, picture(1), film(2), picture(1))
    assert (of(settings, PICTURES), of(settings, FIRST)) == (2, 2)
    assert {row["day"] for row in counted(settings)} == {clock.stamp()[:10]}


def test_every_signal_of_an_image_is_counted_once(settings):
    take_in(settings, film(1))
    (opinion,) = [row for row in counted(settings) if row["model"]]
    (seen,) = [row for row in counted(settings) if not row["model"]]
    for row, layout in ((opinion, OPINION_LAYOUT), (seen, PICTURE_LAYOUT)):
        assert [sum(row["counts"][layout.parts[signal.name]]) for signal in layout.signals] == [1] * len(layout.signals)


def test_the_mode_keeps_opinions_apart_and_not_the_x_rays(settings):
    """What is said of images depends on it; what they look like is anybody's to know."""
    take_in(settings, film(1))
    with opened(settings.home) as db:
        db.execute("UPDATE worklists SET mode = 'blinded' WHERE id = 1")
    take_in(settings, film(2))
    assert {row["mode"] for row in counted(settings) if row["model"] == FIRST} == {"concurrent", "blinded"}
    assert {row["mode"] for row in counted(settings) if row["model"] == PICTURES} == {""}
    assert of(settings, PICTURES) == of(settings, FIRST) == 2


def test_what_was_not_stored_is_not_counted(settings):
    take_in(settings, b"no picture")
    assert counted(settings) == []


def test_nothing_is_counted_where_the_transaction_of_intake_fails(settings):
    with opened(settings.home) as db:
        db.execute("CREATE TRIGGER no BEFORE INSERT ON predictions BEGIN SELECT RAISE(ABORT, 'no'); END")
    take_in(settings, picture(1))
    assert counted(settings) == query(settings, "SELECT * FROM images") == []


def test_a_new_version_is_counted_by_itself(settings):
    take_in(settings, picture(1))
    before = of(settings, FIRST)
    put_second_to_use(settings)
    work_off(settings)
    assert (of(settings, PICTURES), of(settings, FIRST), of(settings, "second")) == (1, before, 1)


def test_an_image_whose_file_is_gone_is_counted_as_not_analysed(settings):
    take_in(settings, picture(1))
    put_second_to_use(settings)
    with opened(settings.home) as db:
        for row in images.all_files(db):
            files.path_of(settings.home, row["file_sha256"]).unlink()
    work_off(settings)
    (found,) = [row for row in counted(settings) if row["model"] == "second"]
    assert found["counts"][OPINION_LAYOUT.parts["answer"]] == [0, 0, 0, 1, 0]
    before = counted(settings)
    count_anew(settings)
    assert counted(settings) == before


def test_counting_all_at_once_gives_the_same_counts(settings):
    with clock.at(clock.now() - timedelta(days=3)):
        take_in(settings, picture(1), film(2))
    take_in(settings, film(3), film(4, True), picture(5))
    before = counted(settings)
    assert len({row["day"] for row in before}) == 2
    count_anew(settings)
    assert counted(settings) == before


def test_what_is_counted_already_is_not_counted_again(settings):
    take_in(settings, film(1))
    before = counted(settings)
    with opened(settings.home) as db:
        recounting.count_what_was_there(db)
    assert counted(settings) == before


def test_a_home_from_before_is_counted_whole_when_it_is_opened_whatever_came_in_just_before(settings):
    take_in(settings, film(1), picture(2), film(6))
    before = counted(settings)
    forget(settings)
    take_in(settings, film(6))
    open_home(settings.home)
    assert counted(settings) == before != []


def test_what_a_new_version_makes_of_x_rays_that_waited_is_not_counted(settings):
    with clock.at(clock.now() - timedelta(days=3)):
        take_in(settings, picture(1))
    take_in(settings, picture(2))
    put_second_to_use(settings)
    work_off(settings)
    assert of(settings, "second") == 1, "the other came three days before"
    before = counted(settings)
    count_anew(settings)
    assert counted(settings) == before


def test_what_is_erased_is_taken_back_and_nothing_else(settings):
    take_in(settings, film(1), picture(2), patient="hers")
    kept = counted(settings)
    with clock.at(clock.now() - timedelta(days=3)):
        take_in(settings, picture(3), picture(4, True), patient="his")
    erasing.erase(settings.home, COMMAND_LINE, "his", "asked for")
    assert counted(settings) == kept
    for patient in {row["patient"] for row in query(settings, "SELECT patient FROM images")}:
        erasing.erase(settings.home, COMMAND_LINE, patient, "asked for")
    assert query(settings, "SELECT * FROM tallies") == []
