"""What the drift page looks at, as its address says, and what it shows of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.model import release
from cxr_core.records import Label
from cxr_core.store import models
from cxr_core.store.db import opened

FIRST = release.card()["name"]


def days_ago(days):
    return (clock.now().date() - timedelta(days=days)).isoformat()


@pytest.fixture
def came(arrive):
    """Sixty X-rays of one device, half of them pneumonias."""
    for number in range(60):
        arrive(number, 0.9 if number % 2 else 0.1, Label.PNEUMONIA if number % 2 else Label.NORMAL)


def test_the_last_day_is_in_the_address(show, said, came):
    text = said(show("drift", "ann", until=days_ago(3)))
    assert "No X-rays in this time" in text
    assert f"up to {days_ago(3)} beside the reference of {FIRST}" in text
    assert "No X-rays" not in said(show("drift", "ann", range="4 weeks", until=days_ago(0)))


def test_a_version_that_was_not_in_use_yet_says_so(show, said, came):
    assert "wasn't in use yet" in said(show("drift", "ann", version=FIRST, until=days_ago(300)))


def test_a_version_whose_reference_cannot_be_read_says_so_and_another_can_be_chosen(show, said, home, came):
    with opened(home) as db:
        card = {**release.card(), "name": "old", "weights_sha256": "0" * 64, "reference": {}}
        models.add(db, card)
        models.decide(db, "old", "promote", "a test", None)
    assert "old has no reference" in said(show("drift", "ann"))
    assert f"beside the reference of {FIRST}" in said(show("drift", "ann", version=FIRST))


def test_what_the_address_names_and_is_not_there_is_told(show, said, came):
    text = said(show("drift", "ann", version="third", machine="ffffffff", until="2999-01-01", signal="Smell"))
    assert all(part in text for part in ("no version with opinions `third`", "no device `ffffffff`",
                                         "2999-01-01 can't be chosen", "no signal `Smell`"))  # fmt: skip


def test_a_device_by_itself_is_drawn_though_it_is_not_watched(show, said, came):
    app = show("drift", "bob", machine="d" * 8)
    assert not app.exception
    assert "This device isn't watched by itself" in said(app)
    assert "By device and by view" not in said(app)
    assert {chart.proto.id.split("-")[-1] for chart in app.get("plotly_chart")} >= {"multiples", "distribution"}


def test_a_signal_is_drawn_beside_the_reference_and_the_map_says_how_many(show, said, came):
    app = show("drift", "ann", signal="Probability of pneumonia")
    text = said(app)
    assert "Beside the model's reference" in text
    assert "of the images lie elsewhere" in text
    assert "Blue: its 1552 X-rays. Amber: the newest 60" in text


def test_devices_and_views_are_told_by_themselves(show, said, came):
    text = said(show("drift", "ann"))
    assert "<td>dddddddd</td><td>60</td><td>50 %</td>" in text
    assert "<td>AP</td><td>60</td><td>50 %</td>" in text
    assert "not watched by itself" in text
