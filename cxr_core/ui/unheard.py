"""A run of a page is heard to its end before the next one begins: Streamlit by itself would drop what it drew.

A run is a thread, and what it draws comes to the event loop as calls. Where the page asks for another run meanwhile, as
its parts that draw themselves anew do, Streamlit 1.67 begins that at once, and takes all that the one before has still
to say for stale (`AppSession.request_rerun` tells of it). A key that was pressed just then would have its effect, and
the screen wouldn't show it: a button could promise another answer than it records.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner

_begin = AppSession._create_scriptrunner
_waiting: WeakKeyDictionary[AppSession, list[RerunData]] = WeakKeyDictionary()
"""Runs that have yet to begin, in the order in which they were asked for."""


def begin_once_heard(session: AppSession, asked: RerunData) -> None:
    """Begin the run that was asked for, after what the one that is over has said by now.

    What waits for that begins first, whatever comes after it: each says what all fields of the page held, and the last
    has to count. So where nothing is to be heard, as where all of the page is to be drawn, none waits any longer.
    """
    _waiting.setdefault(session, []).append(asked)
    if session._scriptrunner is None:
        _begin_all(session, None)
    else:
        session._event_loop.call_soon(_begin_all, session, session._scriptrunner)


def _begin_all(session: AppSession, over: ScriptRunner | None) -> None:
    for asked in _waiting.pop(session, []):
        current = session._scriptrunner
        if session._state is AppSessionState.SHUTDOWN_REQUESTED:
            return
        if current is None or current is over:
            _begin(session, asked)
        elif not current.request_rerun(asked):
            begin_once_heard(session, asked)  # that one is over, too, and has yet to be heard


def hear_every_run() -> None:
    """Have all sessions of this process do so."""
    AppSession._create_scriptrunner = begin_once_heard  # type: ignore[assignment, method-assign]
