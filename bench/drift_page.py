"""drift-page, drift, bookkeeping: what watching a site costs after three years, with a million predictions."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page
from sqlite_utils import Database

from bench.measure import Measurement, seconds
from bench.prediction import spread
from bench.reading_room import NOT_SEEKING
from bench.subjects import big_study
from bench.waiting import PERSON
from cxr_core import clock
from cxr_core.drift.catalogue import VIEWS
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT, Layout
from cxr_core.model import release
from cxr_core.records import Mode, Role
from cxr_core.settings import Settings
from cxr_core.store import images, predictions, site_references, tallies
from cxr_core.store.db import one, opened, transaction
from cxr_core.store.site_references import Part
from cxr_core.store.tallies import PICTURES, Key
from cxr_core.work import people
from cxr_core.work.doing import Desk
from cxr_core.work.drift import alarming, references, rolling
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import intake
from cxr_core.work.opening import open_home
from tests.browser import steps
from tests.browser.app import ROOT, chromium, new_page, running_app

FEW, MANY = 10_000, 1_000_000
DAYS = 3 * 365
HOMES = ROOT / "build" / "drift-page"
DEVICES = ("room 1", "room 2", "room 3", "ward", "emergency")
SEEN = VIEWS[:3]
SHARES = np.einsum("i,j,k->ijk", np.full(5, 0.2), [0.7, 0.25, 0.05], [0.9, 0.08, 0.02])
"""Of devices, views and modes: so many X-rays come from each, and are read so."""
POOL = 1000
"""Different X-rays of each device and view."""
MODEL = release.card()["name"]
FROZEN = 500
READ = 0.95
"""Of the X-rays."""
OPENED = 7
ROUNDS = 7
BOOKED = 300


def page() -> Measurement:
    """Seconds from the click to what each signal says, on a page that answers; beside it, with a hundredth of them."""
    many, few = (_opened(home(number)) for number in (MANY, FEW))
    drawn = spread([whole for _, whole in many])
    wanted = f"from the click to the table; with the last chart {drawn} s; at most 1.5 s wanted"
    return _told("drift-page", [table for table, _ in many], [table for table, _ in few], wanted)


def command() -> Measurement:
    """Seconds that `python -m cxr_core drift` takes; beside it, with a hundredth of the predictions."""
    homes = [home(number) for number in (MANY, FEW)]
    pairs = [[seconds(lambda home=home: _drift(home)) for home in homes] for _ in range(ROUNDS)]
    many, few = zip(*pairs, strict=True)
    return _told("drift", list(many), list(few), "with the start of the program; at most 2 s wanted")


def bookkeeping() -> Measurement:
    """Milliseconds that counting one X-ray and one opinion adds to a transaction, with a million of each there."""
    folder = home(MANY)
    with opened(folder) as db:
        row = images.get(db, one(db, "SELECT max(id) AS id FROM images")["id"])
        said = predictions.of_model(db, row["id"], MODEL)
        signals = rolling.of_row(said, references.axes_of(release.card()))
        found = [1000 * _booked(db, row, signals) for _ in range(BOOKED)]
    note = f"{spread(found)} ms, of both; at most 2 ms wanted"
    return Measurement("bookkeeping", statistics.median(found), None, "ms", note)


def _booked(db: Database, row: dict[str, Any], signals: rolling.Signals) -> float:
    """Nothing is kept of it."""
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        return seconds(lambda: _book(db, row, signals))
    finally:
        db.conn.execute("ROLLBACK")


def _book(db: Database, row: dict[str, Any], signals: rolling.Signals) -> None:
    rolling.count_picture(db, row)
    rolling.count_opinion(db, row, MODEL, signals)


def _told(name: str, many: list[float], few: list[float], wanted: str) -> Measurement:
    ours, reference = statistics.median(many), statistics.median(few)
    note = f"{spread(many)} s, {ours / reference:.2f} times the {spread(few)} s with {FEW} predictions; {wanted}"
    return Measurement(name, ours, reference, "s", note, in_this_process=False)


def _drift(folder: Path) -> None:
    command = [sys.executable, "-m", "cxr_core", "drift"]
    environment = {**os.environ, "CXR_HOME": str(folder)}
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)


def _opened(folder: Path) -> list[tuple[float, float]]:
    with running_app(folder, **NOT_SEEKING) as app, chromium() as browser:
        page = new_page(browser, app).page
        steps.sign_in(page, *PERSON)
        return [_seconds_to_page(page) for _ in range(OPENED + 1)][1:]


def _seconds_to_page(page: Page) -> tuple[float, float]:
    """To the table, and to the last chart."""
    steps.open_page(page, "Models")
    start = time.perf_counter()
    page.get_by_role("link", name="Drift", exact=True).click()
    page.wait_for_selector("table.heat")
    table = time.perf_counter() - start
    page.wait_for_selector(".st-key-multiples .js-plotly-plot .main-svg")
    steps.settled(page)
    return table, time.perf_counter() - start


def home(number: int) -> Path:
    """A site with so many predictions over three years up to today, made once a day."""
    folder = HOMES / f"{number}-{clock.now().date()}"
    if not (folder / "done").exists():
        for old in HOMES.glob(f"{number}-*"):
            rmtree(old)
        _make(folder, number)
        (folder / "done").touch()
    return folder


def _make(folder: Path, number: int) -> None:
    began = clock.now() - timedelta(days=DAYS)
    with clock.at(began):
        open_home(folder)
        admin = people.add_user(folder, COMMAND_LINE, PERSON[0], Role.ADMIN, PERSON[1])
    outcome = intake.accept(Desk(Settings(home=folder), "bench"), big_study(9001, True))
    with opened(folder) as db, transaction(db):
        outcome.write(db)
    with _hastily(folder) as db:
        _copy_rows(db, number, began, admin.id)
        tallies.clear(db)
        for day in range(DAYS + 1):
            _count_day(db, (began + timedelta(days=day)).date().isoformat(), number / DAYS)
        _freeze(db, admin.id, began)
    alarming.look(folder)


@contextmanager
def _hastily(folder: Path) -> Iterator[Database]:
    """The database in one transaction that a power cut may spoil."""
    with opened(folder) as db:
        db.conn.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA foreign_keys = OFF;")
        with transaction(db):
            yield db


def _copy_rows(db: Database, number: int, began: datetime, reader: int) -> None:
    """The one study's rows under other names, evenly over the years, of each device and view, nearly all read."""
    moment = f"strftime('%Y-%m-%dT%H:%M:%f000+00:00', {began.timestamp()} + n * {DAYS * 86400 / number}, 'unixepoch')"
    numbered = f"WITH numbered (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbered WHERE n < {number - 1})"
    _copy(db, numbered, "images", {
        "id": "printf('%064x', n)", "received_at": moment,
        "device": _chosen(DEVICES, 1), "equipment": _chosen(DEVICES, 1), "view": _chosen(SEEN, 5),
    })  # fmt: skip
    _copy(db, numbered, "predictions", {"id": "n + 1", "image": "printf('%064x', n)", "made_at": moment})
    db.execute(
        f"{numbered} INSERT INTO reads (image, prediction, reader, agrees, label, seconds, made_at) "
        f"SELECT printf('%064x', n), n + 1, {reader}, n % 20 > 0, 'Pneumonia', 9.0, {moment} FROM numbered "
        f"WHERE n <= {int(READ * number)}"
    )


