from __future__ import annotations

from datetime import date

from cxr_core.drift.weeks import monday


def test_a_week_runs_from_monday_to_sunday() -> None:
    assert monday(date(2025, 3, 3)) == date(2025, 3, 3)
    assert monday(date(2025, 3, 9)) == date(2025, 3, 3)
    assert monday(date(2025, 3, 10)) == date(2025, 3, 10)


def test_a_week_may_begin_in_the_year_before() -> None:
    assert monday(date(2026, 1, 1)) == date(2025, 12, 29)
