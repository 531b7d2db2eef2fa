"""What a reader presses is seen on the page, also where the page draws parts of itself anew at that very moment."""

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bench import load_day
from bench.load_day import PASSWORD
from bench.reader import BEGIN, Reader
from bench.tab import Tab
from tests.browser.app import running_app
from tests.network import hospital

pytestmark = pytest.mark.alone

PRESSES = 300
"""Streamlit by itself loses one in sixty of these."""


async def press_all(url, name):
    """Choose one answer after the other, amid what the page asks for by itself; returns those that came to the screen.

    Raises where one doesn't come.
    """
    chance = random.Random(1)
    reader = Reader(url, name, PASSWORD, (0, 0))
    async with httpx.AsyncClient(base_url=url, timeout=120) as reader._client:
        tab = await Tab.open(url, await reader._sign_in())
        await tab.until(lambda: any(each.label == BEGIN and not each.disabled for each in tab.all("button")))
        runs = tab.runs
        await tab.press_named(BEGIN)
        image = await reader._arrive(tab, "", runs)
        parts = list(tab._repeating)
        assert parts
        seen = []
        for number in range(PRESSES):
            label = ("Normal", "Pneumonia")[number % 2]
            asked = [*parts, None]
            chance.shuffle(asked)
            for part in asked:
                await asyncio.sleep(chance.choice((0, 0, 0.001, 0.003, 0.01, 0.02)))
                await (tab._ask(part, by_itself=True) if part else tab.press(f"{label}-{image}"))
            await tab.until(lambda label=label: f": {label}" in tab.button(f"record-{image}").label)
            seen.append(label)
        await tab.close()
    return seen


def test_every_answer_comes_to_the_screen(tmp_path):
    site = hospital.founded(tmp_path)
    (name,) = load_day.people(site.home, 1)
    load_day.cases(site, range(2))
    with (
        running_app(site.home, CXR_IDENTITY_KEY=str(site.settings.identity_key), CXR_FREE_MB="0") as app,
        ThreadPoolExecutor(1) as apart,  # a browser that other tests share has an event loop in this thread
    ):
        seen = apart.submit(asyncio.run, press_all(app.url, name)).result()
    assert seen == ["Normal", "Pneumonia"] * (PRESSES // 2)
