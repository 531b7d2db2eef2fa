"""From one case to the next in a real browser: the X-ray is there first, and nothing of another case beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.reading_room import reviewing
from tests.browser import steps
from tests.browser.app import App
from tests.browser.viewing import opened, recorded


@dataclass
class Wire:
    """The page's socket, which can be made to bring nothing for a while."""

    is_slow: bool = False
    held: list[tuple[WebSocketRoute, str | bytes]] = field(default_factory=list)
    sent: int = 0
    """How many messages the page has sent."""

    def watch(self, page: Page) -> None:
        """From now on, see all of its messages first; before anything is opened."""
        page.route_web_socket("**/_stcore/stream", self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: self._bring(socket, message))
        socket.on_message(lambda message: self._take(server, message))

    def _bring(self, socket: WebSocketRoute, message: str | bytes) -> None:
        if self.is_slow:
            self.held.append((socket, message))
        else:
            socket.send(message)

    def _take(self, server: WebSocketRoute, message: str | bytes) -> None:
        self.sent += 1
        server.send(message)

    def catch_up(self) -> None:
        """Bring what was held, and everything from now on at once."""
        self.is_slow = False
        for socket, message in self.held:
            socket.send(message)
        self.held.clear()


@pytest.fixture
def wire(page: Page) -> Iterator[Wire]:
    found = Wire()
    found.watch(page)
    yield found


def first_two(app: App) -> tuple[str, str]:
    first = reviewing.next_case(app.home, COMMAND_LINE)
    assert first
    return first, reviewing.upcoming(app.home, COMMAND_LINE, first, 1)[0]


def ready(page: Page, image: str) -> None:
    """Open a case and wait until the picture of the next one is there, too."""
    with page.expect_response(lambda answer: "/images/" in answer.url and image not in answer.url) as fetched:
        opened(page, image)
    fetched.value.finished()
    page.wait_for_timeout(500)  # until it is unpacked


def answer(page: Page, app: App, image: str) -> None:
    """Choose what the model says, or Normal where it says neither."""
    prediction = reviewing.case(app.home, COMMAND_LINE, image).prediction
    said = prediction["label"] if prediction else None
    page.keyboard.press("a" if said in ("Normal", "Pneumonia") else "n")
    expect(page.get_by_role("button", name="Record:")).to_be_visible()
    steps.settled(page)


def comes_after(page: Page, image: str) -> None:
    """Wait until the page says between its two marks what it says of this case, and nothing else."""
    expect(page.locator(f".said-of[data-image='{image}']")).to_have_count(2)
    steps.settled(page)
    expect(page.locator(".said-of")).to_have_count(2)


def is_recorded(app: App, *images: str) -> bool:
    return any(reviewing.case(app.home, COMMAND_LINE, image).reads for image in images)


def test_the_next_x_ray_is_there_at_once_and_alone_until_the_page_has_come_after(
    wire: Wire, reader: Page, app: App
) -> None:
    first, second = first_two(app)
    ready(reader, first)
    answer(reader, app, first)
    steps.settled(reader)
    wire.is_slow = True
    reader.keyboard.press("j")
    expect(reader.locator(f".viewer[data-shown='{second}']")).to_be_visible()
    expect(reader.locator(".opinion")).not_to_be_visible()
    expect(reader.locator("[class*='st-key-record-']")).not_to_be_visible()
    expect(reader.locator(".legend")).not_to_be_visible()
    for key in ("Enter", "i"):  # what would record the case before does nothing; what looks at the X-ray works
        reader.keyboard.press(key)
    expect(reader.locator("[data-do='invert']")).to_have_attribute("aria-pressed", "true")
    wire.catch_up()
    expect(reader.locator(".opinion")).to_be_visible()
    comes_after(reader, second)
    expect(reader.locator("[data-do='invert']")).to_have_attribute("aria-pressed", "true")
    reader.wait_for_timeout(1000)
    assert not is_recorded(app, first, second)


def test_a_step_that_comes_too_soon_is_taken_once_the_page_has_come_after(wire: Wire, reader: Page, app: App) -> None:
    first, _ = first_two(app)
    third = reviewing.upcoming(app.home, COMMAND_LINE, first, 2)[1]
    ready(reader, first)
    wire.is_slow = True
    reader.keyboard.press("j")
    reader.wait_for_timeout(300)
    before = wire.sent
    reader.locator(".st-key-step-next button").click()
    reader.wait_for_timeout(300)
    assert wire.sent == before
    wire.catch_up()
    expect(reader.locator(f".viewer[data-shown='{third}']")).to_be_visible()
    comes_after(reader, third)
    expect(reader.locator(".opinion")).to_be_visible()


