"""The next run of a page begins once the one before was heard to its end, whatever comes meanwhile."""

import asyncio
from types import SimpleNamespace

import pytest
from streamlit.runtime.app_session import AppSessionState

from cxr_core.ui import unheard


class Run:
    """One that is over; or one that is not, and takes what is asked for."""

    def __init__(self, is_over=True):
        self.is_over, self.asked = is_over, []

    def request_rerun(self, asked):
        self.asked.append(asked)
        return not self.is_over


@pytest.fixture
def began(monkeypatch):
    """What was begun, and a session in which each run is over at once."""
    found = []

    def begin(session, asked):
        found.append(asked)
        session._event_loop.call_soon(found.append, f"said by {asked}")
        session._scriptrunner = Run()

    monkeypatch.setattr(unheard, "_begin", begin)
    return found


def session_with(run):
    return SimpleNamespace(
        _scriptrunner=run, _state=AppSessionState.APP_NOT_RUNNING, _event_loop=asyncio.get_running_loop()
    )


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


def test_without_a_run_it_begins_at_once(began):
    async def ask():
        unheard.begin_once_heard(session_with(None), "first")
        return list(began)

    assert asyncio.run(ask()) == ["first"]


def test_what_was_said_is_heard_before(began):
    async def ask():
        session = session_with(Run())
        session._event_loop.call_soon(began.append, "said by the last")
        unheard.begin_once_heard(session, "next")
        await turns()

    asyncio.run(ask())
    assert began == ["said by the last", "next", "said by next"]


def test_of_two_that_were_asked_for_the_second_waits_for_the_first(began):
    async def ask():
        session = session_with(Run())
        unheard.begin_once_heard(session, "first")
        unheard.begin_once_heard(session, "second")
        await turns()

    asyncio.run(ask())
    assert began == ["first", "said by first", "second", "said by second"]


def test_one_that_has_begun_meanwhile_takes_it_over(began):
    async def ask():
        session, running = session_with(Run()), Run(is_over=False)
        unheard.begin_once_heard(session, "next")
        session._scriptrunner = running
        await turns()
        return running.asked

    assert asyncio.run(ask()) == ["next"]
    assert began == []


def test_nothing_begins_in_a_page_that_was_closed(began):
    async def ask():
        session = session_with(Run())
        unheard.begin_once_heard(session, "next")
        session._state = AppSessionState.SHUTDOWN_REQUESTED
        await turns()

    asyncio.run(ask())
    assert began == []
