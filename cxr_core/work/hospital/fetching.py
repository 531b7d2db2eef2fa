"""What a worker does with an archive that is asked: it searches there, and fetches X-rays one by one into the spool."""

from __future__ import annotations

import time
from base64 import b64decode
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.dicom.pseudonym import pseudonym
from cxr_core.dicom.reading import Named, named
from cxr_core.errors import DeliveryError, NotFound, OutOfRoom, RejectedFile, SettingsError, Unreachable
from cxr_core.pacs.status import Status
from cxr_core.pacs.web import fetching, finding
from cxr_core.pacs.web.endpoint import WebEndpoint
from cxr_core.pacs.web.finding import Match
from cxr_core.records import MEGABYTE, Job
from cxr_core.settings import Settings
from cxr_core.store import arrivals, pulls, quarantine, senders, set_aside, tombstones
from cxr_core.store.db import opened
from cxr_core.store.senders import Sender
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.hospital import pulling, receiving
from cxr_core.work.hospital.archives import web_endpoint
from cxr_core.work.opening import secret_for
from cxr_core.work.privacy import identity

LOOK_SECONDS = 0.5
"""Between looks whether there is room for more."""
MOST_IN_A_ROW = 3
"""X-rays for which the archive can't be reached one after the other, before it is left alone."""


class Came(StrEnum):
    """What became of an X-ray that was to be fetched."""

    FETCHED = "fetched"
    KNOWN = "known"
    """It had come before."""
    GONE = "gone"
    """The archive has it no longer."""
    REFUSED = "refused"
    """It isn't what can be taken."""
    ERASED = "erased"
    """Of a patient who was erased after it was taken: it doesn't come back by itself."""
    FAILED = "failed"


_ASIDE: dict[Came, set_aside.Why] = {Came.REFUSED: "refused", Came.ERASED: "erased", Came.FAILED: "failed"}


def find(desk: Desk, job: Job) -> Outcome:
    """A job: ask an archive what it has, and seal the answer for who asked."""
    question = identity.unseal(desk.settings, b64decode(job.payload["sealed"]), identity.QUESTION)
    matches = finding.search(
        endpoint_of(desk.settings, sender_of(desk.home, job.payload["source"])), pulling.query_in(question)
    )
    said = [asdict(match) for match in matches]
    sealed = pulling.sealed_text(job.payload["key"], said, identity.MATCHES)
    return Outcome({"found": len(matches), "sealed": sealed})


def fetch(desk: Desk, job: Job) -> Outcome:
    """A job: fetch X-rays into the spool, those alone that haven't come. What a pull asked for is noted with it.

    Raises DeliveryError where the archive can't be asked, OutOfRoom where the disk is nearly full.
    """
    chosen = pulling.matches_in(identity.unseal(desk.settings, b64decode(job.payload["sealed"]), identity.CHOSEN))
    sender, pull = sender_of(desk.home, job.payload["source"]), job.payload.get("pull")
    errand = _Errand(desk, sender, endpoint_of(desk.settings, sender), pull, len(chosen))
    try:
        for match in chosen:
            errand.fetch(match)
            desk.tell(errand.progress)
        if errand.came[Came.FAILED] == len(chosen):
            raise DeliveryError(errand.why)
    except (DeliveryError, OutOfRoom) as error:
        note(desk.home, pull, str(error), failed=True)
        raise
    return Outcome({"of": len(chosen), **errand.came, "why": errand.why}, errand.note)


