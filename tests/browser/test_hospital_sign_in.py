"""Signing in with the hospital's account, at a real provider on another site, beside accounts of the program's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.records import CLASSES
from cxr_core.settings import Settings
from cxr_core.store.db import opened, rows
from cxr_core.work import people
from cxr_core.work.accounts import DEMO_ACCOUNTS
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.reading_room import reviewing
from tests import identity_provider
from tests.browser import steps
from tests.browser.app import App, free_port, new_page, running_app
from tests.identity_provider import PASSWORD, Provider
from tests.processes import wait_until

(READER, _, READER_PASSWORD), _ = DEMO_ACCOUNTS


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The hospital's sign-in with ann, who reads, bob, who audits, and eve, who has nothing to do with X-rays."""
    with identity_provider.running(tmp_path_factory.mktemp("provider") / "log") as started:
        for name, group in (("ann", "radiology"), ("bob", "quality"), ("eve", "kitchen")):
            started.add(name, group)
        yield started


@pytest.fixture(scope="module")
def app(demo: Settings, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app on a copy of the demo, with the hospital's sign-in; localhost and 127.0.0.1 are two sites."""
    folder, port = tmp_path_factory.mktemp("vouched"), free_port()
    site = f"http://localhost:{port}"
    shutil.copytree(demo.home, folder / "home")
    provider.register(site)
    chosen = identity_provider.settings_of(provider.url, site, folder)
    with running_app(folder / "home", port=port, **chosen) as started:
        yield started


def begin(page: Page, name: str, address: str = "/") -> None:
    """From an address of the app through the provider's pages."""
    page.goto(address)
    page.get_by_role("link", name="Sign in with the hospital's account").click()
    page.fill("input[name=login]", name)
    page.keyboard.press("Enter")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")


def sign_in(page: Page, name: str, address: str = "/") -> None:
    begin(page, name, address)
    page.wait_for_selector("[data-testid='stApp']")
    steps.settled(page)


def expect_signed_in(page: Page, words: str) -> None:
    expect(page.get_by_role("link", name=words)).to_be_visible()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/sign-in?left")


def reads_of(app: App, name: str) -> int:
    with opened(app.home) as db:
        return len(rows(db, "SELECT 1 FROM reads JOIN users ON users.id = reader WHERE users.name = ?", (name,)))


def test_a_radiologist_reads_and_leaves_by_both_doors(page: Page, app: App, tmp_path: Path) -> None:
    page.goto("/")
    steps.picture(page, "sign-in-hospital")
    sign_in(page, "ann", "/history?mine=1")
    assert page.url == f"{app.url}/history?mine=1"
    expect_signed_in(page, "ann · radiologist")
    names = {cookie["name"] for cookie in page.context.cookies(app.url)}
    assert names == {"cxr_session", "_streamlit_xsrf"}
    page.reload()
    steps.settled(page)
    _read_one(page, app, tmp_path / "study.dcm")
    sign_out(page)
    page.get_by_role("link", name="Sign out there, too").click()
    page.get_by_role("button", name="Logout").click()
    page.wait_for_url(f"{app.url}/sign-in**")
    page.get_by_role("link", name="Sign in with the hospital's account").click()
    expect(page.locator("input[name=login]")).to_be_visible()


def _read_one(page: Page, app: App, study: Path) -> None:
    study.write_bytes(Phantom(4001, True, rows=400).data)
    steps.open_page(page, "Worklist")
    steps.upload(page, [study])
    steps.expect_verdict(page, study.name, "probability", timeout=60_000)
    steps.begin_reading(page)
    steps.settled(page)
    shown = page.locator(".viewer[data-shown]").get_attribute("data-shown") or ""
    prediction = reviewing.case(app.home, COMMAND_LINE, shown).prediction
    page.locator("body").press("a" if prediction and prediction["label"] in CLASSES else "n")
    expect(page.locator("[class*='st-key-record-'] button")).to_be_enabled(timeout=30_000)
    page.locator("body").press("Enter")
    wait_until(lambda: reads_of(app, "ann") == 1, app.process)
    steps.settled(page)


def test_an_auditor_sees_the_accounts_and_a_role_that_changes_there_changes_here(
    browser: Browser, app: App, provider: Provider
) -> None:
    first, second = (new_page(browser, app).page for _ in range(2))
    sign_in(first, "bob", "/admin")
    expect_signed_in(first, "bob · auditor")
    provider.join("bob", "radiology")
    sign_in(second, "bob")
    expect_signed_in(second, "bob · radiologist")
    first.goto("/")
    expect(first.locator("input[name=password]")).to_be_visible()
    for page in (first, second):
        page.context.close()


def test_without_a_role_nobody_gets_in(page: Page) -> None:
    begin(page, "eve")
    expect(page.get_by_role("alert")).to_contain_text("groups has none of cxr-admins, radiology, quality")
    page.goto("/")
    expect(page.locator("input[name=password]")).to_be_visible()


def test_who_is_disabled_here_is_out_at_once_and_stays_out(browser: Browser, page: Page, app: App) -> None:
    sign_in(page, "ann")
    people.disable(app.home, COMMAND_LINE, "ann")
    page.goto("/")
    expect(page.locator("input[name=password]")).to_be_visible()
    other = new_page(browser, app).page
    begin(other, "ann")
    expect(other.get_by_role("alert")).to_contain_text("your account here is disabled")
    other.context.close()
    people.enable(app.home, COMMAND_LINE, "ann")


def test_an_account_of_the_programs_own_works_beside_it(page: Page) -> None:
    steps.sign_in(page, READER, READER_PASSWORD)
    expect_signed_in(page, f"{READER} · radiologist")
