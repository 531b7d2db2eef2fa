"""drift, notify-test. What monitors a server calls drift every few minutes: it loads nothing that it doesn't need."""

from __future__ import annotations

import argparse

from cxr_core.commands.output import result
from cxr_core.settings import Settings
from cxr_core.store import files
from cxr_core.store.migrations import check
from cxr_core.work import alarming, metrics, notifying, reporting
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.reporting import Report
from cxr_core.work.watching import View

ALARM_IS_OPEN = 3
"""The exit status of `drift`, for what monitors it."""
READABLE = 0o644
"""Who may read what `drift` writes: what monitors the machine is another user."""


def run_drift(settings: Settings, options: argparse.Namespace) -> int:
    """The figures of the drift page as JSON, or as files; see ALARM_IS_OPEN."""
    check(settings.home)
    alarming.look(settings.home, settings.channels)
    found = reporting.report(settings.home, COMMAND_LINE, View(options.days))
    paths = {"html": options.html, "csv": options.csv, "prometheus": options.prometheus}
    for kind in (kind for kind, path in paths.items() if path):
        files.write_durably(paths[kind], _drift_as(settings, found, kind).encode(), READABLE)
    if not any(paths.values()):
        result(reporting.figures(found))
    return ALARM_IS_OPEN if found.alarms and found.alarms.open else 0


def _drift_as(settings: Settings, found: Report, kind: str) -> str:
    if kind == "prometheus":
        return metrics.metrics(settings.home, COMMAND_LINE, found)
    from cxr_core.ui import drift_downloads  # with Streamlit, which no other command needs

    reporting.put_on_record(settings.home, COMMAND_LINE, found, kind)
    return drift_downloads.text_of(found, kind)


def run_notify_test(settings: Settings, options: argparse.Namespace) -> int:
    """Send a test on every channel on which alarms are told, a JSON line each; 1 if any doesn't get through."""
    found = list(notifying.try_out(settings, COMMAND_LINE))
    for each in found:
        result(each)
    return 0 if all(each["sent"] for each in found) else 1
