"""Names that are written on X-rays: no page shows one, and no browser gets one, but the admin's that looks at it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from cxr_core.records import Role
from cxr_core.settings import Settings
from cxr_core.ui.routes import THUMBNAIL
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import holding, requests
from cxr_core.work.incoming.requests import Upload
from tests.browser import steps
from tests.browser.app import Watched, new_page, running_app
from tests.browser.test_reading_modes import received
from tests.browser.viewing import opened
from tests.network.names_in_pixels import FILMS, READABLE, SIDE, Fate, Written
from tests.orthanc import PATIENCE
from tests.work.asked import sealing_home
from tests.work.sites import query, work_off

ADMIN, PASSWORD = "bob", "a long password"
SOON = PATIENCE * 1000
"""Milliseconds after which one stops waiting for what other processes do."""
PICTURES = "img, canvas:not([data-testid='stDataFrame'] canvas)"
"""What of a page can show an X-ray."""
(LET_ON,) = [film for film in FILMS if film.fate is Fate.LET_ON]
(REFUSED,) = [film for film in FILMS if film.fate is Fate.REFUSED]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home in which every film has met its fate, but for the one that is to be refused, which still waits."""
    found = sealing_home(tmp_path)
    people.add_user(found.home, COMMAND_LINE, ADMIN, Role.ADMIN, PASSWORD)
    for film in FILMS:
        requests.take_in(found, COMMAND_LINE, [Upload("film.dcm", film.data)])
        work_off(found)
        if film.fate in (Fate.TAKEN, Fate.LET_ON):
            held = holding.held(found.home, COMMAND_LINE)[-1]
            seen = holding.look(found.home, COMMAND_LINE, held.id)
            work_off(found)
            blank = held.boxes + held.doubts if film.fate is Fate.TAKEN else []
            holding.take(found.home, COMMAND_LINE, held.id, blank, seen)
            work_off(found)
    return found


@pytest.fixture
def watched(browser: Browser, settings: Settings) -> Iterator[Watched]:
    """A page of the app on it."""
    own = {"CXR_IDENTITY_KEY": str(settings.identity_key), "CXR_THREADS": "1", "CXR_RUNTIME": "torch"}
    with running_app(settings.home, **own) as app:
        found = new_page(browser, app)
        yield found
        found.page.context.close()
    assert found.elsewhere == found.errors == []


def on_screen(page: Page) -> set[str]:
    """Words that are seen in any picture of the page as it stands on the screen."""
    steps.settled(page)
    page.wait_for_timeout(500)  # canvases draw after the script has ended
    return set().union(*(seen_at(page, element) for element in page.locator(PICTURES).all()))


def seen_at(page: Page, element: Locator) -> set[str]:
    """Words in the square of a picture that an X-ray fills, as the screen shows it."""
    box = element.bounding_box()
    side = min(box["width"], box["height"]) if box else 0
    if not box or side < 1:
        return set()
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    shown = page.screenshot(clip={"x": left, "y": top, "width": side, "height": side})
    return set().union(*(film.is_in(shown) for film in FILMS))


def as_png(film: Written) -> str:
    """An X-ray as it was before anything was blanked, to be shown by a page."""
    return b64encode(cv2.imencode(".png", film.shown)[1].tobytes()).decode()


def body_of(data: bytes) -> bytes:
    """What came, without the address that an answer has in front."""
    at = data.find(b"CXR1") if data.startswith(b"http") else -1
    return data[max(0, at) :]


def test_the_search_finds_what_is_written_in_every_size_that_pages_show(watched: Watched) -> None:
    page = watched.page
    for film in FILMS:
        for side in (560, THUMBNAIL):
            page.set_content(f"<img src='data:image/png;base64,{as_png(film)}' width={side}>")
            readable = film.size * side / SIDE >= READABLE
            assert seen_at(page, page.locator("img")) == (set(film.words) if readable else set())


def test_pages_show_no_name_but_to_an_admin_who_looks_at_it(watched: Watched, settings: Settings) -> None:
    page = watched.page
    found = received(page)
    steps.sign_in(page, ADMIN, PASSWORD)
    for title in ("Worklist", "History", "Models", "Drift", "Retrain", "PACS"):
        steps.open_page(page, title)
        assert on_screen(page) == set(), title
    images = [row["id"] for row in query(settings, "SELECT id FROM images")]
    assert len(images) == len(FILMS) - 1
    let_on = [image for image in images if looked_through(page, image) == set(LET_ON.words)]
    assert len(let_on) == 1
    told = [(film, words) for data in found for film in FILMS if (words := film.is_in(body_of(data)))]
    assert {film for film, _ in told} == {LET_ON}, "nothing that a browser got has any other name in it"
    look_at_what_is_held_back(page, found)


def looked_through(page: Page, image: str) -> set[str]:
    """Words of an image that its reading page shows; the other pages and addresses of it have no more."""
    opened(page, image)
    words = on_screen(page)
    page.goto(f"/models?image={image}")
    expect(page.get_by_test_id("stImage")).to_be_visible()
    small = page.request.get(f"/images/{image}/thumbnail").body()
    assert on_screen(page) == set().union(*(film.is_in(small) for film in FILMS)) == words
    return words


def look_at_what_is_held_back(page: Page, found: list[bytes]) -> None:
    """One admin sees it, once they ask; it comes in the page itself, and no copy of it at any address."""
    steps.open_page(page, "PACS")
    page.get_by_role("link", name="1 file").click()
    steps.settled(page)
    assert on_screen(page) == set()
    del found[:]
    page.get_by_role("button", name="Look").click()
    expect(page.locator(".film img")).to_be_visible(timeout=SOON)
    assert on_screen(page), "frames lie over one of the words"
    (shown,) = [data for data in found if REFUSED.is_in(data)]
    assert REFUSED.is_in(shown) == set(REFUSED.words)
    assert not shown.startswith(b"http"), "a frame of the page's own socket"
