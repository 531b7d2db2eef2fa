"""The viewer in a real browser: what is on the screen, and what goes over the wire meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from playwright.sync_api import Page, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.reading_room import reviewing
from tests.browser import steps
from tests.browser.app import App
from tests.browser.viewing import Pane, drag, drawn, opened, pane, recorded, taken_in
from tests.dicom.films import dicom, film
from tests.dicom.golden import GOLDEN


@pytest.fixture
def sent(page: Page) -> Iterator[list[bytes]]:
    """What the page sends to the server's scripts, as it is sent; before anything is opened."""
    frames: list[bytes] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: frames.append(frame if isinstance(frame, bytes) else frame.encode()))

    page.on("websocket", watch)
    yield frames


def test_it_shows_what_the_standard_says_pixel_for_pixel(reader: Page, app: App) -> None:
    for name, golden in GOLDEN.items():
        opened(reader, taken_in(app, golden.data))
        reader.keyboard.press("z")
        shown = drawn(reader)
        rows, columns = golden.greys.shape
        top, left = (
            int(np.floor((size - side) / 2 + 0.5)) for size, side in zip(shown.shape, (rows, columns), strict=True)
        )
        found = shown[top : top + rows, left : left + columns]
        assert np.array_equal(found, golden.greys), f"{name}: {np.abs(found.astype(int) - golden.greys).max()} off"
        assert shown.sum() == golden.greys.sum()


def test_a_drag_changes_the_picture_and_runs_no_script(reader: Page, app: App, sent: list[bytes]) -> None:
    opened(reader, taken_in(app, dicom(film(500, 400))))
    quiet(reader, sent)
    before, there, count = drawn(reader), pane(reader), len(sent)
    drag(reader, there.at(0.5, 0.5), there.at(0.3, 0.4))
    windowed = drawn(reader)
    reader.mouse.move(*there.at(0.4, 0.6))
    reader.mouse.wheel(0, -500)
    drag(reader, there.at(0.5, 0.5), there.at(0.6, 0.55), "right")
    moved = drawn(reader)
    assert (before != windowed).mean() > 0.1
    assert (windowed != moved).mean() > 0.1
    assert not any(runs_a_script(BackMsg.FromString(frame)) for frame in sent[count:])
    expect(reader.locator(".readout .window")).to_contain_text("Own window")
    reader.keyboard.press("f")
    assert np.array_equal(drawn(reader), before)


def runs_a_script(message: BackMsg) -> bool:
    """Whether a hand made the page ask for a run; every 20 seconds it asks by itself if its session still holds."""
    return message.HasField("rerun_script") and not message.rerun_script.is_auto_rerun


def quiet(page: Page, sent: list[bytes]) -> None:
    """Wait until the page has sent nothing for a while: it reports its colours once more after it is loaded."""
    count = -1
    while count != len(sent):
        count = len(sent)
        page.wait_for_timeout(1500)


def test_a_ramp_of_16_bits_shows_every_grey_when_its_window_is_a_fiftieth(reader: Page, app: App) -> None:
    ramp = np.tile(np.linspace(0, 65535, 8192).astype(np.uint16), (400, 1))
    opened(reader, taken_in(app, dicom(ramp, 16)))
    there = pane(reader)
    reader.mouse.move(*there.at(0.5, 0.5))
    for _ in range(16):
        reader.mouse.wheel(0, -200)
    width = 65535.0
    while width > 65535 / 50:
        by = min(250.0, 300 * np.log(width * 50 / 65535) + 1)
        drag(reader, there.at(0.5, 0.5), (there.at(0.5, 0.5)[0] - round(by), there.at(0.5, 0.5)[1]))
        width *= float(np.exp(-round(by) / 300))
    row = drawn(reader)[round(there.height / 2)].astype(int)
    steps_ = np.diff(row)
    assert steps_.min() >= 0
    assert steps_.max() <= 2, "a band: neighbouring pixels jump over greys"
    assert len(set(row)) > 250


def test_both_panes_show_the_same_part(reader: Page, app: App) -> None:
    opened(reader, taken_in(app, dicom(film(500, 400))))
    there = pane(reader)
    reader.mouse.move(*there.at(0.3, 0.7))
    reader.mouse.wheel(0, -600)
    drag(reader, there.at(0.5, 0.5), there.at(0.7, 0.4), "right")
    for key in "tx":
        reader.keyboard.press(key)
    left, right = drawn(reader, "xray"), drawn(reader, "tinted")
    assert left.std() > 1
    assert np.array_equal(left, right)


@dataclass(frozen=True)
class Turned:
    """The X-ray turned by a quarter and then mirrored, worked out apart from the viewer: rows run to the right."""

    pane: Pane
    rows: int
    columns: int
    zoom: float = 1
    x: float = 0
    y: float = 0

    @property
    def scale(self) -> float:
        return min(self.pane.width / self.rows, self.pane.height / self.columns) * self.zoom

    def point(self, at: tuple[float, float]) -> tuple[float, float]:
        """The point of the X-ray that lies at a point of the window."""
        right = at[0] - self.pane.left - self.pane.width / 2
        down = at[1] - self.pane.top - self.pane.height / 2
        return self.x + down / self.scale, self.y + right / self.scale

    def zoomed(self, at: tuple[float, float], factor: float) -> Turned:
        x, y = self.point(at)
        return replace(self, zoom=self.zoom * factor, x=x + (self.x - x) / factor, y=y + (self.y - y) / factor)

    def moved(self, start: tuple[float, float], end: tuple[float, float]) -> Turned:
        return replace(self, x=self.x - (end[1] - start[1]) / self.scale, y=self.y - (end[0] - start[0]) / self.scale)


