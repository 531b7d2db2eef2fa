"""lineage, erase, scan: what became of a patient's images, taking them away, and what of them lies about."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from cxr_core.commands.output import result, say
from cxr_core.settings import Settings
from cxr_core.store.migrations import check
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import lineage
from cxr_core.work.privacy import erasing, scanning


def run_lineage(settings: Settings, options: argparse.Namespace) -> int:
    """One JSON object: from an opinion or a model to what it learnt from, from a patient to what learnt of them."""
    check(settings.home)
    result(asdict(lineage.find(settings.home, COMMAND_LINE, options.wanted)))
    return 0


def run_erase(settings: Settings, options: argparse.Namespace) -> int:
    """One JSON object: what would go, or with --yes went, and the models that learnt from the patient."""
    check(settings.home)
    if options.yes:
        found = erasing.erase(settings.home, COMMAND_LINE, options.patient, options.reason)
    else:
        found = erasing.preview(settings.home, COMMAND_LINE, options.patient)
        say("nothing was erased: say --yes for that")
    result({**asdict(found), "erased": options.yes})
    return 0


def run_scan(settings: Settings, options: argparse.Namespace) -> int:
    """One JSON line a hit, then one with what was looked at; 1 where there was a hit, or something can't be read."""
    check(settings.home)
    known = scanning.Known(options.identifiers, options.originals)
    scanned = scanning.scan(settings, COMMAND_LINE, known, options.paths, result)
    result(asdict(scanned))
    return int(bool(scanned.found or scanned.unread))
