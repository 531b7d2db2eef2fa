"""pynetdicom and pydicom without their logs: what they tell of messages may name a patient, and costs time besides.

Whatever in this room opens a connection imports this module; what an operator must know the room says itself, with
addresses, AE titles, codes and kinds of errors alone.
"""

from __future__ import annotations

import logging
import traceback
import warnings

from pynetdicom import _config

_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False
for _name in ("pynetdicom", "pydicom"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
warnings.filterwarnings("ignore", module=r"pydicom\.")  # they quote the value that they complain of


def told_without_words(error: BaseException) -> str:
    """Kind and place of an error, without its message, which may hold what a sender wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
