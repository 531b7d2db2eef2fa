"""The worker processes that the server starts."""

from __future__ import annotations

from cxr_core.records import Lane
from cxr_core.settings import Settings
from cxr_core.store import workers
from cxr_core.store.db import opened
from cxr_core.ui.workers import Workers
from cxr_core.work.opening import open_home


def test_lanes_with_a_living_worker_get_no_second_one(tmp_path):
    open_home(tmp_path)
    with opened(tmp_path) as db:
        for lane in Lane:
            workers.register(db, lane.value, lane, "1")
    started = Workers()
    started.ensure(Settings(home=tmp_path))
    assert started.processes() == []


def test_each_lane_gets_one_worker_which_ends_with_the_server(tmp_path):
    open_home(tmp_path)
    started = Workers()
    started.ensure(Settings(home=tmp_path))
    started.ensure(Settings(home=tmp_path))
    processes = started.processes()
    assert len(processes) == len(Lane)
    started.stop()
    assert all(process.poll() is not None for process in processes)
    started.ensure(Settings(home=tmp_path))
    assert started.processes() == [], "a server that is going down starts nothing"


def test_where_a_service_manager_keeps_the_workers_none_is_started(tmp_path):
    open_home(tmp_path)
    started = Workers()
    started.ensure(Settings(home=tmp_path, start_workers=False))
    assert started.processes() == []
