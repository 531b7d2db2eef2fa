"""Admins see on every page that the disk is filling up; readers, who can do nothing about it, don't."""

import pytest

from cxr_core.ui.low_disk import words
from cxr_core.work.keeping.room import Room


@pytest.mark.parametrize(("who", "asked", "is_told"), [("bob", 1024 * 1024, True), ("ann", 1024 * 1024, False),
                                                       ("bob", 0, False)])  # fmt: skip
def test_only_admins_are_told_and_only_where_there_is_reason(home, banner, monkeypatch, who, asked, is_told):
    monkeypatch.setenv("CXR_FREE_MB", str(asked))
    app = banner("low_disk", who)
    assert not app.exception
    assert ["low-disk" in each.body for each in app.get("html")] == [True] * is_told


def test_it_says_what_happens_and_when():
    assert "Below 1024 MB nothing more is taken in" in words(Room(2000, 1024))
    assert "reading goes on" in words(Room(1000, 1024))
