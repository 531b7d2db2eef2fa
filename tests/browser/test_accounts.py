"""Accounts in a real browser: from the admin who adds somebody to the end of her sessions; and who lands where."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from cxr_core.records import Role
from cxr_core.ui.tall_table import HEAD_PIXELS, ROW_PIXELS
from cxr_core.work import people
from cxr_core.work.accounts import DEMO_ACCOUNTS
from cxr_core.work.guarding import COMMAND_LINE
from tests.browser import steps
from tests.browser.app import App, Watched, new_page

_, (ADMIN, _, ADMINS) = DEMO_ACCOUNTS
PASSWORD = "a password of her own"


@pytest.fixture
def second(browser: Browser, app: App) -> Iterator[Watched]:
    """Another browser."""
    found = new_page(browser, app)
    yield found
    found.page.context.close()
    assert (found.elsewhere, found.errors) == ([], [])


def choose_password(page: Page, name: str, given: str) -> None:
    """Sign in with a password that somebody gave, and choose another."""
    page.goto("/")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", given)
    page.keyboard.press("Enter")
    expect(page.get_by_text("This password was given to you")).to_be_visible()
    page.fill("input[name=password]", given)
    page.fill("input[name=new]", PASSWORD)
    page.fill("input[name=again]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-testid='stApp']")
    steps.settled(page)


def test_a_table_of_two_ends_with_the_second(page: Page) -> None:
    steps.sign_in(page, ADMIN, ADMINS)
    steps.open_page(page, "Accounts")
    box = page.locator("[data-testid='stDataFrame']").bounding_box()
    assert box
    assert box["height"] == 2 * ROW_PIXELS + HEAD_PIXELS


def test_a_refusal_is_seen_and_what_was_opened_closes_once_it_is_done(page: Page, app: App) -> None:
    steps.sign_in(page, ADMIN, ADMINS)
    steps.open_page(page, "Accounts")
    opened = page.locator("[data-testid='stPopoverBody']")
    _look_at_first(page)
    page.get_by_role("button", name="Disable", exact=True).click()
    opened.get_by_role("button", name="Disable", exact=True).click()
    expect(opened.get_by_text("is the only admin: make another first")).to_be_visible()
    page.keyboard.press("Escape")
    people.add_user(app.home, COMMAND_LINE, "Abel", Role.AUDITOR, PASSWORD)
    page.reload()
    steps.settled(page)
    _look_at_first(page)
    page.get_by_role("button", name="Reset the password").click()
    opened.get_by_role("button", name="Reset the password").click()
    expect(page.get_by_text("The first password of Abel")).to_be_visible()
    expect(opened).to_have_count(0)


def _look_at_first(page: Page) -> None:
    table = page.locator("[data-testid='stDataFrame']")
    table.click(position={"x": 60, "y": HEAD_PIXELS + ROW_PIXELS / 2})
    expect(page.locator("h3")).to_have_count(2)  # this, and that of the form
    steps.settled(page)


def test_from_the_admin_who_adds_her_to_the_end_of_all_her_sessions(page: Page, second: Watched, app: App) -> None:
    people.add_user(app.home, COMMAND_LINE, "Jones", Role.AUDITOR, PASSWORD)
    people.add_user(app.home, COMMAND_LINE, "Okafor", Role.PACS_ADMIN, PASSWORD)
    people.disable(app.home, COMMAND_LINE, "Jones")
    steps.sign_in(page, ADMIN, ADMINS)
    steps.open_page(page, "Accounts")
    page.get_by_label("Name", exact=True).fill("Ida Meier")
    page.get_by_role("button", name="Add", exact=True).click()
    given = page.locator("[data-testid='stCode'] code").inner_text()
    steps.settled(page)
    steps.picture(page, "accounts")
    choose_password(second.page, "Ida Meier", given)
    second.page.get_by_role("link", name="Ida Meier · radiologist").click()
    expect(second.page.get_by_text("this browser")).to_be_visible()
    page.context.clear_cookies()
    steps.sign_in(page, "Ida Meier", PASSWORD)
    second.page.reload()
    expect(second.page.get_by_text("Last used")).to_be_visible()
    expect(second.page.locator(".grid tr")).to_have_count(3)
    steps.settled(second.page)
    steps.picture(second.page, "account")
    second.page.get_by_role("button", name="Sign out everywhere").click()
    second.page.wait_for_url("**/sign-in*")
    page.reload()
    page.wait_for_selector("input[name=password]")


def test_a_pacs_administrator_lands_on_the_page_of_the_network_and_nowhere_else(page: Page, app: App) -> None:
    people.add_user(app.home, COMMAND_LINE, "Ruiz", Role.PACS_ADMIN, PASSWORD)
    steps.sign_in(page, "Ruiz", PASSWORD)
    page.wait_for_url("**/pacs")
    expect(page.get_by_role("heading", name="The last 24 hours")).to_be_visible()
    tabs = page.locator("[class*='st-key-tab-'] a")
    expect(tabs).to_have_text(["PACS"])
    for elsewhere in ("/review", "/models", "/retrain"):
        page.goto(elsewhere)
        expect(page.get_by_text("You are signed in as Ruiz (PACS administrator)")).to_be_visible()
        expect(tabs).to_have_text(["PACS"])
    page.goto("/worklist?show=All")
    page.wait_for_url("**/pacs*")
