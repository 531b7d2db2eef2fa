"""The hospital's network, set up and watched on the PACS page: a real listener, a real archive, a real X-ray."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.records import Role
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.privacy import identity
from tests import orthanc
from tests.browser import steps
from tests.browser.app import Watched, new_page, running_app
from tests.network.hospital import TITLE, Hospital, listening
from tests.orthanc import PATIENCE
from tests.work.sites import new_home

ADMIN, PASSWORD = "bob", "a long password"
SOON = PATIENCE * 1000
"""Milliseconds after which one stops waiting for what other processes do."""


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """A home with its key and an admin, and an archive beside it; nobody may send yet."""
    folder = tmp_path_factory.mktemp("hospital")
    (folder / "archive").mkdir()
    settings = new_home(folder, identity_key=folder / "identity.key", free_mb=0)
    identity.make_key(settings.home, COMMAND_LINE, settings.identity_key)
    people.add_user(settings.home, COMMAND_LINE, ADMIN, Role.ADMIN, PASSWORD)
    with orthanc.running(folder / "archive") as archive:
        yield Hospital(settings, folder, archive)


@pytest.fixture
def watched(browser: Browser, hospital: Hospital) -> Iterator[Watched]:
    """The PACS page, on which the admin is signed in, of an app with workers of its own."""
    own = {"CXR_IDENTITY_KEY": str(hospital.settings.identity_key), "CXR_THREADS": "1", "CXR_RUNTIME": "torch"}
    with running_app(hospital.home, **own) as app:
        found = new_page(browser, app)
        steps.sign_in(found.page, ADMIN, PASSWORD)
        steps.open_page(found.page, "PACS")
        yield found
        found.page.context.close()
    assert found.elsewhere == found.errors == []


def part(page: Page, name: str) -> None:
    """Choose a part of the page."""
    page.get_by_test_id("stButtonGroup").first.get_by_role("radio", name=name).click()
    steps.settled(page)


def fill(page: Page, **fields: str) -> None:
    """Type into fields, by their labels' first words."""
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " ")).first.fill(value)


def shot(page: Page, folder: Path, name: str) -> None:
    """What the page looks like, in the test's folder, and for the documentation where that was asked for."""
    page.wait_for_timeout(1500)  # charts and tables draw after the script has ended
    page.screenshot(path=folder / f"{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off on the right"


def test_an_admin_sets_the_network_up_and_sees_an_answer_come_to_its_end(
    watched: Watched, hospital: Hospital, tmp_path: Path
) -> None:
    page = watched.page
    expect(page.locator(".deaf")).to_contain_text("Nothing listens")
    shot(page, tmp_path, "empty")
    with ExitStack() as stack:
        listening(hospital, stack)
        expect(page.locator(".listens")).to_contain_text(f"{TITLE} on 127.0.0.1:{hospital.port}", timeout=SOON)
        let_send(page, tmp_path)
        add_archive(page, hospital, tmp_path)
        add_rule(page, tmp_path)
        send(hospital, tmp_path)
        part(page, "Traffic")
        shot(page, tmp_path, "on its way")
        expect(page.locator("a.verified")).to_have_text("2", timeout=SOON)
        look_at_the_end(page, tmp_path)


def let_send(page: Page, folder: Path) -> None:
    part(page, "Senders")
    shot(page, folder, "no senders")
    fill(page, Name="Room 1", Address_or_network="127.0.0.1", Its_AE_title="ROOM1")
    page.get_by_role("button", name="Let it send").click()
    expect(page.locator(".listed")).to_contain_text("AE title ROOM1")
    shot(page, folder, "senders")


def add_archive(page: Page, hospital: Hospital, folder: Path) -> None:
    part(page, "Destinations")
    shot(page, folder, "no destinations")
    fill(page, Name="PACS", Address=f"{hospital.archive.aet}@127.0.0.1:{hospital.archive.dicom_port}")
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("button", name="Echo").click()
    expect(page.locator(".listed")).to_contain_text("answers in", timeout=SOON)
    shot(page, folder, "destinations")


def add_rule(page: Page, folder: Path) -> None:
    part(page, "Rules")
    shot(page, folder, "no rules")
    page.get_by_role("button", name="Dry run").click()
    expect(page.locator(".tried")).to_contain_text("there is nothing to try it on")
    page.get_by_role("button", name="Add this rule").click()
    expect(page.locator(".listed")).to_contain_text("every X-ray → PACS: capture and report, as read")
    shot(page, folder, "rules")


def send(hospital: Hospital, folder: Path) -> None:
    file = folder / "film.dcm"
    file.write_bytes(phantom(2, True, machine="DEMO-SIE-1", rows=600))
    sent = hospital.send(file)
    assert sent.returncode == 0, sent.stderr


def look_at_the_end(page: Page, folder: Path) -> None:
    """The counts lead to the ledger; a dry run knows of the X-ray now."""
    shot(page, folder, "traffic")
    page.locator("a.verified").click()
    page.wait_for_selector("[data-testid='stDataFrame']")
    steps.settled(page)
    expect(page.locator("canvas [role='gridcell']", has_text="verified")).to_have_count(2)
    shot(page, folder, "ledger")
    box = page.locator("[data-testid='stDataFrame']").bounding_box()
    assert box
    page.mouse.click(box["x"] + 60, box["y"] + 46)  # the first row, below the titles
    expect(page.locator(".words")).to_contain_text("it is there")
    shot(page, folder, "an answer")
    part(page, "Rules")
    page.get_by_role("button", name="Dry run").click()
    expect(page.locator(".tried")).to_contain_text("1 fits: 1 capture and 1 report would leave now")
    shot(page, folder, "dry run")
