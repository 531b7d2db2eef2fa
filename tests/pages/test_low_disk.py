"""Admins see on every page that the disk is filling up; readers, who can do nothing about it, don't."""

import pytest
from streamlit.testing.v1 import AppTest

from cxr_core.ui.low_disk import words
from cxr_core.work.keeping.room import Room


def framed(token):
    """A page's banner, as the frame draws it."""
    app = AppTest.from_function(_banner, default_timeout=30)
    app.session_state["token"] = token
    return app.run()


def _banner():
    from cxr_core.ui.low_disk import banner
    from cxr_core.ui.session import require_user

    banner(require_user())


@pytest.mark.parametrize(("who", "asked", "is_told"), [("bob", 1024 * 1024, True), ("ann", 1024 * 1024, False),
                                                       ("bob", 0, False)])  # fmt: skip
def test_only_admins_are_told_and_only_where_there_is_reason(home, furnished, monkeypatch, who, asked, is_told):
    monkeypatch.setenv("CXR_FREE_MB", str(asked))
    app = framed(furnished[1][who])
    assert not app.exception
    assert ["low-disk" in each.body for each in app.get("html")] == [True] * is_told


def test_it_says_what_happens_and_when():
    assert "Below 1024 MB nothing more is taken in" in words(Room(2000, 1024))
    assert "reading goes on" in words(Room(1000, 1024))