def test_what_is_drawn_comes_back_where_it_was_drawn(reader: Page, app: App) -> None:
    rows, columns = 500, 420
    image = taken_in(app, dicom(film(rows, columns)))
    opened(reader, image)
    there = pane(reader)
    view = Turned(there, rows, columns, x=columns / 2, y=rows / 2)
    for key in "tx":
        reader.keyboard.press(key)
    reader.mouse.move(*there.at(0.4, 0.45))
    for _ in range(5):
        reader.keyboard.press("+")
    view = view.zoomed(there.at(0.4, 0.45), 1.25**5)
    drag(reader, there.at(0.5, 0.5), there.at(0.55, 0.47), "right")
    view = view.moved(there.at(0.5, 0.5), there.at(0.55, 0.47))
    expected = []
    for key, start, end in (("b", (0.3, 0.35), (0.5, 0.6)), ("o", (0.6, 0.7), (0.45, 0.62))):
        reader.keyboard.press(key)
        drag(reader, there.at(*start), there.at(*end))
        expected.append(sorted((view.point(there.at(*start)), view.point(there.at(*end)))))
    for key in "tx+":
        reader.keyboard.press(key)
    reader.mouse.move(5, 5)
    reader.keyboard.press("n")
    reader.keyboard.press("Enter")
    for region, corners in zip(recorded(app, image), expected, strict=True):
        x, y = zip(*corners, strict=True)
        assert abs(region.x - min(x)) < 0.5
        assert abs(region.y - min(y)) < 0.5
        assert abs(region.x + region.width - max(x)) < 0.5
        assert abs(region.y + region.height - max(y)) < 0.5


def test_what_is_drawn_past_the_edge_ends_at_the_edge(reader: Page, app: App) -> None:
    rows, columns = 500, 400
    image = taken_in(app, dicom(np.roll(film(rows, columns), 3)))
    opened(reader, image)
    there, scale = pane(reader), min(pane(reader).width / columns, pane(reader).height / rows)
    reader.keyboard.press("b")
    drag(reader, there.at(0.5, 0.5), there.at(0.999, 0.6))
    reader.keyboard.press("n")
    reader.keyboard.press("Enter")
    (region,) = recorded(app, image)
    assert there.width > columns * scale + 10, "there is room beside the X-ray"
    assert abs(region.x - columns / 2) < 1
    assert region.x + region.width == columns
    assert abs(region.height - 0.1 * there.height / scale) < 2


def test_a_mark_can_be_placed_moved_and_taken_back_without_a_mouse_and_is_shown_again(reader: Page, app: App) -> None:
    image = taken_in(app, dicom(film(400, 400)))
    opened(reader, image)
    for key in ("b", "b", "ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowRight", "o", "o", "Delete"):
        reader.keyboard.press(key)
    reader.keyboard.press("p")
    reader.keyboard.press("Enter")
    (region,) = recorded(app, image)
    assert (region.x, region.y, region.width, region.height) == pytest.approx((158, 154, 104, 100))
    opened(reader, image)
    light = reader.locator(".pane.xray .over").evaluate(
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v > 0)"
    )
    assert light
    expect(reader.locator("[data-do='box']")).to_be_disabled()


def test_twenty_cases_are_read_by_keyboard_alone(reader: Page, app: App) -> None:
    steps.begin_reading(reader)
    for _ in range(20):
        image = reviewing.next_case(app.home, COMMAND_LINE) or ""
        expect(reader.locator(f".viewer[data-shown='{image}']")).to_be_visible(timeout=15_000)
        steps.settled(reader)
        said = reviewing.case(app.home, COMMAND_LINE, image).prediction["label"]
        reader.keyboard.press("a" if said in ("Normal", "Pneumonia") else "n")
        reader.keyboard.press("Enter")
        assert recorded(app, image) == ()


def test_an_earlier_x_ray_stands_beside_the_new_one_and_moves_with_it(reader: Page, app: App) -> None:
    small = np.roll(film(500, 400), 7)
    taken_in(app, dicom(small, PatientID="P-7"))
    image = taken_in(app, dicom(np.flipud(np.kron(small, np.ones((2, 2), np.uint16))).copy(), PatientID="P-7"))
    opened(reader, image)
    there = pane(reader)
    reader.keyboard.press("y")
    expect(reader.locator(".pane.xray figcaption")).to_contain_text("Another, came")
    earlier, now = drawn(reader, "xray"), drawn(reader, "tinted")
    assert np.abs(earlier.astype(int) - now).mean() > 10
    mirrored = np.flipud(now).astype(int)
    assert np.abs(earlier - mirrored)[50:-50].mean() < 6, "the same part of both, each in its own measures"
    reader.mouse.move(*there.at(0.5, 0.5))
    reader.mouse.wheel(0, -400)
    closer, closer_now = drawn(reader, "xray"), drawn(reader, "tinted")
    assert np.abs(closer - np.flipud(closer_now).astype(int))[50:-50].mean() < 6
    assert (closer != earlier).mean() > 0.1
    reader.keyboard.press("y")
    assert np.array_equal(drawn(reader, "xray"), drawn(reader, "tinted"))
