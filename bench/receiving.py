"""receive, round-trip, receive-interference: X-rays over the DICOM network, beside what else receives them."""

from __future__ import annotations

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from playwright.sync_api import Page

from bench.measure import Measurement, seconds
from bench.reading_room import NOTED, percentiles, reading, turn
from bench.subjects import big_study
from cxr_core.records import Answer, Proof
from cxr_core.settings import Settings
from cxr_core.store import destinations
from cxr_core.store.db import opened
from cxr_core.store.destinations import Rule
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting
from cxr_core.work.privacy import identity
from tests import orthanc
from tests.debian import program
from tests.network import hospital
from tests.orthanc import Orthanc, free_port
from tests.pacs import programs
from tests.processes import wait_until

ASSOCIATIONS, FILES = 4, 16
"""At once, and how many X-rays over each."""
ROUNDS = 3
TRIPS = 40
WATCHED = 30
"""Cases that are turned to, while nothing comes and while X-rays do."""
THERE = ("accepted", "verified")
BARE = Path(__file__).with_name("bare_receiver.py")


def receive() -> Measurement:
    """Milliseconds an X-ray of 8 MB that is received durably, over four associations, beside Orthanc's."""
    with _space() as folder, ExitStack() as stack:
        ways = {
            "ours": stack.enter_context(_ours(folder)), "Orthanc": stack.enter_context(_archive(folder)),
            "storescp": stack.enter_context(_storescp(folder)), "a bare handler": stack.enter_context(_bare(folder)),
        }  # fmt: skip
        found: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(ROUNDS + 1):
            for name, way in ways.items():
                taken = _taken(*way)
                if number:  # the first is to warm up
                    found[name].append(taken)
    ms = {name: statistics.median(each) for name, each in found.items()}
    rates = ", ".join(f"{name} {1000 / each:.0f}" for name, each in ms.items())
    bare = ms["a bare handler"] / ms["ours"]
    note = f"{rates} images a second; {bare:.2f} of the bare handler's rate; 1.5 times Orthanc's wanted"
    return Measurement("receive", ms["ours"], ms["Orthanc"], "ms/image", note, in_this_process=False)


def _taken(title: str, port: int) -> float:
    """Milliseconds an X-ray."""
    with _space() as folder:
        films = _films(folder)
        return 1000 * seconds(lambda: _send(films, title, port)) / (ASSOCIATIONS * FILES)


@contextmanager
def _space() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def round_trip() -> Measurement:
    """Seconds from the first byte of C-STORE until picture and report lie in the archive, one X-ray at a time."""
    with _connected() as (site, folder):
        found = []
        for number in range(TRIPS + 1):
            file = folder / f"{number}.dcm"
            file.write_bytes(big_study(8000 + number, bool(number % 2)))
            found.append(seconds(partial(_there_and_back, site, file, number + 1)))
    p50, p95 = np.percentile(found[1:], [50, 95])
    note = f"p50 of {TRIPS}, p95 {p95:.2f} s; the first, with a cold worker, {found[0]:.2f} s"
    return Measurement("round-trip", float(p50), None, "s", note, in_this_process=False)


def receive_interference() -> Measurement:
    """The median time to the next case while X-rays come in and are answered, beside that while none do."""
    with _space() as base:
        place: list[Path] = []

        def prepare(home: Path) -> dict[str, str]:
            place.append(home)
            identity.make_key(home, COMMAND_LINE, base / "identity.key")
            connecting.add_sender(home, COMMAND_LINE, "Room 1", "127.0.0.1", "ROOM1")
            return {"CXR_IDENTITY_KEY": str(base / "identity.key"), "CXR_FREE_MB": "0"}

        with reading(2 * WATCHED + 2, prepare) as page, ExitStack() as stack:
            page.locator(".viewer").evaluate(NOTED)
            alone = _median(page)
            settings = Settings(home=place[0], identity_key=base / "identity.key")
            rate = stack.enter_context(_stream(settings, base))
            beside = _median(page)
            received = rate()
    note = (
        f"p50 of {WATCHED} cases while {received:.1f} X-rays a second come in and are judged; "
        "without them as reference; at most 1.33 times wanted"
    )
    return Measurement("receive-interference", beside, alone, "ms", note, in_this_process=False)


def _median(page: Page) -> float:
    page.evaluate("shown.length = 0, said.length = 0")
    for _ in range(WATCHED):
        turn(page, "j")
    return percentiles(page, "shown", WATCHED)[0]


