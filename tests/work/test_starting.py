"""Asking for the demo, and which workers are alive."""

import pytest

from cxr_core.errors import Conflict
from cxr_core.records import JobState, Lane
from cxr_core.store import jobs, workers
from cxr_core.store.db import opened
from cxr_core.store.secret import site_secret
from cxr_core.work import accounts, starting
from cxr_core.work.opening import DEMO_SECRET, is_demo, open_home
from tests.work.sites import add_user, new_home, picture, take_in


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def test_an_empty_home_becomes_a_demo_and_keeps_a_secret_of_its_own(settings):
    number = starting.ask_for_demo(settings.home)
    assert is_demo(settings.home)
    assert site_secret(settings.home) != DEMO_SECRET
    assert starting.demo_job(settings.home).id == number
    assert accounts.shown_accounts(settings.home)
    open_home(settings.home)


def test_asking_twice_queues_one_job(settings):
    assert starting.ask_for_demo(settings.home) == starting.ask_for_demo(settings.home)


def test_a_demo_that_failed_can_be_asked_for_again(settings):
    first = starting.ask_for_demo(settings.home)
    with opened(settings.home) as db:
        jobs.cancel(db, first, "a test")
    assert starting.ask_for_demo(settings.home) != first


def test_a_demo_that_is_done_is_not_made_again(settings):
    first = starting.ask_for_demo(settings.home)
    with opened(settings.home) as db:
        jobs.finish(db, jobs.claim(db, Lane.LEARNING, "w").id, "w", {})
    assert starting.ask_for_demo(settings.home) == first


def test_a_demo_without_its_files_is_made_again(settings):
    first = starting.ask_for_demo(settings.home)
    with opened(settings.home) as db:
        jobs.finish(db, jobs.claim(db, Lane.LEARNING, "w").id, "w", {})
    take_in(settings, picture())
    assert starting.ask_for_demo(settings.home) == first
    for path in settings.home.glob("images/*/*"):
        path.unlink()
    again = starting.ask_for_demo(settings.home)
    assert again != first
    assert starting.demo_job(settings.home).state is JobState.QUEUED


@pytest.mark.parametrize("use", [add_user, lambda settings: take_in(settings, picture())])
def test_a_home_in_use_does_not_become_a_demo(settings, use):
    use(settings)
    secret = site_secret(settings.home)
    with pytest.raises(Conflict, match="set CXR_HOME to another folder"):
        starting.ask_for_demo(settings.home)
    assert site_secret(settings.home) == secret
    assert not is_demo(settings.home)


def test_lanes_with_a_living_worker_are_known(settings):
    assert starting.living_lanes(settings.home) == set()
    with opened(settings.home) as db:
        workers.register(db, "w", Lane.LEARNING, "1")
    assert starting.living_lanes(settings.home) == {Lane.LEARNING}
