"""Quarantine as an admin works through it: the picture, its places, and what becomes of the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from cxr_core.records import Role
from cxr_core.settings import Settings
from cxr_core.work import accounts
from cxr_core.work.guarding import COMMAND_LINE
from tests.browser import steps
from tests.browser.app import Watched, new_page, running_app
from tests.orthanc import PATIENCE
from tests.work.sites import files_in, new_home, query
from tests.work.written import hold_back

pytestmark = pytest.mark.browser

ADMIN, PASSWORD = "bob", "a long password"
SOON = PATIENCE * 1000
"""Milliseconds after which one stops waiting for what other processes do."""
LIES_OVER_THE_PICTURE = """() => {
  const film = document.querySelector('.film img').getBoundingClientRect()
  return [...document.querySelectorAll('.film .doubt, .film .sure')].map((each) => each.getBoundingClientRect()).every(
    (box) => box.left >= film.left - 1 && box.right <= film.right + 1 && box.top >= film.top - 1
      && box.bottom <= film.bottom + 1 && box.width > 10 && box.height > 5)
}"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with an admin, and two files held back."""
    found = new_home(tmp_path)
    accounts.add_user(found.home, COMMAND_LINE, ADMIN, Role.ADMIN, PASSWORD)
    hold_back(found)
    hold_back(found)
    return found


@pytest.fixture
def watched(browser: Browser, settings: Settings) -> Iterator[Watched]:
    """The PACS page, on which the admin is signed in."""
    with running_app(settings.home, CXR_THREADS="1", CXR_RUNTIME="torch") as app:
        found = new_page(browser, app)
        steps.sign_in(found.page, ADMIN, PASSWORD)
        steps.open_page(found.page, "PACS")
        yield found
        found.page.context.close()
    assert found.elsewhere == found.errors == []


def test_an_admin_looks_and_decides(watched: Watched, settings: Settings, tmp_path: Path) -> None:
    page = watched.page
    page.get_by_role("link", name="2 files").click()
    page.get_by_role("button", name="Look").first.click()
    expect(page.locator(".film img")).to_be_visible(timeout=SOON)
    steps.settled(page)
    page.screenshot(path=tmp_path / "looked at.png")
    assert page.evaluate("document.querySelector('.film img').naturalWidth") == 800
    assert page.evaluate(LIES_OVER_THE_PICTURE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off on the right"
    expect(page.get_by_role("button", name="Take in, blanked so")).to_be_in_viewport()
    page.get_by_role("button", name="Refuse it").click()
    page.screenshot(path=tmp_path / "refusing.png")
    page.get_by_role("button", name="Refuse and delete it").click()
    expect(page.locator(".listed")).to_have_count(1, timeout=SOON)
    expect(page.locator(".film")).to_have_count(0)
    page.screenshot(path=tmp_path / "one left.png")
    page.get_by_role("button", name="Look").click()
    page.get_by_role("button", name="Take in, blanked so").click(timeout=SOON)
    expect(page.locator(".empty")).to_contain_text("Nothing waits", timeout=SOON)
    page.screenshot(path=tmp_path / "nothing.png")
    assert [row["decision"] for row in query(settings, "SELECT decision FROM quarantine ORDER BY id")] == [
        "discard", "take",
    ]  # fmt: skip
    assert not [path for path in files_in(settings) if "data:image" in path.read_bytes().decode("latin-1")]
