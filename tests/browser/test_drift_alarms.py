"""Drift in a real browser: an alarm from its first sight to its end, and an address that is kept."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Page, expect

from cxr_core import clock
from cxr_core.model import release
from cxr_core.store import alarms
from cxr_core.store.db import opened, rows
from cxr_core.ui import words
from cxr_core.work.accounts import DEMO_ACCOUNTS
from cxr_core.work.drift import alarming
from cxr_core.work.guarding import COMMAND_LINE
from tests.browser import steps
from tests.browser.app import App

_, (ADMIN, _, PASSWORD) = DEMO_ACCOUNTS
SINCE = (clock.now() - timedelta(days=9)).date().isoformat()


def devices(app: App) -> list[str]:
    with opened(app.home) as db:
        return [row["device"] for row in rows(db, "SELECT device FROM images GROUP BY device ORDER BY count(*) DESC")]


def raised(app: App, device: str) -> int:
    """An alarm of a device."""
    signal = {"scope": f"device {device}", "beside": "model", "signal": "noise", "day": SINCE, "effect": 0.4,
              "chance": 1e-9, "n": 40, "what": "", "sudden": 0}  # fmt: skip
    with opened(app.home) as db:
        number = alarms.open_one(
            db, f"device {device}", SINCE, SINCE, release.card()["name"], "a noisy or broken detector"
        )
        alarms.attach(db, number, [signal])
    return number


def cases(app: App, device: str) -> tuple[list[str], int]:
    """The patients of a device's cases on the first list since the alarm began, as the table writes them; and all."""
    with opened(app.home) as db:
        found = rows(db, "SELECT patient, received_at FROM images WHERE device = ? AND worklist = 1", (device,))
    return sorted(words.short(row["patient"]) for row in found if row["received_at"] >= SINCE), len(found)


def listed(page: Page) -> list[str]:
    """The patients on the worklist, from what the table gives to screen readers."""
    cells = page.locator("[data-testid='stDataFrame'] canvas td[aria-colindex='2']")
    return sorted(cells.all_text_contents())


def test_an_alarm_is_seen_opened_its_cases_viewed_taken_and_closed(page: Page, app: App) -> None:
    device = devices(app)[0]
    number, (expected, of_all) = raised(app, device), cases(app, device)
    assert 0 < len(expected) < of_all
    steps.sign_in(page, ADMIN, PASSWORD)
    steps.open_page(page, "Drift")
    alarm = page.locator(f".st-key-alarm-{number}")
    expect(alarm).to_contain_text(f"a noisy or broken detector, device {words.short(device)}, since {SINCE}")
    alarm.locator("summary").click()
    expect(page).to_have_url(re.compile(f"alarm-{number}=true"))
    expect(alarm).to_contain_text("call the modality engineer")
    steps.settled(page)
    steps.picture(page, "drift-alarm")
    alarm.get_by_role("link", name="Look at the cases").click()
    expect(page).to_have_url(re.compile(f"device={words.short(device)}"))
    steps.settled(page)
    expect(page.locator("[data-testid='stDataFrame']")).to_be_visible()
    page.wait_for_function("() => document.querySelectorAll('[data-testid=stDataFrame] canvas td').length")
    assert listed(page) == expected
    steps.open_page(page, "Drift")
    alarm.get_by_role("button", name="Take it").click()
    expect(alarm).to_contain_text(f"It is {ADMIN}'s.")
    steps.settled(page)
    alarm.get_by_label("What it was").fill("a worn detector")
    alarm.get_by_label("What was done").fill("it was changed for a new one")
    alarm.get_by_role("button", name="Close the alarm").click()
    expect(alarm).to_have_count(0)
    closed = page.locator("details", has_text="Closed alarms")
    closed.locator("summary").click()
    expect(closed).to_contain_text("it was changed for a new one")
    assert number not in [told.alarm.id for told in alarming.standing(app.home, COMMAND_LINE)]


def test_what_is_looked_at_stands_in_the_address_and_survives_a_reload(page: Page, app: App) -> None:
    device, version = words.short(devices(app)[0]), release.card()["name"]
    day = (clock.now() - timedelta(days=2)).date().isoformat()
    steps.sign_in(page, ADMIN, PASSWORD)
    steps.open_page(page, "Drift")
    page.get_by_text("1 year", exact=True).click()
    for name, option in (("Version", version), ("Device", device)):
        steps.settled(page)
        page.get_by_role("combobox", name=name).click()
        page.get_by_role("option", name=option).click()
    steps.settled(page)
    asked = ("range=1", f"version={version}", f"machine={device}")
    for part in asked:
        expect(page).to_have_url(re.compile(re.escape(part)))
    page.goto(f"{page.url}&until={day}")
    steps.settled(page)
    page.reload()
    steps.settled(page)
    for part in (*asked, f"until={day}"):
        expect(page).to_have_url(re.compile(re.escape(part)))
    expect(page.get_by_text(f"up to {day} beside the reference of {version}")).to_be_visible()
    expect(page.get_by_text("This device isn't watched by itself")).to_be_visible()
