"""A day under load in small: readers at their browsers, and X-rays that come over the network, for as long as it is."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from bench.films import film
from bench.reader import Reader, Seen
from cxr_core.records import Role
from cxr_core.store.db import opened, transaction
from cxr_core.work import people as team
from cxr_core.work.doing import Desk
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import intake
from tests.debian import program
from tests.network import hospital
from tests.network.hospital import Hospital

PASSWORD = "a password for the bench"
MEMORY = Path("/dev/shm")
"""Where films lie that are about to be sent: those who send them have disks of their own."""
BUNDLE_SECONDS = 1
"""X-rays that come within so many seconds are sent over one association."""


@dataclass(frozen=True)
class Day:
    """What happens."""

    readers: int
    seconds: float
    pause: tuple[float, float]
    """Seconds for which a reader looks at a case, evenly spread between the two."""
    a_bundle: int
    """X-rays that come over an association."""
    bundles: int | None = None
    """How many of these; None for one in each BUNDLE_SECONDS of the whole time."""
    arriving: float = 0.0
    """Seconds over which the readers come."""


@dataclass
class Lived:
    """What became of it."""

    seen: dict[str, Seen] = field(default_factory=dict)
    """By reader."""
    acknowledged: list[str] = field(default_factory=list)
    """The SOP Instance UIDs of the X-rays that were said to be taken."""
    not_taken: int = 0
    began: float = field(default_factory=time.monotonic)


def people(home: Path, number: int) -> list[str]:
    """So many radiologists, each with PASSWORD; returns their names."""
    names = [f"reader-{each}" for each in range(number)]
    for name in names:
        team.add_user(home, COMMAND_LINE, name, Role.RADIOLOGIST, PASSWORD)
    return names


def cases(site: Hospital, numbers: Sequence[int]) -> None:
    """Take these films in, as a worker would have before the day."""
    desk = Desk(site.settings, "bench")
    for number in numbers:
        outcome = intake.accept(desk, b"".join(film(number).parts))
        with opened(site.home) as db, transaction(db):
            outcome.write(db)


async def live(day: Day, site: Hospital, url: str, names: Sequence[str], first: int) -> Lived:
    """Have it happen; the films that come are numbered from `first` on. Raises where a page doesn't come."""
    lived = Lived()
    ending = lived.began + day.arriving + day.seconds
    async with asyncio.TaskGroup() as group:
        group.create_task(_stream(day, site, lived, ending, first))
        for number, name in enumerate(names[: day.readers]):
            reader = Reader(url, name, PASSWORD, day.pause)
            lived.seen[name] = reader.seen
            group.create_task(_come(reader, number * day.arriving / day.readers, ending))
    return lived


async def _come(reader: Reader, after: float, ending: float) -> None:
    await asyncio.sleep(after)
    await reader.work(ending)


async def _stream(day: Day, site: Hospital, lived: Lived, ending: float, first: int) -> None:
    """A bundle is sent on its time, whether or not the one before has gone."""
    numbers, began = count(first), time.monotonic()
    async with asyncio.TaskGroup() as group:
        for turn in count() if day.bundles is None else range(day.bundles):
            await asyncio.sleep(began + turn * BUNDLE_SECONDS - time.monotonic())
            if time.monotonic() > ending:
                return
            group.create_task(_send(site, lived, [next(numbers) for _ in range(day.a_bundle)]))


async def _send(site: Hospital, lived: Lived, numbers: Sequence[int]) -> None:
    """By storescu, over one association; what it says of each is noted."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        films = [film(number) for number in numbers]
        paths = [Path(folder) / f"{number}.dcm" for number in numbers]
        for each, path in zip(films, paths, strict=True):
            await asyncio.to_thread(each.write, path)  # else no reader would be listened to meanwhile
        line = [program("/usr/bin/storescu", "dcmtk"), "-v", "-R", "-aet", "ROOM1", "-aec", hospital.TITLE]
        process = await asyncio.create_subprocess_exec(
            *line, "127.0.0.1", str(site.port), *map(str, paths),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
    taken = said.count(b"Store Response (Success)")  # it ends at the first that isn't
    lived.acknowledged += [each.instance for each in films[:taken]]
    lived.not_taken += len(films) - taken
