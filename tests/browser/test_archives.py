"""An archive that is asked on the PACS page: a real one is searched, and X-rays are chosen and fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from cxr_core import clock
from cxr_core.records import Role
from cxr_core.settings import Settings
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from tests import orthanc
from tests.browser import steps
from tests.browser.app import Watched, new_page, running_app
from tests.pacs.web.films import CANARY, film
from tests.work.asked import is_anywhere, sealing_home

ADMIN, PASSWORD = "bob", "a long password"
SOON = orthanc.PATIENCE * 1000
"""Milliseconds after which one stops waiting for what other processes do."""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[orthanc.Orthanc]:
    """One with three X-rays of today."""
    (tmp_path / "archive").mkdir()
    with orthanc.running(tmp_path / "archive") as found:
        for number in (1, 2, 3):
            found.upload(film(number, rows=400, StudyDate=f"{clock.now().astimezone():%Y%m%d}", StationName="ROOM1"))
        yield found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with its key and an admin."""
    found = sealing_home(tmp_path)
    people.add_user(found.home, COMMAND_LINE, ADMIN, Role.ADMIN, PASSWORD)
    return found


@pytest.fixture
def watched(browser: Browser, settings: Settings) -> Iterator[Watched]:
    """The PACS page, on which the admin is signed in."""
    own = {"CXR_IDENTITY_KEY": str(settings.identity_key), "CXR_THREADS": "1", "CXR_RUNTIME": "torch"}
    own |= {"CXR_SECRETS": str(settings.secrets)}
    with running_app(settings.home, CXR_FREE_MB="0", **own) as app:
        found = new_page(browser, app)
        steps.sign_in(found.page, ADMIN, PASSWORD)
        steps.open_page(found.page, "PACS")
        yield found
        found.page.context.close()
    assert found.elsewhere == found.errors == []


def shot(page: Page, folder: Path, name: str) -> None:
    """What the page looks like, in the test's folder."""
    page.wait_for_timeout(1500)  # tables draw after the script has ended
    page.screenshot(path=folder / f"{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off on the right"


def add(page: Page, archive: orthanc.Orthanc, folder: Path) -> None:
    password = folder / "secrets" / "password"
    password.write_text(orthanc.PASSWORD)
    password.chmod(0o600)
    shot(page, folder, "no archive")
    page.get_by_role("textbox", name="Name").fill("PACS")
    page.get_by_role("textbox", name="URL of its DICOMweb").fill(archive.web)
    page.get_by_role("textbox", name="User, if it asks for one").fill(orthanc.USER)
    page.get_by_role("textbox", name="File with the password").fill(password.name)
    page.get_by_role("button", name="Add it").click()
    expect(page.locator(".listed")).to_contain_text("nothing comes by itself", timeout=SOON)
    shot(page, folder, "an archive")


def test_an_admin_searches_chooses_and_fetches(
    watched: Watched, archive: orthanc.Orthanc, settings: Settings, tmp_path: Path
) -> None:
    page = watched.page
    page.get_by_test_id("stButtonGroup").first.get_by_role("radio", name="Archives").click()
    add(page, archive, tmp_path)
    page.get_by_role("button", name="Search").click()
    fetch = page.get_by_role("button", name="Fetch all 3 X-rays")
    expect(fetch).to_be_in_viewport(timeout=SOON)
    steps.settled(page)
    shot(page, tmp_path, "found")
    box = page.locator("[data-testid='stDataFrame']").bounding_box()
    assert box
    page.mouse.click(box["x"] + 15, box["y"] + 46)  # the mark of the first row, below the titles
    page.get_by_role("button", name="Fetch 1 X-ray").click()
    expect(page.locator(".listed")).to_contain_text("1 fetched", timeout=SOON)
    expect(page.locator("[data-testid='stDataFrame']")).to_have_count(0)
    shot(page, tmp_path, "fetched")
    page.get_by_role("button", name="Fetch by itself").click()
    shot(page, tmp_path, "by itself")
    page.get_by_role("button", name="Fetch by itself from now on").click()
    expect(page.locator(".listed")).to_contain_text("2 fetched", timeout=SOON)
    expect(page.locator(".listed")).to_contain_text("every 15 min: CR, DX of the last 2 days")
    shot(page, tmp_path, "came by itself")
    assert is_anywhere(settings, CANARY) == []
