"""The app on a copy of the demo, and one Chromium for all browser tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from cxr_core.settings import Settings
from cxr_core.work.accounts import DEMO_ACCOUNTS
from tests.browser import steps
from tests.browser.app import App, Watched, chromium, new_page, running_app
from tests.debian import program

(READER, _, PASSWORD), _ = DEMO_ACCOUNTS


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder runs apart: a Chromium leaves an event loop in its thread, which others can't have."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium; without it a failure where everything is required, else a skip that says so."""
    program("chromium", "chromium")
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def app(demo: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app on a home of its own: a copy of the demo."""
    home = tmp_path_factory.mktemp("app") / "home"
    shutil.copytree(demo.home, home)
    with running_app(home) as started:
        yield started


@pytest.fixture
def watched(browser: Browser, app: App) -> Iterator[Watched]:
    """A page that must ask nothing of other hosts and must not break."""
    found = new_page(browser, app)
    yield found
    found.page.context.close()
    assert found.elsewhere == [], "the app asked something of the outside"
    assert found.errors == [], "a script of the page broke"


@pytest.fixture
def page(watched: Watched) -> Page:
    """The page alone."""
    return watched.page


@pytest.fixture
def reader(page: Page) -> Page:
    """A page on which the demo's radiologist is signed in."""
    steps.sign_in(page, READER, PASSWORD)
    return page
