"""A page that ends while a part of it is about to draw itself anew says why it ended, and stays on the screen."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from cxr_core.work import people
from cxr_core.work.accounts import DEMO_ACCOUNTS
from cxr_core.work.guarding import COMMAND_LINE
from tests.browser import steps
from tests.browser.app import App

(READER, _, PASSWORD), _ = DEMO_ACCOUNTS


class Late:
    """Keeps back all that a page's parts ask for by themselves, but the first, until it is released."""

    def __init__(self, page: Page) -> None:
        self.kept: list[Callable[[], None]] = []
        self.asked = 0
        page.route_web_socket("**/_stcore/stream*", self._between)

    def _between(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            by_itself = isinstance(message, bytes) and BackMsg.FromString(message).rerun_script.is_auto_rerun
            self.asked += by_itself
            if by_itself and self.asked > 1:
                self.kept.append(lambda: server.send(message))
            else:
                server.send(message)

        socket.on_message(pass_on)

    def release(self) -> None:
        for send in self.kept:
            send()


def test_a_session_that_ends_leaves_a_way_back(page: Page, app: App) -> None:
    late = Late(page)
    steps.sign_in(page, READER, PASSWORD)
    page.clock.install()
    page.goto("/history")
    steps.settled(page)
    people.end_sessions(app.home, COMMAND_LINE, READER)
    page.clock.fast_forward(21_000)
    ended = page.get_by_text("You are signed out. Sign in again")
    expect(ended).to_be_visible()
    steps.settled(page)
    assert late.kept
    late.release()
    page.wait_for_timeout(1000)
    expect(ended).to_be_visible()