def _chosen(words: tuple[str, ...], every: int) -> str:
    cases = " ".join(f"WHEN {place} THEN '{word}'" for place, word in enumerate(words))
    return f"CASE n / {every} % {len(words)} {cases} END"


def _copy(db: Database, numbered: str, table: str, changed: dict[str, str]) -> None:
    names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(changed.get(name, name) for name in names)
    where = f"(SELECT * FROM {table} ORDER BY rowid LIMIT 1)"
    db.execute(f"{numbered} INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM numbered, {where}")


def _count_day(db: Database, day: str, images_a_day: float) -> None:
    chance = np.random.default_rng(int(day.replace("-", "")))
    for place, number in enumerate(chance.multinomial(chance.poisson(images_a_day), SHARES.ravel())):
        device, view, mode = np.unravel_index(place, SHARES.shape)
        if number:
            chosen = chance.integers(0, POOL, number)
            tallies.put(db, _key(day, PICTURES, device, view, ""), *_packed(PICTURE_LAYOUT, device, view, chosen))
            key = _key(day, MODEL, device, view, list(Mode)[mode].value)
            tallies.put(db, key, *_packed(OPINION_LAYOUT, device, view, chosen))


def _key(day: str, model: str, device: int, view: int, mode: str) -> Key:
    return Key(day, model, DEVICES[device], DEVICES[device], SEEN[view], mode)


def _packed(layout: Layout, device: int, view: int, chosen: NDArray[np.int64]) -> tuple[int, bytes]:
    """How many X-rays of the pool, and their counts."""
    return len(chosen), layout.to_bytes(_pool(layout, int(device), int(view))[chosen].sum(0))


@cache
def _pool(layout: Layout, device: int, view: int) -> NDArray[np.int64]:
    """The tallies of X-rays like those that the model was checked on, one a row."""
    reference = references.of_card(release.card())
    assert reference
    known = reference.pictures if layout is PICTURE_LAYOUT else reference.opinions
    chance, found = np.random.default_rng([device, view]), np.zeros((POOL, layout.width), np.int64)
    for signal in layout.signals:
        usual = layout.of(known, signal.name)[:-1] + 0.0
        if not usual.any():
            usual = _made_up(signal.name, signal.bins, device, view)
        bins = chance.choice(signal.bins, POOL, p=usual / usual.sum())
        found[np.arange(POOL), layout.parts[signal.name].start + bins] = 1
    return found


def _made_up(name: str, bins: int, device: int, view: int) -> NDArray[np.float64]:
    """Where the reference says nothing."""
    if name in ("manufacturer", "view"):
        return np.eye(bins)[device % 3 if name == "manufacturer" else view]
    return np.ones(bins)


def _freeze(db: Database, admin: int, began: datetime) -> None:
    """X-rays of the first two months as the site's reference."""
    stamps = {"first_at": clock.stamp(began), "last_at": clock.stamp(began + timedelta(days=60))}
    facts = {"reason": "the first weeks", "model": MODEL, "frozen_by": admin, **stamps}
    chance, parts = np.random.default_rng(8), []
    for (device, view), share in np.ndenumerate(SHARES.sum(-1)):
        chosen = chance.integers(0, POOL, int(share * FROZEN))
        for model, layout in ((PICTURES, PICTURE_LAYOUT), (MODEL, OPINION_LAYOUT)):
            place = DEVICES[device], DEVICES[device], SEEN[view]
            parts.append(Part(model, *place, *_packed(layout, device, view, chosen)))
    site_references.add(db, facts, [f"{number:064x}" for number in range(1, FROZEN + 1)], parts)
