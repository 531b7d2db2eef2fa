"""load: fifty readers at once, X-rays that come over the network and a retrain, on one machine with all that asks."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from bench import load_day
from bench.load_counts import wrong_arrivals, wrong_reads
from bench.load_day import Day, Lived
from bench.measure import Measurement
from bench.processor import watched
from bench.retraining import EVERY_SIDE, start_a_retrain
from cxr_core.settings import Settings
from cxr_core.store import jobs
from cxr_core.store.db import opened, rows
from cxr_core.work.incoming.spool import INTAKE
from tests.browser.app import App, running_app
from tests.model.chests import public_set
from tests.network import hospital
from tests.network.hospital import Hospital

READERS, CASES = 50, 650
PACED = Day(READERS, seconds=120, pause=(10, 20), a_bundle=5, arriving=30)
"""Fifty readers come within half a minute, and look at each case for 10 to 20 seconds."""
SATURATED = Day(READERS, seconds=30, pause=(0, 0), a_bundle=5, arriving=30)
"""The same who never look."""
WORKING = {"CXR_FREE_MB": "0", "CXR_RUNTIME": "torch"}


def load() -> Measurement:
    """Seconds to the next case: the 95th percentile. Fails where a read or an X-ray was lost or doubled."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        site = hospital.founded(Path(folder))
        names = load_day.people(site.home, READERS)
        load_day.cases(site, range(CASES))
        public_set(Path(folder) / "base", EVERY_SIDE)
        os.sync()  # a hospital's home wasn't filled a moment ago
        variables = {"CXR_IDENTITY_KEY": str(site.settings.identity_key), "CXR_BASE_DATA": str(Path(folder) / "base")}
        app = stack.enter_context(running_app(site.home, **WORKING, **variables))
        hospital.listening(site, stack)
        start_a_retrain(Settings(home=site.home, base_data=Path(folder) / "base"))
        cores = watched(_processes(app, site))
        paced, spent = _lived(PACED, site, app, names, CASES), cores()
        waiting = _waiting(site)
        saturated = _lived(SATURATED, site, app, names, CASES + 5000)
        _require_all(site, names, paced, saturated)
    return _measured(paced, saturated, spent, waiting)


def _lived(day: Day, site: Hospital, app: App, names: Sequence[str], first: int) -> Lived:
    return asyncio.run(load_day.live(day, site, app.url, names, first))


def _processes(app: App, site: Hospital) -> dict[str, int]:
    """The parts of the program by their process's number; workers may still be counted to the web server."""
    assert site.listener
    with opened(site.home) as db:
        workers = {f"{row['lane']} worker": row["pid"] for row in rows(db, "SELECT lane, pid FROM workers")}
    return {"web server": app.process.pid, **workers, "listener": site.listener.pid, "this script": os.getpid()}


def _waiting(site: Hospital) -> int:
    with opened(site.home) as db:
        return jobs.open_from_network(db, INTAKE)


def _require_all(site: Hospital, names: Sequence[str], *days: Lived) -> None:
    """Raises AssertionError where not all that was promised was kept, once."""
    told = {name: [each for day in days for each in day.seen[name].told] for name in names}
    wrong = wrong_reads(site.home, told) + wrong_arrivals(
        site.home, [each for day in days for each in day.acknowledged]
    )
    assert not wrong, wrong[:10]


def _measured(paced: Lived, saturated: Lived, spent: dict[str, float], waiting: int) -> Measurement:
    p50, p95 = np.percentile(_waits(paced, PACED), [50, 95])
    most = np.percentile(_waits(saturated, SATURATED), 95)
    reads = [sum(len(seen.told) for seen in day.seen.values()) for day in (paced, saturated)]
    shares = ", ".join(f"{name} {cores:.2f}" for name, cores in spent.items())
    signing = np.percentile([seen.signed_in for seen in paced.seen.values()], 95)
    note = (
        f"p95 of {READERS} readers who look for 10 to 20 s, p50 {p50:.2f} s; {reads[0]} reads recorded and "
        f"{len(paced.acknowledged)} X-rays taken while a retrain ran, none lost or doubled; "
        f"{waiting} X-rays still waited to be judged; signing in p95 {signing:.1f} s; cores: {shares}; "
        f"readers who never look: {_rate(saturated, SATURATED):.1f} cases a second at p95 {most:.2f} s; "
        "at most 1 s wanted"
    )
    return Measurement("load", float(p95), None, "s", note, in_this_process=False)


def _waits(lived: Lived, day: Day) -> list[float]:
    """Seconds to the next case once all have come."""
    begun = lived.began + day.arriving
    return [spent for seen in lived.seen.values() for at, spent in seen.waited if at > begun]


def _rate(lived: Lived, day: Day) -> float:
    """Cases a second, once all have come."""
    return len(_waits(lived, day)) / day.seconds
