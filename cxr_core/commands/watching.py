"""drift: what monitors a server calls it every few minutes, so that it loads nothing that it doesn't need."""

from __future__ import annotations

import argparse

from cxr_core.commands.output import result
from cxr_core.settings import Settings
from cxr_core.store.migrations import check
from cxr_core.work import alarming, watching
from cxr_core.work.guarding import COMMAND_LINE

ALARM_IS_OPEN = 3
"""The exit status, for what monitors it."""


def run_drift(settings: Settings, options: argparse.Namespace) -> int:
    """The signals and open alarms of the drift page as JSON; see ALARM_IS_OPEN."""
    check(settings.home)
    alarming.look(settings.home)
    found = watching.drift_now(settings.home, COMMAND_LINE, options.days)
    result(found)
    return ALARM_IS_OPEN if found["alarms"] else 0