@dataclass
class _Errand:
    """Fetching X-rays from one archive."""

    desk: Desk
    sender: Sender
    endpoint: WebEndpoint
    pull: int | None
    """What fetches by itself; None where somebody has chosen."""
    of: int
    """How many X-rays."""
    came: Counter[str] = field(default_factory=Counter)
    in_a_row: int = 0
    """For how many the archive couldn't be reached, since it last could."""
    why: str = ""
    """Why the last one failed that did."""

    @property
    def settings(self) -> Settings:
        """The worker's."""
        return self.desk.settings

    @property
    def progress(self) -> dict[str, Any]:
        """How far it is."""
        return {"done": self.came.total(), "of": self.of, **self.came}

    def fetch(self, match: Match) -> None:
        """Fetch one, and count it. Raises Unreachable where the archive was so MOST_IN_A_ROW times, OutOfRoom."""
        unreachable = None
        try:
            came = self._fetched(match)
        except Unreachable as error:
            came, self.why, unreachable = Came.FAILED, str(error), error
        except DeliveryError as error:
            came, self.why = Came.FAILED, str(error)
        self.came[came] += 1
        self._set_aside(match, came)
        self.in_a_row = self.in_a_row + 1 if unreachable else 0
        if unreachable and self.in_a_row == MOST_IN_A_ROW:
            raise unreachable

    def _fetched(self, match: Match) -> Came:
        if not unknown(self.settings.home, [match], refused_too=self.pull is None):
            return Came.KNOWN
        self._wait_for_room()
        largest = min(fetching.LARGEST_FILE, self.settings.max_upload_mb * MEGABYTE)
        try:
            data = fetching.fetch(self.endpoint, match, largest)
            found = named(data)
        except NotFound:
            return Came.GONE
        except RejectedFile:
            return Came.REFUSED
        if found.identity.instance != match.instance:
            raise DeliveryError(
                f"{self.endpoint.name} answers with another X-ray than was asked for: ask whoever runs it"
            )
        if self.pull is not None and was_erased(self.settings.home, found, match.day):
            return Came.ERASED
        return self._taken(data, match)

    def _wait_for_room(self) -> None:
        """Until what has come doesn't fill the spool: an archive gives more quickly than X-rays are read."""
        noted = False
        while why := receiving.why_to_wait(self.settings):
            if not noted:
                note(self.desk.home, self.pull, f"waits: {why}", failed=False)
                noted = True
            self.desk.tell({**self.progress, "waits": why})
            time.sleep(LOOK_SECONDS)

    def _taken(self, data: bytes, match: Match) -> Came:
        taken = receiving.take(self.settings, self.sender, data, match.study)
        if taken.refused is Status.OUT_OF_RESOURCES:
            raise OutOfRoom("what is fetched has no room on this disk, or CXR_FREE_MB asks for more: make room there")
        return Came.REFUSED if taken.refused else Came.FETCHED

    def _set_aside(self, match: Match, came: Came) -> None:
        """Have a pull do without this X-ray from now on, or try it after all others."""
        if self.pull is not None and came in _ASIDE:
            with opened(self.settings.home) as db:
                set_aside.put(db, _name(self.settings.home, match), _ASIDE[came])

    def note(self, db: Database) -> None:
        """Write down with the pull what came of it all, within the caller's transaction."""
        if self.pull is not None:
            words = ", ".join(f"{count} {came}" for came, count in self.came.items())
            pulls.note(db, self.pull, f"{words}: {self.why}" if self.why else words, failed=bool(self.why))
            pulls.complete(db, self.pull)


def unknown(home: Path, matches: list[Match], refused_too: bool = False) -> list[Match]:
    """Those of the X-rays that haven't come over the network yet, whoever sent them, and aren't held back.

    With `refused_too` also those that have come and were refused: somebody may have put them right since.
    """
    keyed = {match: _names(home, match.instance) for match in matches}
    with opened(home) as db:
        wanted = {name for names in keyed.values() for name in names}
        come = arrivals.known(db, wanted, refused_too) | quarantine.known(db, wanted, refused_too)
    return [match for match, names in keyed.items() if come.isdisjoint(names)]


def wanted(home: Path, matches: list[Match]) -> list[Match]:
    """Those of the X-rays that are to come by themselves: of the unknown ones those that weren't set aside.

    What could not be fetched the last time comes last: so it keeps nothing else from coming.
    """
    new = unknown(home, matches)
    names = {match: _names(home, match.instance) for match in new}
    with opened(home) as db:
        whys = set_aside.whys(db, {name for each in names.values() for name in each})
    said = {match: {whys[name] for name in names[match] if name in whys} for match in new}
    return [match for match in new if not said[match]] + [match for match in new if said[match] == {"failed"}]


def was_erased(home: Path, found: Named, day: str) -> bool:
    """Whether the patient of an X-ray of this day (empty: unknown) was erased on that day here or later."""
    if found.identity.patient is None:
        return False
    patient = pseudonym(secret_for(home, found.synthetic), "patient", found.identity.patient)
    with opened(home) as db:
        stones = [stone for stone in tombstones.of_patient(db, patient) if not stone["by_age"]]
    erased = [datetime.fromisoformat(stone["erased_at"]) for stone in stones]
    return any(moment.astimezone().date().isoformat() >= day for moment in erased)


def sender_of(home: Path, number: int) -> Sender:
    """The one that is asked. Raises NotFound."""
    with opened(home) as db:
        return senders.get(db, number)


def endpoint_of(settings: Settings, sender: Sender) -> WebEndpoint:
    """Where it is asked, and how. Raises DeliveryError where what signs in there lies where it may not."""
    assert sender.address is not None
    try:
        return web_endpoint(settings, sender.address)
    except SettingsError as error:  # it is this archive's own, and stops no worker
        raise DeliveryError(f"{sender.name}: {error}") from error


def note(home: Path, pull: int | None, said: str, failed: bool) -> None:
    """What came of a pull, if it was one."""
    if pull is not None:
        with opened(home) as db:
            pulls.note(db, pull, said, failed)


def _name(home: Path, match: Match) -> str:
    """What an X-ray is set aside under, of which nobody knows yet whether it is a synthetic one."""
    return pseudonym(secret_for(home, synthetic=False), "object", match.instance)


def _names(home: Path, instance: str) -> set[str]:
    """The keyed names that an object may have come under: a synthetic one has its own."""
    return {pseudonym(secret_for(home, synthetic), "object", instance) for synthetic in (True, False)}
