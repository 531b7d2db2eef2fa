"""What is fetched by itself: one rule for a source, due again after its minutes, begun by one worker."""

from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.errors import NotFound
from cxr_core.store import pulls, senders
from cxr_core.store.pulls import Pull

ADDRESS = {"url": "https://pacs.hospital/dicom-web", "user": "", "unencrypted": False}


@pytest.fixture
def source(db):
    return senders.add_source(db, "PACS", ADDRESS)


@pytest.fixture
def pull(db, source):
    pulls.put(db, Pull(source, ("CR", "DX"), days=2, minutes=15, station="ROOM1"))
    return pulls.of_source(db, source)


def test_what_is_put_is_found_as_it_was(db, source, pull):
    assert pull == Pull(source, ("CR", "DX"), 2, 15, "ROOM1", complete_at=pull.complete_at, id=pull.id)
    assert pulls.in_use(db) == pulls.due(db) == [pull]


def test_a_source_has_one_pull_and_the_last_one_holds(db, source, pull):
    pulls.put(db, Pull(source, ("DX",), days=1, minutes=5))
    (found,) = pulls.in_use(db)
    assert pulls.stations(db) == ["ROOM1"]
    assert (found.modalities, found.station, found.minutes) == (("DX",), None, 5)


def test_it_is_begun_once_and_due_again_after_its_minutes(db, pull):
    now = clock.now()
    with clock.at(now):
        assert pulls.begin(db, pull)
        assert not pulls.begin(db, pull)
        assert pulls.due(db) == []
    with clock.at(now + timedelta(minutes=14)):
        assert pulls.due(db) == []
    with clock.at(now + timedelta(minutes=16)):
        (again,) = pulls.due(db)
        assert again.ran_at == clock.stamp(now)
        assert pulls.begin(db, again)


def test_what_came_of_it_is_kept_until_the_next_time(db, source, pull):
    assert pulls.note(db, pull.id, "it refuses", failed=True)
    assert (pulls.of_source(db, source).said, pulls.of_source(db, source).failed) == ("it refuses", True)
    pulls.note(db, pull.id, "3 fetched")
    assert (pulls.of_source(db, source).said, pulls.of_source(db, source).failed) == ("3 fetched", False)


def test_when_the_last_complete_run_began_is_known(db, source, pull):
    later = clock.now() + timedelta(minutes=16)
    with clock.at(later):
        pulls.begin(db, pull)
    assert pulls.of_source(db, source).complete_at == pull.complete_at < clock.stamp(later)
    pulls.complete(db, pull.id)
    assert pulls.of_source(db, source).complete_at == clock.stamp(later)


def test_while_it_is_held_it_is_neither_due_nor_begun(db, source, pull):
    pulls.hold(db, pull.id, "the archive moves")
    assert pulls.due(db) == []
    assert not pulls.begin(db, pull)
    assert not pulls.note(db, pull.id, "something")
    assert pulls.of_source(db, source).held_because == "the archive moves"
    pulls.go_on(db, pull.id)
    assert [each.id for each in pulls.due(db)] == [pull.id]


def test_with_its_source_it_goes(db, source, pull):
    senders.remove(db, "PACS")
    assert pulls.in_use(db) == pulls.due(db) == []
    assert not pulls.begin(db, pull)
    assert not pulls.note(db, pull.id, "something")
    with pytest.raises(NotFound, match="nothing is fetched from there"):
        pulls.of_source(db, source)
