"""The first start on an empty home, as `streamlit run app.py` gives it, and its end."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.records import Lane
from cxr_core.store.db import opened, rows
from cxr_core.work.starting import living_lanes
from tests.browser import steps
from tests.browser.app import App, new_page, running_app

PATIENCE = 60


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app on a home that doesn't exist yet."""
    folder = tmp_path_factory.mktemp("first")
    with open(folder / "console", "wb") as console, running_app(folder / "home", console) as started:
        yield started


def code_on_console(app: App) -> str:
    """The code that the program printed for the first admin."""
    console = (app.home.parent / "console").read_text(encoding="utf-8")
    (code,) = re.findall(r"^ +([A-Z2-9]{4}(?:-[A-Z2-9]{4}){2})$", console, re.MULTILINE)
    return str(code)


def test_it_offers_an_account_and_the_demo_and_an_admin_can_take_studies_in(
    browser: Browser, empty: App, tmp_path: Path
) -> None:
    watched = new_page(browser, empty)
    page = watched.page
    page.goto("/review")
    assert "/sign-in" in page.url
    expect(page.locator("form[action='/demo'] button")).to_be_visible()
    form = page.locator("form[action='/first-admin']")
    form.locator("input[name=code]").fill(code_on_console(empty))
    form.locator("input[name=name]").fill("ann")
    form.locator("input[name=password]").fill("a long password")
    form.locator("button").click()
    page.wait_for_selector("[data-testid='stApp']")
    steps.settled(page)
    study = tmp_path / "study.dcm"
    study.write_bytes(Phantom(3100, True, rows=400).data)
    steps.upload(page, [study])
    steps.expect_verdict(page, study.name, "probability", timeout=PATIENCE * 1000)
    page.reload()
    steps.settled(page)
    expect(page.locator(".bottom")).to_contain_text("1 waiting")
    page.context.close()
    assert watched.elsewhere == watched.errors == []


def test_nothing_outlives_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_app(home):
        end = time.monotonic() + PATIENCE
        while living_lanes(home) != set(Lane):
            assert time.monotonic() < end, "a worker did not come to life"
            time.sleep(0.1)
        with opened(home) as db:
            workers = [row["pid"] for row in rows(db, "SELECT pid FROM workers")]
    assert len(workers) == len(Lane)
    assert [pid for pid in workers if Path(f"/proc/{pid}").exists() and pid != os.getpid()] == []
    assert living_lanes(home) == set()
