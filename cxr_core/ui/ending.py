"""Ending a page early, with the frame around it drawn all the same."""

from __future__ import annotations

from typing import NoReturn

from streamlit.runtime.scriptrunner import StopException


class PageEnd(StopException):
    """A page has nothing more to draw. Not that its run is to stop, as where another begins: that goes on at once."""


def end_page() -> NoReturn:
    """Nothing of the page is drawn after this. Not `st.stop`, which stops what the frame has yet to draw, too."""
    raise PageEnd