@contextmanager
def _stream(settings: Settings, folder: Path) -> Iterator[Callable[[], float]]:
    """X-rays come in, one after the other, for as long as the block runs; says how many a second have come."""
    site = hospital.Hospital(settings, folder)
    ending, sent, begun = threading.Event(), [0], time.monotonic()

    def send() -> None:
        while not ending.is_set():
            with _space() as space:
                _send(_films(space, 1, 2), hospital.TITLE, site.port)
            sent[0] += 2

    with ExitStack() as stack:
        hospital.listening(site, stack)
        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield lambda: sent[0] / (time.monotonic() - begun)
        finally:
            ending.set()
            thread.join()


@contextmanager
def _connected() -> Iterator[tuple[hospital.Hospital, Path]]:
    """An archive, and the program beside it, which answers with picture and report."""
    with _space() as folder, ExitStack() as stack:
        archive = stack.enter_context(_orthanc(folder))
        site = hospital.founded(folder, archive)
        address = f"{archive.aet}@127.0.0.1:{archive.dicom_port}"
        connecting.add_dicom(site.home, COMMAND_LINE, "PACS", address, False, Proof.QUERY)
        with opened(site.home) as db:
            pacs = destinations.named(db, "PACS").id
        connecting.add_rule(site.home, COMMAND_LINE, Rule(pacs, (Answer.CAPTURE, Answer.REPORT)))
        hospital.listening(site, stack)
        hospital.working(site, stack, CXR_THREADS="0", OMP_NUM_THREADS=str(os.cpu_count()))
        yield site, folder


def _there_and_back(site: hospital.Hospital, file: Path, arrival: int) -> None:
    """Until the archive has said of all answers to the X-ray that it has them."""
    states = f"SELECT state FROM deliveries WHERE arrival = {arrival}"
    assert site.send(file).returncode == 0
    wait_until(lambda: (found := site.query(states)) and all(row["state"] in THERE for row in found))


@contextmanager
def _ours(folder: Path) -> Iterator[tuple[str, int]]:
    site = hospital.founded(folder)
    with hospital.running(site, worker=False):
        yield hospital.TITLE, site.port


@contextmanager
def _archive(folder: Path) -> Iterator[tuple[str, int]]:
    with _orthanc(folder) as archive:
        yield archive.aet, archive.dicom_port


@contextmanager
def _orthanc(folder: Path) -> Iterator[Orthanc]:
    (folder / "archive").mkdir()
    with orthanc.running(folder / "archive") as archive:
        yield archive


@contextmanager
def _storescp(folder: Path) -> Iterator[tuple[str, int]]:
    (folder / "storescp").mkdir()
    with programs.receiving(folder / "storescp") as port:
        yield "ARCHIVE", port


@contextmanager
def _bare(folder: Path) -> Iterator[tuple[str, int]]:
    """What one would write with pynetdicom: each file synced, nothing sealed, nothing queued."""
    port = free_port()
    process = subprocess.Popen([sys.executable, BARE, str(port), folder / "bare"], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    try:
        yield "BARE", port
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _films(folder: Path, associations: int = ASSOCIATIONS, count: int = FILES) -> list[list[Path]]:
    """DICOM files of 8 MB for each association, each an object of its own."""
    whole = big_study(7000, False)
    own = str(pydicom.dcmread(BytesIO(whole), stop_before_pixels=True).SOPInstanceUID)
    return [[_renamed(whole, own, folder) for _ in range(count)] for _ in range(associations)]


def _renamed(whole: bytes, own: str, folder: Path) -> Path:
    """The same object under another SOP Instance UID of the same length."""
    name = own[:-20] + f"{secrets.randbelow(10**20):020}"
    file = folder / f"{name}.dcm"
    file.write_bytes(whole.replace(own.encode(), name.encode()))
    return file


def _send(films: list[list[Path]], title: str, port: int) -> None:
    """storescu for each association, at once, until all have ended."""
    storescu = program("/usr/bin/storescu", "dcmtk")
    line = [storescu, "-R", "-aet", "ROOM1", "-aec", title, "127.0.0.1", str(port)]
    sending = [subprocess.Popen([*line, *map(str, batch)]) for batch in films]
    assert not any(process.wait() for process in sending), f"{title} did not take all"
