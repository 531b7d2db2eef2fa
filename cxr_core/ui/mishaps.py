"""What a person sees when something goes wrong: one plain sentence, and never a trace with data in it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from cxr_core.errors import CxrError
from cxr_core.ui.ending import PageEnd

log = logging.getLogger("cxr_core.ui")


def show(error: Exception) -> bool:
    """Show an error that ended a page; always True, which tells Streamlit that it has been shown."""
    if isinstance(error, CxrError):
        st.error(str(error))
        return True
    reference = secrets.token_hex(4)
    log.error("page failed, reference %s", reference, exc_info=error)
    st.error(f"The program failed here; nothing was changed. Tell whoever runs it: reference {reference} in the log.")
    return True


@contextmanager
def told() -> Iterator[None]:
    """Show an error that a person can mend where it happened, and go on with the page."""
    try:
        yield
    except CxrError as error:
        st.error(str(error))


@contextmanager
def to_the_end_of_the_run() -> Iterator[None]:
    """Whether its page ends early or fails, the run goes on to its end.

    Only there Streamlit 1.67 forgets the parts of the page before that draw themselves anew. One of these that was
    asked for meanwhile would be drawn where nothing has a place for it any more, of which browsers show a white page.
    """
    try:
        yield
    except PageEnd:
        pass
    except Exception as error:  # noqa: BLE001  (shown, and logged, as Streamlit would have it done)
        show(error)
