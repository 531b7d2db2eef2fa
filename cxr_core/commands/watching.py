"""drift, notify-test. What monitors a server calls drift every few minutes: it loads nothing that it doesn't need."""

from __future__ import annotations

import argparse
from pathlib import Path

from cxr_core.commands.output import result
from cxr_core.errors import BadInput
from cxr_core.settings import Settings
from cxr_core.store import files
from cxr_core.store.migrations import check
from cxr_core.work.drift import alarming, metrics, notifying, reporting
from cxr_core.work.drift.reporting import Report
from cxr_core.work.drift.watching import View
from cxr_core.work.guarding import COMMAND_LINE

ALARM_IS_OPEN = 3
"""The exit status of `drift`, for what monitors it."""
MODES = {"html": 0o600, "csv": 0o600, "prometheus": 0o644}
"""Who may read what `drift` writes: what monitors the machine is another user; the others have what admins typed."""


def run_drift(settings: Settings, options: argparse.Namespace) -> int:
    """The figures of the drift page as JSON, or as files; see ALARM_IS_OPEN."""
    view, paths = View(options.days), _paths(options)
    check(settings.home)
    alarming.look(settings.home, settings.channels)
    found = reporting.report(settings.home, COMMAND_LINE, view)
    for kind, path in paths.items():
        files.write_durably(path, _drift_as(settings, found, kind).encode(), mode=MODES[kind])
    if not paths:
        result(reporting.figures(found))
    return ALARM_IS_OPEN if found.alarms and found.alarms.open else 0


def _paths(options: argparse.Namespace) -> dict[str, Path]:
    """Where to write which kind. Raises BadInput for a folder, and for a file in a folder that isn't there."""
    paths: dict[str, Path] = {kind: path for kind in MODES if (path := getattr(options, kind))}
    for kind, path in paths.items():
        if path.is_dir():
            raise BadInput(f"--{kind} {path}: that is a folder; name a file")
        if not path.parent.is_dir():
            raise BadInput(f"--{kind} {path}: there is no folder {path.parent}; make it, or name another")
    return paths


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
