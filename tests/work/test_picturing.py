"""Pictures that are missing are made when nobody waits."""

import logging

import pytest

from cxr_core.work.incoming import pictures, picturing
from tests.work.sites import files_in, new_home, picture, take_in


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


@pytest.fixture
def taken(settings):
    """The images of three pictures, as they came in."""
    return [verdict.image for verdict in take_in(settings, picture(1), picture(2), picture(3))]


def test_missing_pictures_are_made_again_newest_first_and_only_at_leisure(settings, taken):
    first, _, third = (pictures.place(settings.home, image) for image in taken)
    before, leisure = third.read_bytes(), []
    first.unlink(), third.unlink()
    chore = picturing.catching_up(settings.home, lambda: bool(leisure))
    assert [next(chore), next(chore)] == [False, False]
    assert not third.exists()
    leisure.append(True)
    assert next(chore)
    assert third.read_bytes() == before
    assert not first.exists()
    assert [next(chore), next(chore), next(chore)] == [True, False, False]
    assert first.exists()


def test_an_x_ray_that_is_damaged_is_told_and_does_not_stop_the_others(settings, taken, caplog):
    for image in taken:
        pictures.place(settings.home, image).unlink()
    newest = max(files_in(settings, "images"), key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(b"damaged")
    with caplog.at_level(logging.WARNING):
        assert [next(picturing.catching_up(settings.home, lambda: True)) for _ in range(1)] == [False]
        chore = picturing.catching_up(settings.home, lambda: True)
        assert [next(chore) for _ in range(4)] == [False, True, True, False]
    assert "bring it back from a backup" in caplog.text
    assert len(files_in(settings, "pictures")) == 2
