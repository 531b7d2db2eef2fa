"""The time that a run still takes, by how fast it went so far; the clock is the test's."""

import pytest

from cxr_core.work.models import pace


@pytest.fixture
def seconds(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    return now


def test_it_is_told_once_something_was_done(seconds):
    said = []
    tell = pace.timed(said.append)
    tell({"doing": "getting ready"})
    tell({"epoch": 1, "epochs": 4, "step": 5, "steps": 10})
    seconds[0] += 30
    tell({"epoch": 1, "epochs": 4, "step": 10, "steps": 10})
    seconds[0] += 60
    tell({"epoch": 2, "epochs": 4, "history": []})
    assert [each.get("seconds_left") for each in said] == [None, None, 180, 120]


def test_a_run_that_goes_on_counts_from_where_it_took_up(seconds):
    said = []
    tell = pace.timed(said.append)
    tell({"epoch": 5, "epochs": 10})
    seconds[0] += 10
    tell({"epoch": 6, "epochs": 10})
    assert [each.get("seconds_left") for each in said] == [None, 40]
