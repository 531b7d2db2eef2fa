"""The drift report: downloaded from the page, and opened where there is no network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from cxr_core.settings import Settings
from cxr_core.store import audit
from cxr_core.store.db import opened
from cxr_core.ui import drift_downloads
from cxr_core.work.drift import alarming, reporting
from cxr_core.work.drift.watching import View
from cxr_core.work.guarding import COMMAND_LINE
from tests.browser import steps
from tests.browser.app import new_page, running_app
from tests.work.drifted import drifted

SHEET = {"width": 1046, "height": 718}
"""A4 across within margins of 10 mm, at 96 pixels an inch."""
TYPED = "<img src=http://elsewhere.example/x onerror=document.title=1><script>document.title=2</script>"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home in which a device has changed."""
    return drifted(tmp_path_factory.mktemp("drifted"))[0]


def offline(browser: Browser, path: Path) -> tuple[Page, list[str], list[str]]:
    """A file opened without a network; what it asked for, itself apart, and what went wrong in it."""
    page = browser.new_context(offline=True).new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(path.as_uri())
    page.wait_for_selector(".js-plotly-plot .main-svg")
    asked.remove(path.as_uri())
    return page, asked, wrong


def test_the_report_downloads_and_opens_without_a_network(browser: Browser, home: Settings, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    with running_app(home.home) as app:
        watched = new_page(browser, app)
        steps.sign_in(watched.page, "admin", "a long password")
        steps.open_page(watched.page, "Drift")
        with watched.page.expect_download() as download:
            watched.page.get_by_role("link", name="Report", exact=True).click()
        assert re.fullmatch(r"drift-\d{4}-\d\d-\d\d\.html", download.value.suggested_filename)
        download.value.save_as(path)
        watched.page.context.close()
    page, asked, wrong = offline(browser, path)
    assert (asked, wrong) == ([], [])
    for words in ("1 of 5 signals changed", "device left", "another exposure or processing", "Beside the site's",
                  "Expected of", "the site's, number 1", "watched in use", "UTC"):  # fmt: skip
        expect(page.locator("body")).to_contain_text(words)
    assert (
        page.locator(".js-plotly-plot .main-svg .scatterlayer .trace").count() == 9
    )  # band, median and course of three signals
    page.context.close()
    with opened(home.home) as db:
        assert audit.of_kind(db, "export drift", [""])[0]["actor"] == "admin"


def test_what_was_typed_stands_in_the_report_as_it_was_typed_and_does_nothing(browser: Browser, tmp_path: Path) -> None:
    settings, admin, _ = drifted(tmp_path)
    alarming.close(settings.home, admin, 1, TYPED, TYPED)
    found = reporting.report(settings.home, admin, View(91))
    path = tmp_path / "report.html"
    path.write_text(drift_downloads.text_of(found, "html"), encoding="utf-8")
    page, asked, wrong = offline(browser, path)
    assert (asked, wrong) == ([], [])
    assert page.title().startswith("Drift, ")
    expect(page.get_by_text(TYPED)).to_have_count(2)
    page.context.close()


def test_the_report_prints_dark_on_white_on_the_sheets_that_it_names(
    browser: Browser, home: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text(drift_downloads.made(home.home, COMMAND_LINE, View(91), "html"), encoding="utf-8")
    page, _, _ = offline(browser, path)
    page.emulate_media(media="print")
    page.set_viewport_size(SHEET)
    assert _looks(page, "h1, td, th, p", "color") == _looks(page, ".main-svg text", "fill") == {"rgb(17, 17, 17)"}
    assert page.evaluate("document.documentElement.scrollWidth") <= SHEET["width"]
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.context.close()


def _looks(page: Page, selector: str, style: str) -> set[str]:
    """How all that a selector finds looks."""
    return set(page.evaluate(
        "([found, style]) => [...document.querySelectorAll(found)].map(each => getComputedStyle(each)[style])",
        [selector, style],
    ))  # fmt: skip
