"""The PACS page on a full day, on the smallest screen that it is made for: all that one must see is seen at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from cxr_core.records import Role
from cxr_core.store import senders
from cxr_core.store.db import opened
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from tests.browser import steps
from tests.browser.app import Watched, new_page, running_app
from tests.browser.hospital_day import SENDERS, lived_through
from tests.network.hospital import Hospital, founded, listening
from tests.network.test_being_seen import NoArchive
from tests.orthanc import PATIENCE
from tests.work.written import send_in

ADMIN, PASSWORD = "bob", "a long password"
BLANKED = re.compile(r"Take in, with \d+ places? blanked")
SOON = PATIENCE * 1000
"""Milliseconds after which one stops waiting for what other processes do."""

FITS = """() => {
  const whole = (chosen, fits) => [...document.querySelectorAll(chosen)].every(fits)
  return document.documentElement.scrollWidth <= innerWidth
    && whole('[data-testid=stMain]', (part) => part.scrollHeight <= part.clientHeight + 1)
    && whole('table.grid td, table.grid th', (cell) => cell.scrollWidth <= cell.clientWidth + 1)
}"""


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """A home that has lived through a day, with a film held back; somebody listens."""
    hospital = founded(tmp_path_factory.mktemp("day"), NoArchive())
    people.add_user(hospital.home, COMMAND_LINE, ADMIN, Role.ADMIN, PASSWORD)
    lived_through(hospital)
    with opened(hospital.home) as db:
        sender = senders.named(db, SENDERS[0][0]).id
    send_in(hospital.settings, sender)
    with ExitStack() as stack:
        listening(hospital, stack)
        yield hospital


@pytest.fixture(scope="module")
def watched(browser: Browser, hospital: Hospital) -> Iterator[Watched]:
    """The PACS page, on which the admin is signed in."""
    own = {"CXR_IDENTITY_KEY": str(hospital.settings.identity_key), "CXR_THREADS": "1", "CXR_RUNTIME": "torch"}
    with running_app(hospital.home, **own) as app:
        found = new_page(browser, app)
        steps.sign_in(found.page, ADMIN, PASSWORD)
        yield found
        found.page.context.close()
    assert found.elsewhere == found.errors == []


@pytest.fixture
def page(watched: Watched) -> Page:
    """It, from its beginning."""
    steps.open_page(watched.page, "PACS")
    return watched.page


def part(page: Page, name: str) -> None:
    """Choose a part of the page."""
    page.get_by_test_id("stButtonGroup").first.get_by_role("radio", name=name).click()
    steps.settled(page)


def fits(page: Page) -> bool:
    """Whether nothing is cut off, neither on the right nor below."""
    return bool(page.evaluate(FITS))


def test_traffic(page: Page) -> None:
    expect(page.locator(".listens")).to_contain_text("Listening as")
    expect(page.locator("table.grid")).to_have_count(2)
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    assert page.locator("table.grid").last.locator("tr").count() > 1
    steps.picture(page, "pacs")
    assert fits(page)


def test_the_ledger_with_dead_letters(page: Page) -> None:
    part(page, "Ledger")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    expect(page.get_by_role("button", name="Send all")).to_be_visible()
    steps.picture(page, "pacs-ledger")
    assert fits(page)


def test_a_film_that_is_held_back(page: Page) -> None:
    page.get_by_role("link", name="1 file").click()
    page.get_by_role("button", name="Look").click()
    expect(page.locator(".film img")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("button", name=BLANKED)).to_be_in_viewport()
    steps.settled(page)
    steps.picture(page, "pacs-quarantine")
    assert fits(page)
