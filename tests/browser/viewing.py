"""X-rays put in front of the viewer, and what is read off the screen: used by the browser tests of the reading room."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from cxr_core.records import JobState, Region, Status
from cxr_core.settings import Settings
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import holding, requests
from cxr_core.work.incoming.requests import Upload
from cxr_core.work.reading_room import reviewing
from tests.browser import steps
from tests.browser.app import App

PATIENCE = 60


def taken_in(app: App, data: bytes) -> str:
    """The image that the running app's worker makes of a file, after a look by somebody who finds no name in it."""
    (number,) = requests.take_in(Settings(home=app.home), COMMAND_LINE, [Upload("film.dcm", data)])
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        (verdict,) = requests.verdicts(app.home, COMMAND_LINE, [number])
        if verdict.status == Status.HELD_BACK:
            number = holding.take(app.home, COMMAND_LINE, holding.held(app.home, COMMAND_LINE)[-1].id, [])
        elif verdict.state is JobState.DONE:
            assert verdict.image, verdict.reasons
            return verdict.image
        time.sleep(0.1)
    raise AssertionError("the worker did not take the film in")


def opened(page: Page, image: str) -> None:
    """Open an image on the review page, and wait until it is drawn."""
    page.goto(f"/review?image={image}")
    expect(page.locator(f".viewer[data-shown='{image}']")).to_be_visible(timeout=15_000)
    steps.settled(page)


def drawn(page: Page, pane: str = "xray") -> NDArray[np.uint8]:
    """The greys of a pane's picture, once nothing moves; 0 also where the X-ray doesn't reach."""
    page.wait_for_timeout(150)
    width, height, grey = page.locator(f".pane.{pane} .picture").evaluate(
        """canvas => {
            const { width, height } = canvas, { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            return [width, height, Array.from({ length: width * height }, (_, i) => data[4 * i])];
        }"""
    )
    return np.array(grey, np.uint8).reshape(height, width)


@dataclass(frozen=True)
class Pane:
    """Where the first pane lies in the window, in CSS pixels, which are the screen's here."""

    left: float
    top: float
    width: float
    height: float

    def at(self, across: float, down: float) -> tuple[float, float]:
        """A point of the pane, by shares of its sides, in the window."""
        return round(self.left + across * self.width), round(self.top + down * self.height)


def pane(page: Page) -> Pane:
    box = page.locator(".pane.xray").bounding_box()
    assert box is not None
    return Pane(box["x"], box["y"], box["width"], box["height"])


def drag(page: Page, start: tuple[float, float], end: tuple[float, float], button: str = "left") -> None:
    page.mouse.move(*start)
    page.mouse.down(button=button)  # type: ignore[arg-type]
    page.mouse.move(*end, steps=8)
    page.mouse.up(button=button)  # type: ignore[arg-type]


def come(page: Page, there: Callable[[], bool]) -> None:
    """Let the page go on until something is there, or one may wonder."""
    end = time.monotonic() + PATIENCE
    while not there() and time.monotonic() < end:
        page.wait_for_timeout(100)


def recorded(app: App, image: str) -> tuple[Region, ...]:
    """What was marked in the one read of an image, once it is there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := reviewing.case(app.home, COMMAND_LINE, image).reads:
            regions: tuple[Region, ...] = found[0]["regions"]
            return regions
        time.sleep(0.1)
    raise AssertionError("the read was not recorded")
