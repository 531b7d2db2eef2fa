"""What a person does, as steps: used by the browser tests, the screenshots and the bench."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page, expect


def settled(page: Page) -> None:
    """Wait until the page's script has run to its end."""
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")


def sign_in(page: Page, name: str, password: str) -> None:
    """From any address: the sign-in page, then the worklist."""
    page.goto("/")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-testid='stApp']")
    settled(page)


def open_page(page: Page, title: str) -> None:
    """Choose a page at the top."""
    page.get_by_role("link", name=title, exact=True).click()
    settled(page)


def begin_reading(page: Page) -> None:
    """From the worklist, by the key that opens its first case, once the page is all there to hear it."""
    expect(page.get_by_role("button", name="Read the next case")).to_be_enabled(timeout=30_000)
    settled(page)
    page.locator("body").press("Enter")
    page.wait_for_selector(".viewer[data-shown]")


def upload(page: Page, paths: list[Path]) -> None:
    """Choose files on the worklist page."""
    page.locator("input[type=file]").first.set_input_files(paths)


def expect_verdict(page: Page, name: str, words: str, timeout: float = 30_000) -> None:
    """The line of a file that was sent says these words."""
    line = page.locator(".verdicts > div", has_text=name).first
    expect(line).to_contain_text(words, timeout=timeout)


def button(page: Page, key: str) -> None:
    """Click the button with this key."""
    page.locator(f".st-key-{key} button").click()


def picture(page: Page, name: str) -> None:
    """A screenshot for the documentation, where it was asked for."""
    if folder := os.environ.get("CXR_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(1500)  # charts and canvases draw after the script has ended
        page.screenshot(path=f"{folder}/{name}.png")
