"""From one case to the next in a real browser: the X-ray is there first, and nothing of another case beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from cxr_core.work import reviewing
from cxr_core.work.guarding import COMMAND_LINE
from tests.browser import steps
from tests.browser.app import App
from tests.browser.viewing import opened

pytestmark = pytest.mark.browser


@dataclass
class Wire:
    """The page's socket, which can be made to bring nothing for a while."""

    is_slow: bool = False
    held: list[tuple[WebSocketRoute, str | bytes]] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """From now on, see all of its messages first; before anything is opened."""
        page.route_web_socket("**/_stcore/stream", self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: self._bring(socket, message))

    def _bring(self, socket: WebSocketRoute, message: str | bytes) -> None:
        if self.is_slow:
            self.held.append((socket, message))
        else:
            socket.send(message)

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


def test_the_next_x_ray_is_there_at_once_and_alone_until_the_page_has_come_after(
    wire: Wire, reader: Page, app: App
) -> None:
    first, second = first_two(app)
    opened(reader, first)
    reader.wait_for_timeout(3000)  # the next picture is fetched meanwhile
    wire.is_slow = True
    reader.keyboard.press("j")
    expect(reader.locator(f".viewer[data-shown='{second}']")).to_be_visible()
    expect(reader.locator(".opinion")).not_to_be_visible()
    expect(reader.locator(".st-key-record")).not_to_be_visible()
    expect(reader.locator(".legend")).not_to_be_visible()
    for key in ("n", "Enter", "i"):  # what would record something is for no case now; what looks at the X-ray works
        reader.keyboard.press(key)
    expect(reader.locator("[data-do='invert']")).to_have_attribute("aria-pressed", "true")
    wire.catch_up()
    expect(reader.locator(".opinion")).to_be_visible()
    expect(reader.locator(".said-of")).to_have_count(1)
    expect(reader.locator(".said-of")).to_have_attribute("data-image", second)
    expect(reader.locator("[data-do='invert']")).to_have_attribute("aria-pressed", "true")
    reader.wait_for_timeout(500)
    assert all(not reviewing.case(app.home, COMMAND_LINE, image).reads for image in (first, second))


def test_a_step_that_comes_too_soon_is_taken_once_the_page_has_come_after(wire: Wire, reader: Page, app: App) -> None:
    first, _ = first_two(app)
    third = reviewing.upcoming(app.home, COMMAND_LINE, first, 2)[1]
    opened(reader, first)
    reader.wait_for_timeout(3000)
    wire.is_slow = True
    reader.keyboard.press("j")
    reader.locator(".st-key-step-next button").click()
    wire.catch_up()
    expect(reader.locator(f".viewer[data-shown='{third}']")).to_be_visible()
    expect(reader.locator(f".said-of[data-image='{third}']")).to_have_count(1)
    steps.settled(reader)
    expect(reader.locator(".said-of")).to_have_count(1)
    expect(reader.locator(".opinion")).to_be_visible()
