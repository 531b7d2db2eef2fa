"""The viewer under fingers, and on the smallest and the largest screen that it is made for."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import stopping
from cxr_core.work.reading_room import reviewing
from tests.browser import steps
from tests.browser.app import App
from tests.browser.viewing import drawn, opened, pane, recorded, taken_in
from tests.dicom.films import dicom, film

LARGE = {"width": 3840, "height": 2160}


class Fingers:
    """Fingers on the page: Chromium's own touch events."""

    def __init__(self, page: Page) -> None:
        self.chromium: CDPSession = page.context.new_cdp_session(page)
        self.chromium.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})

    def slide(self, *ways: tuple[tuple[float, float], tuple[float, float]]) -> None:
        """Put a finger down at the start of each way, and move all of them to the ends."""
        self._say("touchStart", [start for start, _ in ways])
        for step in range(1, 9):
            self._say("touchMove", [_between(start, end, step / 8) for start, end in ways])
        self._say("touchEnd", [])

    def _say(self, kind: str, points: list[tuple[float, float]]) -> None:
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self.chromium.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})


def _between(start: tuple[float, float], end: tuple[float, float], share: float) -> tuple[float, float]:
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def test_one_finger_windows_two_zoom_and_a_mark_is_drawn_with_a_finger(reader: Page, app: App) -> None:
    rows, columns = 500, 400
    image = taken_in(app, dicom(of_its_own(rows, columns)))
    opened(reader, image)
    there, fingers = pane(reader), Fingers(reader)
    before = drawn(reader)
    fingers.slide((there.at(0.5, 0.5), there.at(0.3, 0.4)))
    assert (drawn(reader) != before).mean() > 0.1
    expect(reader.locator(".readout .window")).to_contain_text("Own window")
    left, right, farther_left, farther_right = (there.at(across, 0.5) for across in (0.4, 0.6, 0.3, 0.7))
    fingers.slide((left, farther_left), (right, farther_right))
    apart = (farther_right[0] - farther_left[0]) / (right[0] - left[0])
    scale = min(there.width / columns, there.height / rows) * apart
    expect(reader.locator(".readout .window")).to_contain_text(f"{100 * scale:.0f} %")
    reader.locator("[data-do='box']").click()
    fingers.slide((there.at(0.4, 0.4), there.at(0.6, 0.55)))
    reader.keyboard.press("n")
    reader.keyboard.press("Enter")
    (region,) = recorded(app, image)
    assert region.width == pytest.approx(0.2 * there.width / scale, abs=1)
    assert region.height == pytest.approx(0.15 * there.height / scale, abs=1)


def of_its_own(rows: int, columns: int) -> Any:
    """A film of its own, so that nobody has read it yet."""
    made = film(rows, columns)
    made[:20] = made[::-1][:20]
    return made


def test_a_stop_pushes_nothing_of_the_viewer_below_the_window(reader: Page, app: App) -> None:
    admin = people.admin_named(app.home, COMMAND_LINE, None)
    stopping.stop(app.home, admin, "two missed pneumonias")
    opened(reader, reviewing.next_case(app.home, COMMAND_LINE) or "")
    expect(reader.locator(".stop")).to_be_visible()
    viewer, bottom = reader.locator(".viewer").bounding_box(), reader.locator(".bottom").bounding_box()
    stopping.lift(app.home, admin, "looked into")
    assert viewer
    assert bottom
    assert viewer["y"] + viewer["height"] <= bottom["y"]


def test_on_a_screen_of_four_thousand_pixels_words_grow_and_the_x_ray_fills_the_rest(reader: Page, app: App) -> None:
    image = reviewing.next_case(app.home, COMMAND_LINE) or ""
    opened(reader, image)
    small = reader.locator(".viewer .tools button").first.bounding_box()
    reader.set_viewport_size(LARGE)  # type: ignore[arg-type]
    opened(reader, image)
    large = reader.locator(".viewer .tools button").first.bounding_box()
    assert small
    assert large
    assert large["height"] > 1.5 * small["height"]
    there = pane(reader)
    assert 2 * there.width * there.height > 0.6 * LARGE["width"] * LARGE["height"]
    assert reader.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert reader.locator(".st-key-panel").evaluate("panel => panel.scrollHeight <= panel.clientHeight")
    steps.picture(reader, "review-4k")
