"""migrate, downgrade: to this program's schema, and back."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from cxr_core.commands.output import result
from cxr_core.errors import IntegrityError
from cxr_core.settings import Settings
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.opening import open_home
from cxr_core.work.service import updating


def run_migrate(settings: Settings, options: argparse.Namespace) -> int:
    """Make the home, or bring it up to date; or try that on a copy, and say what would come of it: 1 if problems."""
    if not options.trial:
        result({"home": str(settings.home), "steps": open_home(settings.home)})
        return 0
    tried = updating.try_out(settings.home, COMMAND_LINE)
    result(asdict(tried))
    if tried.problems:
        raise IntegrityError("; ".join(tried.problems))
    return 0


def run_downgrade(settings: Settings, options: argparse.Namespace) -> int:
    """What going back before the last update would lose; with --yes, go back."""
    use = updating.go_back if options.yes else updating.way_back
    result(asdict(use(settings.home, COMMAND_LINE)))
    return 0
