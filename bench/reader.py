"""A radiologist as a script: signs in, and reads case after case on the review page, at a person's pace."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

import httpx

from bench.tab import Tab
from cxr_core.ui.session import COOKIE

BEAT_SECONDS = 15
KEPT_OPEN_SECONDS = 2
"""For which a connection is used again: the server closes one after five, maybe while something is asked over it."""
BEGIN = "Read the next case"
NOTHING = "Nothing waits to be read"
KEPT = 6
"""X-rays that a viewer keeps."""


@dataclass(frozen=True, order=True)
class Told:
    """What a page said was recorded."""

    read: int
    image: str
    label: str


@dataclass
class Seen:
    """What one reader saw."""

    told: list[Told] = field(default_factory=list)
    waited: list[tuple[float, float]] = field(default_factory=list)
    """For each next case: the moment of the press, and the seconds until the page spoke of it and had its X-ray."""
    signed_in: float = 0.0
    """Seconds from the form to the first page."""
    answered: list[float] = field(default_factory=list)
    """Seconds from an answer's key to the button that promises it."""
    taken: int = 0
    """Cases that somebody else had by the time they were on the screen."""
    refused: int = 0
    """Reads that weren't recorded, as the page said."""
    bytes: int = 0


class Reader:
    """One person at one browser."""

    def __init__(self, url: str, name: str, password: str, pause: tuple[float, float]) -> None:
        self.name, self.seen = name, Seen()
        self._url, self._password, self._pause = url, password, pause
        self._chance = random.Random(name)
        self._pictures: dict[str, asyncio.Task[None]] = {}

    async def work(self, until: float) -> None:
        """Read until that moment of `time.monotonic`, then sign out."""
        limits = httpx.Limits(max_connections=6, keepalive_expiry=KEPT_OPEN_SECONDS)
        async with httpx.AsyncClient(base_url=self._url, limits=limits, timeout=120) as self._client:
            began = time.monotonic()
            tab = await Tab.open(self._url, await self._sign_in())
            await tab.until(lambda: any(each.label == BEGIN and not each.disabled for each in tab.all("button")))
            self.seen.signed_in = time.monotonic() - began
            try:
                runs = tab.runs
                await tab.press_named(BEGIN)
                image = await self._arrive(tab, "", runs)
                while image and time.monotonic() < until:
                    image = await self._read(tab, image, until)
            finally:
                await self._leave(tab)

    async def _sign_in(self) -> str:
        form = {"name": self.name, "password": self._password, "next": "/"}
        while (answer := await self._client.post("/sign-in", data=form)).status_code == 429:
            await asyncio.sleep(float(answer.headers["Retry-After"]))
        return answer.cookies[COOKIE]

    async def _leave(self, tab: Tab) -> None:
        for fetching in self._pictures.values():
            fetching.cancel()
        await tab.close()
        await self._client.post("/sign-out")

    async def _read(self, tab: Tab, image: str, until: float) -> str:
        """Look, answer, record and go on; returns the next case. Another's case is left as it is."""
        if tab.button(f"record-{image}") is None:
            self.seen.taken += 1
            await asyncio.sleep(self._chance.uniform(0, 1))
            return await self._step(tab, image)
        await self._look(image)
        if time.monotonic() >= until:
            return ""
        label = self._chance.choice(("Normal", "Pneumonia"))
        await self._answer(tab, image, label)
        following = await self._go_on(tab, image, f"record-{image}")
        self._note(tab, image, label)
        return following if following != image else await self._step(tab, image)

    async def _step(self, tab: Tab, image: str) -> str:
        """Go to the next case without recording; nowhere where none waits."""
        button = tab.button("step-next")
        return "" if button is None or button.disabled else await self._go_on(tab, image, "step-next")

    def _note(self, tab: Tab, image: str, label: str) -> None:
        """What the page says was recorded: under a number that it hasn't said before."""
        said = [int(each.id.rsplit("-", 1)[1]) for each in tab.all("button") if "-revise-" in each.id]
        if said and said[0] not in {told.read for told in self.seen.told}:
            self.seen.told.append(Told(said[0], image, label))
        else:
            self.seen.refused += 1

    async def _look(self, image: str) -> None:
        """Think, while a hand moves."""
        left = self._chance.uniform(*self._pause)
        while left > 0:
            await self._client.post(f"/images/{image}/beat")
            await asyncio.sleep(min(left, BEAT_SECONDS))
            left -= BEAT_SECONDS

    async def _answer(self, tab: Tab, image: str, label: str) -> None:
        """Choose an answer, and a reason where one is asked for."""
        began = time.monotonic()
        await tab.press(f"{label}-{image}")
        await tab.until(lambda: f": {label}" in tab.button(f"record-{image}").label)
        self.seen.answered.append(time.monotonic() - began)
        await asyncio.sleep(min(0.5, self._pause[1]))
        if tab.button(f"reason-SMALL-{image}"):
            await tab.press(f"reason-SMALL-{image}")
            await tab.until(lambda: tab.button(f"reason-SMALL-{image}").type == "primary")
            await asyncio.sleep(min(0.5, self._pause[1]))

    async def _go_on(self, tab: Tab, image: str, key: str) -> str:
        """Press a button that brings the next case, and note how long it takes until all of it is there."""
        began, runs = time.monotonic(), tab.runs
        await tab.press(key)
        following = await self._arrive(tab, image, runs)
        self.seen.waited.append((began, time.monotonic() - began))
        return following

    async def _arrive(self, tab: Tab, left: str, runs: int) -> str:
        """The case that the page speaks of once all of it has come, after so many runs of the script, with its X-ray.

        That is the one that was left where the page says why it doesn't go on, and none where nothing waits any more.
        """

        def is_there() -> bool:
            is_left = left in tab.said_of() and tab.button(f"record-{left}") is not None
            has_come = tab.runs > runs and not is_left and (len(tab.said_of()) == 1 or NOTHING in tab.text())
            return has_come or bool(tab.words())

        await tab.until(is_there)
        if not (found := tab.said_of()) or left in found:
            return left if found else ""
        viewer = tab.viewer()
        await self._fetched(viewer["url"])
        if viewer["heatmap"]:
            await self._get(viewer["heatmap"])
        for each in viewer["next"]:
            self._fetched(each["url"])
        return found.pop()

    def _fetched(self, address: str) -> asyncio.Task[None]:
        """A picture, which is asked for once while a viewer keeps it."""
        fetching = self._pictures.pop(address, None) or asyncio.create_task(self._get(address))
        self._pictures[address] = fetching
        if len(self._pictures) > KEPT:
            self._pictures.pop(next(iter(self._pictures)))
        return fetching

    async def _get(self, address: str) -> None:
        """All bytes, as they are sent: a browser would unpack and draw them at its own cost."""
        async with self._client.stream("GET", address) as answer:
            answer.raise_for_status()
            async for some in answer.aiter_raw():
                self.seen.bytes += len(some)
