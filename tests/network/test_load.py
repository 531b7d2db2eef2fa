"""Readers at their browsers and X-rays over the network at once: nothing that was promised is lost or doubled."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench import load_day
from bench.films import PHANTOMS
from bench.load_counts import wrong_arrivals, wrong_reads
from bench.load_day import Day
from tests.browser.app import running_app
from tests.network import hospital
from tests.processes import PATIENCE, wait_until

pytestmark = pytest.mark.alone

CASES = 6
DAY = Day(readers=3, seconds=PATIENCE, pause=(0, 0.2), a_bundle=2, bundles=3)
"""Over once nothing waits to be read any more."""


def test_every_read_and_every_x_ray_is_there_once(tmp_path):
    site = hospital.founded(tmp_path)
    names = load_day.people(site.home, DAY.readers)
    load_day.cases(site, range(0, CASES * PHANTOMS, PHANTOMS))
    with (
        running_app(site.home, CXR_IDENTITY_KEY=str(site.settings.identity_key), CXR_FREE_MB="0") as app,
        hospital.running(site, worker=False),
    ):
        with ThreadPoolExecutor(1) as apart:  # a browser that other tests share has an event loop in this thread
            lived = apart.submit(asyncio.run, load_day.live(DAY, site, app.url, names, 1000)).result()
        told = {name: seen.told for name, seen in lived.seen.items()}
        assert wrong_reads(site.home, told) == []
        assert wrong_arrivals(site.home, lived.acknowledged) == []
        wait_until(lambda: site.waiting() == 0)
    assert sum(map(len, told.values())) >= CASES
    assert all(seen.refused == 0 for seen in lived.seen.values())
    assert len(set(lived.acknowledged)) == 6
    assert wrong_arrivals(site.home, lived.acknowledged) == []
