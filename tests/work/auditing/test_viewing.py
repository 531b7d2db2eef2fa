"""Who saw which X-ray, and when the model's opinion became visible to them, is on record once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.errors import NotFound
from cxr_core.records import Label, Mode, Role
from cxr_core.store import users
from cxr_core.store.db import opened
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import pictures
from cxr_core.work.reading_room import recording, viewing
from tests.work.reading_rooms import put, read
from tests.work.sites import new_home, query


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def member(settings, name, role=Role.RADIOLOGIST):
    with opened(settings.home) as db:
        users.add(db, name, role, "a long password", by="a test")
        return users.account(db, name).user


def events(settings, *actions):
    found = query(settings, "SELECT actor, action, details FROM audit ORDER BY id")
    return [(row["actor"], row["action"], row["details"]) for row in found if row["action"] in actions]


def test_a_case_on_a_readers_screen_is_one_view_however_often_it_is_drawn(settings):
    ann, image = member(settings, "ann"), put(settings)
    for _ in range(3):
        recording.claim(settings.home, ann, image)
    assert events(settings, "view image") == [("ann", "view image", '{"opinion": true}')]
    with clock.at(clock.now() + timedelta(minutes=viewing.ONE_LOOK_MINUTES, seconds=1)):
        recording.claim(settings.home, ann, image)
    assert len(events(settings, "view image")) == 2


def test_views_of_others_and_of_other_images_are_rows_of_their_own(settings):
    ann, ben, first, second = member(settings, "ann"), member(settings, "ben"), put(settings, 1), put(settings, 2)
    for reader in (ann, ben):
        for image in (first, second):
            recording.claim(settings.home, reader, image)
    assert len(events(settings, "view image")) == 4


def test_an_auditor_who_looks_on_is_on_record_too(settings):
    eve, image = member(settings, "eve", Role.AUDITOR), put(settings, mode=Mode.BLINDED)
    viewing.look_on(settings.home, eve, image)
    viewing.look_on(settings.home, eve, image)
    assert events(settings, "view image") == [("eve", "view image", '{"opinion": true}')]
    with pytest.raises(NotFound):
        viewing.look_on(settings.home, eve, "f" * 64)


def test_the_opinion_is_revealed_by_the_first_read_and_by_that_alone(settings):
    ann, image = member(settings, "ann"), put(settings, mode=Mode.SECOND_READER)
    recording.claim(settings.home, ann, image)
    assert events(settings, "view image") == [("ann", "view image", '{"opinion": false}')]
    read(settings, ann, image, Label.PNEUMONIA)
    (event,) = events(settings, "reveal")
    assert event[0] == "ann" and '"prediction": 1' in event[2]
    read(settings, ann, image, Label.PNEUMONIA)
    assert len(events(settings, "reveal")) == 1


@pytest.mark.parametrize("mode", [Mode.CONCURRENT, Mode.BLINDED])
def test_nothing_is_revealed_where_the_opinion_was_there_before_or_never_comes(settings, mode):
    ann, image = member(settings, "ann"), put(settings, mode=mode)
    read(settings, ann, image, Label.PNEUMONIA)
    assert events(settings, "reveal") == []


def test_pixels_are_handed_over_on_record_and_what_is_not_there_is_not(settings):
    image = put(settings)
    with pytest.raises(NotFound):
        pictures.path(settings.home, COMMAND_LINE, image)
    assert events(settings, "send image") == []
    place = pictures.place(settings.home, image)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"pixels")
    for _ in range(2):
        pictures.path(settings.home, COMMAND_LINE, image)
    assert events(settings, "send image") == [("command line", "send image", "{}")]
