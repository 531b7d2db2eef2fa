"""Fields that several screens have."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from streamlit.testing.v1 import AppTest

from cxr_core import clock

ROOT = Path(__file__).parents[2]
SCREENS = [*(ROOT / "cxr_core" / "ui").glob("*.py"), *(ROOT / "pages").glob("*.py")]


def _fields():
    from datetime import date

    import streamlit as st

    from cxr_core.ui import fields

    st.text(fields.device(["device-0123456789"], "tube"))
    st.text(fields.day("From", date(2026, 3, 2), "from"))
    st.text(fields.day_so_far("Since", None, "since", 150))


def drawn():
    return AppTest.from_function(_fields).run()


def values(app):
    return [each.value for each in app.text]


def test_a_device_is_shown_by_its_short_name_and_none_is_any():
    app = drawn()
    (device,) = app.selectbox
    assert (device.options, device.proto.placeholder, values(app)[0]) == (["01234567"], "Device: any", "None")
    assert values(device.select_index(0).run())[0] == "device-0123456789"


def test_a_day_is_the_usual_one_until_another_is_chosen():
    app = drawn()
    assert values(app)[1:] == ["2026-03-02", "None"]
    app.date_input(key="from").set_value(date(2026, 3, 1))
    assert values(app.date_input(key="since").set_value(date(2026, 1, 5)).run())[1:] == ["2026-03-01", "2026-01-05"]


def test_days_so_far_end_today():
    since = drawn().date_input(key="since")
    assert (since.min, since.max) == (clock.EARLIEST, clock.now().date())


def test_every_day_is_written_the_same_way_on_all_screens():
    assert {day.proto.format for day in drawn().date_input} == {"YYYY-MM-DD"}
    assert [path.name for path in SCREENS if "date_input" in path.read_text(encoding="utf-8")] == ["fields.py"]
