"""The next run of a page begins once the one before was heard to its end, whatever comes meanwhile."""

import asyncio

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.app_session import AppSessionState
from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests

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


class Session:
    """One whose run is this."""

    def __init__(self, run):
        self._scriptrunner, self._state = run, AppSessionState.APP_NOT_RUNNING
        self._event_loop = asyncio.get_running_loop()

    def ask_for_all(self, asked):
        """Ask for a whole run, as Streamlit does: it listens no more to the run there is."""
        self._scriptrunner = None
        unheard.begin_once_heard(self, asked)


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


def test_without_a_run_it_begins_at_once(began):
    async def ask():
        unheard.begin_once_heard(Session(None), "first")
        return list(began)

    assert asyncio.run(ask()) == ["first"]


def test_what_was_said_is_heard_before(began):
    async def ask():
        session = Session(Run())
        session._event_loop.call_soon(began.append, "said by the last")
        unheard.begin_once_heard(session, "next")
        await turns()

    asyncio.run(ask())
    assert began == ["said by the last", "next", "said by next"]


def test_of_two_that_were_asked_for_the_second_waits_for_the_first(began):
    async def ask():
        session = Session(Run())
        unheard.begin_once_heard(session, "first")
        unheard.begin_once_heard(session, "second")
        await turns()

    asyncio.run(ask())
    assert began == ["first", "said by first", "second", "said by second"]


def test_one_that_has_begun_meanwhile_takes_it_over(began):
    async def ask():
        session, running = Session(Run()), Run(is_over=False)
        unheard.begin_once_heard(session, "next")
        session._scriptrunner = running
        await turns()
        return running.asked

    assert asyncio.run(ask()) == ["next"]
    assert began == []


def test_nothing_begins_in_a_page_that_was_closed(began):
    async def ask():
        session = Session(Run())
        unheard.begin_once_heard(session, "next")
        session._state = AppSessionState.SHUTDOWN_REQUESTED
        await turns()

    asyncio.run(ask())
    assert began == []


class Queue(ScriptRequests):
    """A run of which Streamlit's own queue is real: it has yet to take what it was begun with."""

    def __init__(self, asked):
        super().__init__()
        self.request_rerun(asked)


@pytest.fixture
def queued(monkeypatch):
    """Sessions whose runs are queues."""
    monkeypatch.setattr(unheard, "_begin", lambda session, asked: setattr(session, "_scriptrunner", Queue(asked)))


def asking(value, fragment=None):
    """What a page asks for where its one field says this."""
    states = WidgetStates()
    states.widgets.add(id="field", string_value=value)
    return RerunData(widget_states=states, fragment_id=fragment)


def test_what_was_typed_last_counts_where_a_part_was_to_be_drawn_and_then_all_was(queued):
    async def ask():
        session = Session(Run())
        unheard.begin_once_heard(session, asking("old", "a part"))
        session.ask_for_all(asking("new"))
        await turns()
        return session._scriptrunner.on_scriptrunner_ready().rerun_data

    found = asyncio.run(ask())
    assert [state.string_value for state in found.widget_states.widgets] == ["new"]
    assert found.fragment_id_queue == []


def test_what_was_asked_for_first_begins_first_though_its_turn_comes_later(began):
    async def ask():
        session = Session(Run())
        unheard.begin_once_heard(session, "first")
        session.ask_for_all("second")
        await turns()

    asyncio.run(ask())
    assert [each for each in began if not each.startswith("said")] == ["first", "second"]
