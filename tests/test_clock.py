"""The time: UTC, ISO 8601, and text that sorts like time."""

import threading
from datetime import UTC, datetime, timedelta, timezone

from cxr_core import clock

THEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_stamp_is_utc_with_microseconds():
    assert clock.stamp(THEN) == "2026-03-01T12:00:00.000000+00:00"
    assert clock.stamp(datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))) == clock.stamp(THEN)


def test_stamps_sort_like_the_moments_they_stand_for():
    moments = [THEN + timedelta(microseconds=step**5) for step in range(40)]
    assert sorted(map(clock.stamp, reversed(moments))) == list(map(clock.stamp, moments))


def test_now_is_pretended_within_the_block_only():
    with clock.at(THEN):
        assert clock.now() == THEN
        with clock.at(THEN + timedelta(days=1)):
            assert clock.now() == THEN + timedelta(days=1)
        assert clock.now() == THEN
        assert clock.ago(hours=12) == "2026-03-01T00:00:00.000000+00:00"
    assert clock.now() != THEN


def test_another_thread_keeps_the_real_time():
    seen = []
    with clock.at(THEN):
        thread = threading.Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert seen[0] != THEN


def test_a_block_that_fails_gives_the_time_back():
    try:
        with clock.at(THEN):
            raise ValueError
    except ValueError:
        assert clock.now() != THEN
