"""Quarantine as an admin works through it: the picture, its places, and what becomes of the file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, Response, expect

from cxr_core.dicom.burned_in.boxes import Box
from cxr_core.dicom.stored import from_stored
from cxr_core.records import Role
from cxr_core.settings import Settings
from cxr_core.store import files
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import holding, requests
from cxr_core.work.incoming.requests import Upload
from tests.browser import steps
from tests.browser.app import Watched, new_page, running_app
from tests.browser.viewing import drag
from tests.model.chests import png
from tests.orthanc import PATIENCE
from tests.processes import wait_until
from tests.work.sites import files_in, new_home, query
from tests.work.written import SIDE, hold_back, written

ADMIN, PASSWORD = "bob", "a long password"
BLANKED = re.compile("Take in, with .* blanked")
INITIALS = Box(600, 560, 650, 640)
"""Where something is written that isn't found."""
SOON = PATIENCE * 1000
"""Milliseconds after which one stops waiting for what other processes do."""
LIES_OVER_THE_PICTURE = """(root) => {
  const film = root.querySelector('img').getBoundingClientRect()
  return [...root.querySelectorAll('.place')].map((each) => each.getBoundingClientRect()).every((box) =>
    box.left >= film.left - 1 && box.right <= film.right + 1 && box.top >= film.top - 1
      && box.bottom <= film.bottom + 1 && box.width > 10 && box.height > 5)
}"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with an admin, and two files held back."""
    found = new_home(tmp_path)
    people.add_user(found.home, COMMAND_LINE, ADMIN, Role.ADMIN, PASSWORD)
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
    assert page.locator(".film img").evaluate("(image) => image.naturalWidth") == 800
    assert page.locator(".film").evaluate(LIES_OVER_THE_PICTURE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off on the right"
    expect(page.get_by_role("button", name=BLANKED)).to_be_in_viewport()
    page.get_by_role("button", name="Refuse it").click()
    page.screenshot(path=tmp_path / "refusing.png")
    page.get_by_role("button", name="Refuse and delete it").click()
    expect(page.locator(".listed")).to_have_count(1, timeout=SOON)
    expect(page.locator(".film")).to_have_count(0)
    page.screenshot(path=tmp_path / "one left.png")
    page.get_by_role("button", name="Look").click()
    page.get_by_role("button", name=BLANKED).click(timeout=SOON)
    expect(page.locator(".empty")).to_contain_text("Nothing waits", timeout=SOON)
    page.screenshot(path=tmp_path / "nothing.png")
    assert [row["decision"] for row in query(settings, "SELECT decision FROM quarantine ORDER BY id")] == [
        "discard", "take",
    ]  # fmt: skip
    assert not [path for path in files_in(settings) if "data:image" in path.read_bytes().decode("latin-1")]


def also_initialled() -> NDArray[np.uint8]:
    """The same with two letters more, which nothing is found of: two alone might be anything."""
    film = written().copy()
    cv2.putText(film, "JD", (INITIALS.left + 8, INITIALS.bottom - 8), cv2.FONT_HERSHEY_SIMPLEX, 1, 255, 2)
    return film


def on_screen(page: Page) -> Callable[[float, float], tuple[float, float]]:
    """Where a pixel of the file, from the left and from the top, lies in the window."""
    film = page.locator(".film").bounding_box()
    assert film is not None
    return lambda x, y: (film["x"] + x * film["width"] / SIDE, film["y"] + y * film["height"] / SIDE)


def stored(settings: Settings) -> NDArray[np.uint8]:
    """The one image that was taken in, as its pixels, once the worker has done it."""
    wait_until(lambda: query(settings, "SELECT 1 FROM images") != [])
    (row,) = query(settings, "SELECT file_sha256 FROM images")
    return from_stored(files.get(settings.home, row["file_sha256"])).pixels.astype(np.uint8)


def test_what_an_admin_draws_is_blanked_what_they_remove_is_not_and_nothing_else_changes(
    watched: Watched, settings: Settings, tmp_path: Path
) -> None:
    for held in holding.held(settings.home, COMMAND_LINE):
        holding.discard(settings.home, COMMAND_LINE, held.id)
    requests.take_in(settings, COMMAND_LINE, [Upload("film.png", png(also_initialled()))])
    wait_until(lambda: holding.how_many(settings.home, COMMAND_LINE) == 1)
    (held,) = holding.held(settings.home, COMMAND_LINE)
    found = [Box(*edges) for edges in held.boxes + held.doubts]
    assert not any(box.meets(INITIALS) for box in found)
    page, answers = watched.page, list[Response]()
    page.on("response", lambda answer: answers.append(answer))
    page.get_by_role("link", name="1 file").click()
    page.get_by_role("button", name="Look").click()
    expect(page.locator(".film img")).to_be_visible(timeout=SOON)
    steps.settled(page)
    at = on_screen(page)
    drag(page, at(INITIALS.left, INITIALS.top), at(INITIALS.right, INITIALS.bottom))
    expect(page.locator(".blanking .told")).to_have_text(f"{len(found) + 1} places")
    drag(page, at(found[0].left + 90, found[0].bottom), at(found[0].left + 90, found[0].bottom))
    page.screenshot(path=tmp_path / "drawn.png")
    page.keyboard.press("Delete")
    expect(page.get_by_role("button", name=f"Take in, with {len(found)} places blanked")).to_be_enabled(timeout=SOON)
    page.screenshot(path=tmp_path / "removed.png")
    page.get_by_role("button", name=BLANKED).click()
    expect(page.locator(".empty")).to_contain_text("Nothing waits", timeout=SOON)
    pixels, whole = stored(settings), also_initialled()
    surely, perhaps = np.zeros(pixels.shape, bool), np.zeros(pixels.shape, bool)
    for box in (*found[1:], INITIALS):
        surely[box.top + 1 : box.bottom - 1, box.left + 1 : box.right - 1] = True
        perhaps[max(0, box.top - 1) : box.bottom + 1, max(0, box.left - 1) : box.right + 1] = True
    assert np.array_equal(pixels[~perhaps], whole[~perhaps])
    assert (pixels[surely] == 255).sum() == 0 < (whole[surely] == 255).sum()
    inside = pixels[INITIALS.top + 1 : INITIALS.bottom - 1, INITIALS.left + 1 : INITIALS.right - 1]
    assert len(np.unique(inside)) == 1
    assert [each.url for each in answers if "image/jpeg" in each.headers.get("content-type", "")] == []
    assert not [path for path in files_in(settings) if b"data:image" in path.read_bytes()]


def test_places_are_drawn_moved_sized_and_removed_by_keys(watched: Watched, settings: Settings) -> None:
    page = watched.page
    page.get_by_role("link", name="2 files").click()
    page.get_by_role("button", name="Look").first.click()
    expect(page.locator(".film img")).to_be_visible(timeout=SOON)
    steps.settled(page)
    held = holding.held(settings.home, COMMAND_LINE)[0]
    count = len(held.boxes + held.doubts)
    page.keyboard.press("b")
    told, place = page.locator(".blanking .told"), page.locator(".film .place").last
    expect(told).to_have_text(f"{count + 1} places")
    expect(place).to_be_focused()
    before = [float(edge) for edge in edges_of(place)]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    x, y, wide, high = edges_of(place)
    assert (x, y, wide, high) == (before[0] - 2, before[1], before[2], before[3] + 2)
    page.keyboard.press("+")
    assert edges_of(place) == (x, y, wide, high)
    page.get_by_role("button", name=BLANKED).click()
    expect(page.locator(".listed")).to_have_count(1, timeout=SOON)
    (on_record,) = query(settings, "SELECT details FROM audit WHERE action = 'take from quarantine'")
    top, left, bottom, right = json.loads(on_record["details"])["blank"][-1]
    assert np.abs(np.array([left, top, right, bottom]) - [x, y, x + wide, y + high]).max() <= 1
    page.get_by_role("button", name="Look").click()
    expect(told).to_have_text(f"{count} places", timeout=SOON)
    page.locator(".film .place").first.focus()
    for left_over in range(count - 1, -1, -1):
        page.keyboard.press("Delete")
        expect(told).to_have_text(f"{left_over} place{'' if left_over == 1 else 's'}")
    expect(page.get_by_role("button", name=BLANKED)).to_be_disabled(timeout=SOON)


def edges_of(place: Locator) -> tuple[float, ...]:
    """Left and top, width and height, as the place is called."""
    name = place.get_attribute("aria-label")
    assert name is not None
    return tuple(map(float, re.findall(r"-?\d+", name)[1:]))
