"""next-case, drag-fps, worklist: what a radiologist waits for, in a real browser on the screen of a small laptop."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from playwright.sync_api import Page
from sqlite_utils import Database

from bench.measure import Measurement
from bench.prediction import spread
from bench.subjects import big_study
from bench.waiting import PERSON
from cxr_core.records import Role
from cxr_core.settings import Settings
from cxr_core.store.db import opened, rows, transaction
from cxr_core.work import people
from cxr_core.work.doing import Desk
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import intake
from cxr_core.work.opening import open_home
from tests.browser import steps
from tests.browser.app import chromium, new_page, running_app

CASES = 100
RECORDED = 30
GLANCE = 400
"""Milliseconds."""
NOT_SEEKING = {"CXR_RUNTIME": "torch"}
"""With a runtime that is set, no worker seeks a quicker one meanwhile, as it does for some seconds after each start."""
STUDIES = 50_000
DRAGGED_SECONDS = 4.0
OPENED = 7
NOTED = """viewer => {
    Object.assign(window, { shown: [], said: [] });
    const since = () => performance.now() - window.pressed;
    document.addEventListener("keydown", () => (window.pressed = performance.now()), { capture: true });
    const onScreen = () => requestAnimationFrame(() => requestAnimationFrame(() => window.shown.push(since())));
    new MutationObserver(onScreen).observe(viewer, { attributeFilter: ["data-shown"] });
    let last;
    const look = () => {
        const ends = new Set([...document.querySelectorAll(".said-of")].map((end) => end.dataset.image));
        const [now] = ends.size === 1 ? ends : [last];
        if (last && now !== last) window.said.push(since());
        last = now;
        requestAnimationFrame(look);
    };
    look();
}"""
"""Notes the milliseconds from each key to the frame with another X-ray, and until all is said of it beside it."""
DRAWN = """() => {
    const plain = CanvasRenderingContext2D.prototype.putImageData;
    window.drawn = 0;
    CanvasRenderingContext2D.prototype.putImageData = function (...all) {
        window.drawn++;
        return plain.apply(this, all);
    };
}"""
"""Counts the pictures that are drawn."""
DRAGGED = """(pane, [x, y, duration]) => new Promise((done) => {
    const start = performance.now(), before = window.drawn;
    const move = (now) => {
        const t = (now - start) / 1000;
        if (now - start > duration) return done(window.drawn - before);
        const at = { clientX: x + 100 * Math.sin(3 * t), clientY: y + 60 * Math.cos(5 * t), pointerId: 1 };
        pane.dispatchEvent(new PointerEvent("pointermove", at));
        requestAnimationFrame(move);
    };
    requestAnimationFrame(move);
})"""
"""Moves the hand in every frame, more often than a driver from outside can, and says how many pictures were drawn."""


def next_case() -> Measurement:
    """Milliseconds from the key to the next X-ray of 2000 x 2000 and 16 bit on the screen: the 95th percentile."""
    with reading(CASES + 1) as page:
        page.locator(".viewer").evaluate(NOTED)
        for _ in range(CASES):
            turn(page, "j")
        (p50, p95), said = (percentiles(page, name, CASES) for name in ("shown", "said"))
    beside = f"with all that is said beside it {said[1]:.0f} ms (p50 {said[0]:.0f})"
    note = f"p95 of {CASES} cases, p50 {p50:.0f} ms; {beside}; at most 300 ms wanted"
    return Measurement("next-case", p95, None, "ms", note, in_this_process=False)


def next_after_read() -> Measurement:
    """The same from the key that records a read, which lies on the disk before the page goes on."""
    with reading(RECORDED + 1) as page:
        page.locator(".viewer").evaluate(NOTED)
        for _ in range(RECORDED):
            page.keyboard.press("p")
            page.wait_for_timeout(GLANCE)
            turn(page, "Enter")
        p50, p95 = percentiles(page, "shown", RECORDED)
    note = f"p95 of {RECORDED} cases, p50 {p50:.0f} ms"
    return Measurement("next-after-read", p95, None, "ms", note, in_this_process=False)


def turn(page: Page, key: str) -> None:
    """Press a key that brings another case, wait for all of it, and look at it: meanwhile one more is fetched."""
    count = page.evaluate("said.length")
    page.keyboard.press(key)
    while page.evaluate("Math.min(shown.length, said.length)") == count:
        page.wait_for_timeout(5)
    page.wait_for_timeout(GLANCE)


def percentiles(page: Page, name: str, count: int) -> tuple[float, float]:
    """Median and 95th percentile of the milliseconds of `count` turns: of `shown`, or of `said`."""
    found = page.evaluate(name)
    assert len(found) == count, "an X-ray came twice, or not at all"
    p50, p95 = np.percentile(found, [50, 95])
    return float(p50), float(p95)


def drag_fps() -> Measurement:
    """Frames a second in which both panes show a new window while a hand drags, drawn without a graphics card."""
    with reading(1) as page:
        page.evaluate(DRAWN)
        box = page.locator(".pane.xray").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        drawn = page.locator(".pane.xray").evaluate(DRAGGED, [x, y, 1000 * DRAGGED_SECONDS])
        page.mouse.up()
    note = f"two panes of {box['width']:.0f} x {box['height']:.0f}, a move of the hand a frame; at least 30 wanted"
    return Measurement("drag-fps", drawn / 2 / DRAGGED_SECONDS, None, "frames/s", note, in_this_process=False)


def worklist() -> Measurement:
    """Seconds from the click to the worklist on the screen, with 50,000 studies in it."""
    with _home() as home:
        _fill(home)
        with running_app(home, **NOT_SEEKING) as app, chromium() as browser:
            page = new_page(browser, app).page
            steps.sign_in(page, *PERSON)
            loaded = _seconds_to_worklist(page, lambda: page.goto("/"))
            found = [_open_worklist(page) for _ in range(OPENED)]
    what = f"{STUDIES} studies, half of them waiting; at most 1 s wanted"
    note = f"{spread(found)} s, with the whole app from its address {loaded:.2f} s; {what}"
    return Measurement("worklist", statistics.median(found), None, "s", note, in_this_process=False)


def _open_worklist(page: Page) -> float:
    steps.open_page(page, "Models")
    return _seconds_to_worklist(page, page.get_by_role("link", name="Worklist", exact=True).click)


def _seconds_to_worklist(page: Page, go: Callable[[], object]) -> float:
    start = time.perf_counter()
    go()
    page.wait_for_selector(".st-key-table canvas")
    steps.settled(page)
    return time.perf_counter() - start


@contextmanager
def _home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        open_home(Path(folder))
        people.add_user(Path(folder), COMMAND_LINE, PERSON[0], Role.RADIOLOGIST, PERSON[1])
        yield Path(folder)


@contextmanager
def reading(count: int, prepare: Callable[[Path], dict[str, str]] = lambda home: {}) -> Iterator[Page]:
    """The review page with the first of `count` large cases on it.

    `prepare` gets the home before the app is started on it, and gives the variables that the app is started with.
    """
    with _home() as home:
        take_in_cases(home, count)
        with running_app(home, **NOT_SEEKING, **prepare(home)) as app, chromium() as browser:
            page = new_page(browser, app).page
            steps.sign_in(page, *PERSON)
            steps.begin_reading(page)
            steps.settled(page)
            page.wait_for_timeout(2000)
            yield page


def take_in_cases(home: Path, count: int) -> None:
    """So many studies of 2000 x 2000 pixels and 16 bit, with opinions."""
    desk, study = Desk(Settings(home=home), "bench"), big_study(9001, True)
    for number in range(count):
        outcome = intake.accept(desk, _deepened(study, number))
        with opened(home) as db, transaction(db):
            outcome.write(db)


def _deepened(study: bytes, number: int) -> bytes:
    """The study with 16 bits, the last four of them noise of its own."""
    ds = pydicom.dcmread(BytesIO(study))
    noise = np.random.default_rng(number).integers(0, 16, ds.pixel_array.shape, np.uint16)
    ds.PixelData = (ds.pixel_array * 16 + noise).astype("<u2").tobytes()
    ds.BitsStored, ds.HighBit = 16, 15
    ds.WindowCenter, ds.WindowWidth = 16 * ds.WindowCenter, 16 * ds.WindowWidth
    file = BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _fill(home: Path) -> None:
    """One real study, and copies of its rows under other names, every other one read."""
    take_in_cases(home, 1)
    with opened(home) as db, transaction(db):
        (image,), (said,), (reader,) = (
            rows(db, f"SELECT * FROM {table}") for table in ("images", "predictions", "users")
        )
        names = [f"{number:064x}" for number in range(STUDIES - 1)]
        _add(db, "images", [{**image, "id": name} for name in names])
        _add(db, "predictions", [{**said, "id": number + 2, "image": name} for number, name in enumerate(names)])
        read = {"reader": reader["id"], "agrees": 1, "label": "Pneumonia", "seconds": 9.0, "made_at": said["made_at"]}
        _add(db, "reads", [{**read, "image": name, "prediction": 2 * n + 2} for n, name in enumerate(names[::2])])


def _add(db: Database, table: str, found: list[dict[str, Any]]) -> None:
    names = list(found[0])
    marks = ", ".join("?" * len(names))
    values = [tuple(row.values()) for row in found]
    db.conn.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", values)