def test_where_the_page_does_not_come_after_the_x_ray_comes_back_that_it_speaks_of(
    wire: Wire, reader: Page, app: App
) -> None:
    first, second = first_two(app)
    ready(reader, first)
    wire.is_slow = True
    reader.keyboard.press("j")
    expect(reader.locator(f".viewer[data-shown='{second}']")).to_be_visible()
    expect(reader.locator(f".viewer[data-shown='{first}']")).to_be_visible(timeout=10_000)
    expect(reader.locator(".opinion")).to_be_visible()
    wire.catch_up()
    expect(reader.locator(f".viewer[data-shown='{second}']")).to_be_visible()


def test_a_mark_that_was_just_moved_stays_with_the_case_that_is_left(reader: Page, app: App) -> None:
    first, second = first_two(app)
    ready(reader, first)
    for key in ("b", "b", "ArrowRight"):
        reader.keyboard.press(key)
    reader.locator(".st-key-step-next button").click()
    comes_after(reader, second)
    reader.keyboard.press("k")
    comes_after(reader, first)
    answer(reader, app, first)
    reader.keyboard.press("Enter")
    (region,) = recorded(app, first)
    columns = reviewing.case(app.home, COMMAND_LINE, first).image["pixel_columns"]
    assert region.x + region.width / 2 > columns / 2 + 1


def test_an_enter_that_is_held_down_records_one_case(reader: Page, app: App) -> None:
    first, second = first_two(app)
    opened(reader, second)
    answer(reader, app, second)
    opened(reader, first)
    answer(reader, app, first)
    reader.keyboard.down("Enter")
    expect(reader.locator(f".said-of[data-image='{first}']")).to_have_count(0)
    for _ in range(5):
        reader.keyboard.down("Enter")
        reader.wait_for_timeout(100)
    reader.keyboard.up("Enter")
    reader.wait_for_timeout(500)
    assert is_recorded(app, first)
    assert not is_recorded(app, second)


BESIDE = """() => {
    window.beside = [];
    const note = () => {
        const shown = document.querySelector(".st-key-panel .opinion");
        const isSeen = shown && getComputedStyle(shown).visibility === "visible";
        const images = [...document.querySelectorAll(".said-of")].map((mark) => mark.dataset.image);
        if (isSeen) window.beside.push(...images.map((image) => [image, window.xray()]));
    };
    const look = () => {
        setTimeout(note);  // once the frame is drawn
        requestAnimationFrame(look);
    };
    look();
}"""
"""Notes after every frame which X-ray is shown and of which the page speaks."""


def test_no_opinion_stands_beside_another_x_ray_when_one_goes_back_records_or_takes_back(
    reader: Page, app: App
) -> None:
    first, second = first_two(app)
    ready(reader, first)
    reader.locator(".viewer").evaluate("viewer => (window.xray = () => viewer.dataset.shown)")
    reader.evaluate(BESIDE)
    reader.keyboard.press("j")
    comes_after(reader, second)
    reader.keyboard.press("k")
    comes_after(reader, first)
    answer(reader, app, first)
    reader.keyboard.press("Enter")
    expect(reader.locator(f".said-of[data-image='{first}']")).to_have_count(0)
    steps.settled(reader)
    reader.keyboard.press("Control+z")
    comes_after(reader, first)
    reader.wait_for_timeout(300)
    pairs = {tuple(pair) for pair in reader.evaluate("beside")}
    assert (first, first) in pairs
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


def test_nothing_is_recorded_of_a_case_whose_x_ray_is_not_on_the_screen(reader: Page, app: App) -> None:
    first, _ = first_two(app)
    reader.route(f"**/images/{first}", lambda route: route.abort())
    reader.goto(f"/review?image={first}")
    expect(reader.locator(".pane.xray .note")).to_contain_text("can't be shown")
    steps.settled(reader)
    for key in ("n", "p", "Enter"):
        reader.keyboard.press(key)
    reader.wait_for_timeout(1000)
    assert not is_recorded(app, first)
    expect(reader.locator(".opinion")).not_to_be_visible()


def test_undoing_what_one_types_takes_no_read_back(reader: Page, app: App) -> None:
    first, second = first_two(app)
    opened(reader, first)
    answer(reader, app, first)
    reader.keyboard.press("Enter")
    comes_after(reader, second)
    reader.locator(".st-key-panel textarea").fill("a rib")
    reader.keyboard.press("Control+z")
    reader.wait_for_timeout(1000)
    assert is_recorded(app, first)
