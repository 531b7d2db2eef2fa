"""What a browser's tab is to the server: a websocket, the page that came over it, and what its widgets say.

As Streamlit's own script in a browser does it: a click sends the state of all widgets, elements that a run of the
script didn't send again are taken away at its end, parts of the page that draw themselves anew ask for it, and what was
sent before is known by its hash. Only what it would cost to draw is left out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

from cxr_core.ui.session import COOKIE

PATIENCE = 120
"""Seconds after which a page that doesn't come is an error."""
FOOT = 500
"""Characters at a page's end that are told of one that doesn't come as it should."""
KEPT_RUNS = 2
"""Runs of the script for which a tab keeps a message that may be sent by its hash alone."""
Found = TypeVar("Found")


@dataclass(frozen=True)
class Part:
    """An element of the page, or a container."""

    run: str
    """The run of the script that sent it last."""
    fragment: str
    """The part of the script that draws it anew by itself; empty where it is the whole one."""
    kind: str
    element: Any


class Tab:
    """A page as it stands, and what a hand does on it."""

    def __init__(self, socket: ClientConnection, url: str) -> None:
        self.query = ""
        """The address behind the question mark."""
        self.runs = 0
        """Whole runs of the script that have come to their end."""
        self._socket, self._url = socket, url
        self._parts: dict[tuple[int, ...], Part] = {}
        self._states: dict[str, WidgetState] = {}
        self._kept: dict[str, tuple[ForwardMsg, int]] = {}
        self._page, self._run, self._fragments = "", "", tuple[str, ...]()
        self._is_running = False
        self._repeating: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._hearing = asyncio.create_task(self._hear())

    @classmethod
    async def open(cls, url: str, token: str) -> Tab:
        """A tab at the first page, with a session's cookie."""
        address = url.replace("http", "ws", 1) + "/_stcore/stream"
        cookie = {"Cookie": f"{COOKIE}={token}"}
        socket = await connect(
            address, origin=url, subprotocols=["streamlit"], additional_headers=cookie, compression=None, max_size=None,
            open_timeout=PATIENCE,
        )  # fmt: skip
        tab = cls(socket, url)
        await tab._ask()
        return tab

    async def close(self) -> None:
        """Leave, as a tab that is closed does."""
        self._stop_repeating()
        await self._socket.close()
        await asyncio.wait([self._hearing])

    def all(self, kind: str) -> list[Any]:
        """The elements of a kind, in the order in which they first came."""
        return [part.element for part in self._parts.values() if part.kind == kind]

    def button(self, key: str) -> Any | None:
        """The button with this key, or None."""
        return next((button for button in self.all("button") if button.id.endswith(f"-{key}")), None)

    def said_of(self) -> set[str]:
        """The X-rays that the page speaks of: one, once it has all come."""
        marks = [html.body for html in self.all("html") if 'class="said-of"' in html.body]
        return {mark.split('data-image="')[1].split('"')[0] for mark in marks}

    def viewer(self) -> dict[str, Any]:
        """What the viewer was told: `url`, `next`, `heatmap` and more."""
        found = [json.loads(each.json) for each in self.all("bidi_component") if each.component_name == "cxr_viewer"]
        return found[-1] if found else {}

    def text(self) -> str:
        """All that the page says in texts of its own."""
        return " ".join(html.body for html in self.all("html"))

    def words(self) -> str:
        """What the page warns of."""
        return " ".join([alert.body for alert in self.all("alert")] + [each.message for each in self.all("exception")])

    async def press(self, key: str) -> None:
        """Click the button with this key."""
        (part,) = [
            part for part in self._parts.values() if part.kind == "button" and part.element.id.endswith(f"-{key}")
        ]
        await self._ask(part.fragment, WidgetState(id=part.element.id, trigger_value=True))

    async def press_named(self, label: str) -> None:
        """Click the button that says this."""
        (button,) = [button for button in self.all("button") if button.label == label]
        await self._ask("", WidgetState(id=button.id, trigger_value=True))

    async def until(self, is_so: Callable[[], Found]) -> Found:
        """What `is_so` says once it says something, and no run of the script goes on."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self._is_running or not (found := is_so()):
                    self._news.clear()
                    if self._hearing.done():
                        raise RuntimeError("the server closed the page")
                    await self._news.wait()
        except TimeoutError:
            said = f"{self.words()} {self.text()[-FOOT:]}"
            raise RuntimeError(f"the page didn't come after {self.runs} runs of its script; it says: {said}") from None
        return found

    async def _ask(self, fragment: str = "", *pressed: WidgetState, by_itself: bool = False) -> None:
        said = BackMsg()
        asked = said.rerun_script
        asked.query_string, asked.page_script_hash, asked.fragment_id = self.query, self._page, fragment
        asked.widget_states.widgets.extend([*self._states.values(), *pressed])
        asked.is_auto_rerun = by_itself
        asked.cached_message_hashes.extend(self._kept)
        asked.context_info.timezone, asked.context_info.locale, asked.context_info.url = "UTC", "en", self._url
        await self._socket.send(said.SerializeToString())

    async def _hear(self) -> None:
        try:
            async for data in self._socket:
                self._take(ForwardMsg.FromString(bytes(data)))
        finally:
            self._news.set()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            known, _ = self._kept[message.ref_hash]
            message = ForwardMsg(delta=known.delta, metadata=message.metadata, hash=message.ref_hash)
            kind = "delta"
            self._kept[message.hash] = (known, self.runs)
        elif message.metadata.cacheable:
            self._kept[message.hash] = (message, self.runs)
        if take := getattr(self, f"_take_{kind}", None):
            take(message)

    def _take_new_session(self, message: ForwardMsg) -> None:
        run, self._is_running = message.metadata.run, True
        self._run, self._fragments = run.script_run_id, tuple(run.fragment_ids)
        if not self._fragments:
            self._stop_repeating()
            self._page = message.new_session.page_script_hash

    def _take_navigation(self, message: ForwardMsg) -> None:
        self._page = message.navigation.page_script_hash

    def _take_page_info_changed(self, message: ForwardMsg) -> None:
        self.query = message.page_info_changed.query_string

    def _take_delta(self, message: ForwardMsg) -> None:
        delta, path = message.delta, tuple(message.metadata.delta_path)
        kind, element = delta.WhichOneof("type"), None
        if kind == "new_element":
            kind = delta.new_element.WhichOneof("type")
            element = getattr(delta.new_element, kind)
            self._begin(kind, element)
        self._parts[path] = Part(self._run, delta.fragment_id, kind, element)

    def _begin(self, kind: str, element: Any) -> None:
        """A widget that is new on the page says at once what it holds; a choice that nobody made holds nothing."""
        if kind == "text_area" and element.id not in self._states:
            self._states[element.id] = WidgetState(id=element.id, string_value=element.default)
        if kind == "selectbox" and element.HasField("default") and element.id not in self._states:
            self._states[element.id] = WidgetState(id=element.id, string_value=element.options[element.default])

    def _take_script_finished(self, message: ForwardMsg) -> None:
        self._is_running = False
        early = ForwardMsg.ScriptFinishedStatus.Value("FINISHED_EARLY_FOR_RERUN")
        if message.script_finished != early:
            self._take_away()
        if not self._fragments and message.script_finished != early:
            self.runs += 1
            self._kept = {name: each for name, each in self._kept.items() if self.runs - each[1] <= KEPT_RUNS}
        self._news.set()

    def _take_away(self) -> None:
        """What was there before the run and didn't come again, with the states of its widgets."""
        gone = [
            path for path, part in self._parts.items()
            if part.run != self._run and (not self._fragments or part.fragment in self._fragments)
        ]  # fmt: skip
        for path in gone:
            del self._parts[path]
        there = {part.element.id for part in self._parts.values() if part.kind in ("text_area", "selectbox")}
        self._states = {name: state for name, state in self._states.items() if name in there}

    def _take_auto_rerun(self, message: ForwardMsg) -> None:
        asked = message.auto_rerun
        if asked.fragment_id not in self._repeating:
            repeated = asyncio.create_task(self._repeat(asked.fragment_id, asked.interval))
            self._repeating[asked.fragment_id] = repeated

    def _take_stop_auto_rerun(self, message: ForwardMsg) -> None:
        for name in message.stop_auto_rerun.fragment_ids:
            self._repeating.pop(name).cancel()

    async def _repeat(self, fragment: str, seconds: float) -> None:
        with suppress(ConnectionError):
            while True:
                await asyncio.sleep(seconds)
                await self._ask(fragment, by_itself=True)

    def _stop_repeating(self) -> None:
        for repeated in self._repeating.values():
            repeated.cancel()
        self._repeating.clear()
