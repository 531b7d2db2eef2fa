"""The server's own log, taken over from Streamlit and uvicorn: each writes in a form of its own, with their words."""

from __future__ import annotations

import logging

from streamlit import logger as streamlits

from cxr_core import logs
from cxr_core.settings import Settings

CHATTY = ("uvicorn.error", "uvicorn.access", "websockets")
"""They tell of every connection by its address and query."""


def take_over(settings: Settings) -> None:
    """Have everything that this process logs go out as the settings say."""
    logs.begin(settings.log, "web")
    streamlits.setup_formatter = _passed_on  # whatever logger Streamlit makes later comes by here
    for name in {*streamlits._loggers, "uvicorn", *CHATTY}:
        _passed_on(logging.getLogger(name))
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _passed_on(logger: logging.Logger) -> None:
    logger.handlers.clear()
    logger.propagate = True
