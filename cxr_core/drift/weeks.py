"""Days put into ISO weeks, Monday to Sunday."""

from __future__ import annotations

from datetime import date, timedelta


def monday(day: date) -> date:
    """The Monday that begins the ISO week of `day`."""
    return day - timedelta(days=day.weekday())
