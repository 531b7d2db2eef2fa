"""What holds for every page, run alone, as a cold server or a curious visitor would run it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cxr_core.store.db import opened
from cxr_core.ui import places
from tests.pages.conftest import PEOPLE

PAGES = sorted(path.stem for path in (Path(__file__).parents[2] / "pages").glob("*.py"))
OF_ALL = ("test_every_page.py", "test_roles.py")
WHAT_NEXT = (
    "Drop", "Upload", "Start a retrain", "Intended for", "from now on", "Enter", "cxr_core listen", "Signed in",
    "Add somebody", "not verified yet", "radiologists record",
)  # fmt: skip
"""What the pages of an empty home say to do next: a word or two of each."""


@pytest.mark.parametrize("page", PAGES)
def test_a_page_run_alone_and_signed_out_shows_nothing_but_the_warning(show, arrive, page):
    arrive(1)
    app = show(page)
    assert [warning.value for warning in app.warning] == ["You are signed out. [Sign in again](/sign-in)"]
    assert len(app.main.children) == 1
    assert not app.exception


@pytest.mark.parametrize("page", PAGES)
def test_a_token_that_the_database_does_not_know_signs_nobody_in(show, page):
    app = show(page)
    app.session_state["token"] = "made up"
    app.run()
    assert len(app.main.children) == 1
    assert "signed out" in app.warning[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_an_empty_home_opens_and_says_what_to_do_next(show, said, page):
    app = show(page, "bob")
    assert not app.exception
    assert any(word in said(app) for word in WHAT_NEXT), "say it (words.empty), and add a word of it to WHAT_NEXT here"


def test_a_session_that_has_idled_too_long_is_over(show, monkeypatch, home):
    app = show("models", "ann")
    assert not app.warning
    with opened(home) as db:
        db.execute("UPDATE sessions SET seen_at = '2020-01-01T00:00:00.000000+00:00'")
    app.run()
    assert "signed out" in app.warning[0].value


CELLS = [(page, name) for page in PAGES for name in PEOPLE]


def test_every_page_is_in_the_table_of_pages():
    assert set(places.PAGES) == set(PAGES)


def test_every_page_has_tests_of_its_own():
    own = [path for path in Path(__file__).parent.glob("test_*.py") if path.name not in OF_ALL]
    opened_there = {page for path in own for page in re.findall(r'show\("([a-z]+)"', path.read_text(encoding="utf-8"))}
    missing = sorted(set(PAGES) - opened_there)
    assert not missing, f"only the tests of all pages open {missing}: test what it does, in a file beside this"


@pytest.mark.parametrize(("page", "name"), CELLS)
def test_a_page_opens_for_its_roles_and_turns_the_others_away(show, page, name):
    app, role = show(page, name), PEOPLE[name]
    turned_away = f"You are signed in as {name} ({role.value})"
    if role in places.PAGES[page][1]:
        assert not app.exception
        assert not [warning.value for warning in app.warning if turned_away in warning.value]
    else:
        assert turned_away in app.warning[0].value
        assert len(app.main.children) == 1
