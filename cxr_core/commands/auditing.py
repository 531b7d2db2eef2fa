"""audit head, verify, cut: the chain as whoever keeps the machine sees it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime, time

from cxr_core import clock
from cxr_core.commands.output import result, say, say_unchecked
from cxr_core.errors import IntegrityError
from cxr_core.settings import Settings
from cxr_core.store.migrations import check
from cxr_core.work.auditing import checking, cutting
from cxr_core.work.guarding import COMMAND_LINE


def run_head(settings: Settings, options: argparse.Namespace) -> int:
    """Print where the chain ends: its last row's number, and that row's hash."""
    check(settings.home)
    print(checking.head(settings.home, COMMAND_LINE), flush=True)
    return 0


def run_verify(settings: Settings, options: argparse.Namespace) -> int:
    """Check the chain, also against earlier heads, and the files that were cut off; 1 if something is wrong."""
    check(settings.home)
    found = checking.verify(settings.home, COMMAND_LINE, options.head, options.files)
    problems, unchecked = found.problem.splitlines(), found.unchecked.splitlines()
    result({
        "head": found.head, "events": found.events, "heads": len(options.head), "problems": problems,
        "not_checked": unchecked,
    })  # fmt: skip
    say_unchecked(unchecked)
    if problems:
        raise IntegrityError("; ".join(problems))
    return 0


def run_cut(settings: Settings, options: argparse.Namespace) -> int:
    """Say what would be cut off; with --yes, write it to a file and cut it off."""
    check(settings.home)
    before = clock.stamp(datetime.combine(options.before, time(), UTC))
    if options.yes:
        result(asdict(cutting.cut(settings.home, COMMAND_LINE, before, options.to)))
        return 0
    result(asdict(cutting.preview(settings.home, COMMAND_LINE, before)))
    say("nothing was changed: say --yes to write these rows to a file and remove them")
    return 0
