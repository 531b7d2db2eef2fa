"""pacs from, query, fetch, every: X-rays that are fetched from an archive."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from cxr_core.commands.exchanging import web_address
from cxr_core.commands.output import result
from cxr_core.commands.running import work_off
from cxr_core.errors import BadInput
from cxr_core.pacs.web.finding import Match, Query
from cxr_core.records import JobState, Lane
from cxr_core.settings import Settings
from cxr_core.store.migrations import check
from cxr_core.store.pulls import Pull
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import pulling
from cxr_core.work.privacy import identity


def run_from(settings: Settings, options: argparse.Namespace) -> int:
    """Add an archive that is asked."""
    check(settings.home)
    pulling.add_source(settings.home, COMMAND_LINE, options.name, web_address(options.url, options))
    result({"source": options.name})
    return 0


def run_from_no_more(settings: Settings, options: argparse.Namespace) -> int:
    """Remove one."""
    check(settings.home)
    pulling.remove_source(settings.home, COMMAND_LINE, options.name)
    result({"removed": options.name})
    return 0


def run_query(settings: Settings, options: argparse.Namespace) -> int:
    """What an archive has, an X-ray a line; whose it is appears here and nowhere else."""
    for match in _found(settings, options):
        result(asdict(match))
    return 0


def run_fetch(settings: Settings, options: argparse.Namespace) -> int:
    """Fetch all of that, and say how many came."""
    chosen = _found(settings, options)
    if not chosen:
        result({"of": 0})
        return 0
    job = pulling.fetch(settings.home, COMMAND_LINE, options.name, chosen)
    (done,) = work_off(settings, Lane.READING, [job])
    if done.state is JobState.FAILED:
        raise BadInput(done.error or "the program failed at this")
    result(done.result)
    return 0


def run_every(settings: Settings, options: argparse.Namespace) -> int:
    """Fetch what is new by itself."""
    check(settings.home)
    pull = Pull(0, tuple(options.modality), options.days, options.minutes, options.station or None)
    pulling.every(settings.home, COMMAND_LINE, options.name, pull)
    result({"source": options.name, "every": options.minutes})
    return 0


def run_every_no_more(settings: Settings, options: argparse.Namespace) -> int:
    """Do so no more."""
    check(settings.home)
    pulling.every_no_more(settings.home, COMMAND_LINE, options.name)
    result({"source": options.name, "every": None})
    return 0


def _found(settings: Settings, options: argparse.Namespace) -> list[Match]:
    check(settings.home)
    identity.require_key(settings)  # this very process may have to do the worker's part
    query = Query(options.since, options.until, tuple(options.modality), options.patient, options.station)
    asked = pulling.search(settings.home, COMMAND_LINE, options.name, query)
    try:
        work_off(settings, Lane.READING, [asked.job])
        return pulling.found(settings.home, COMMAND_LINE, asked) or []
    finally:  # also where somebody has broken this off
        pulling.let_go(settings.home, COMMAND_LINE, asked)
