"""What screens and the command line ask for: files to be taken in, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from cxr_core.dicom.archive import is_zip
from cxr_core.errors import BadInput
from cxr_core.records import MEGABYTE, Job, JobState, Status, User
from cxr_core.settings import Settings
from cxr_core.store import jobs, models, predictions
from cxr_core.store.db import opened
from cxr_core.work.guarding import NETWORK, OVERSIGHT, STAFF, open_to
from cxr_core.work.incoming import spool
from cxr_core.work.keeping import room
from cxr_core.work.reading_room import revealing

BULK_FROM = 20
"""From this many files on, a batch gives way to single files."""


@dataclass(frozen=True)
class Upload:
    """A file as a browser or a folder gives it. The name is shown to the sender and not kept."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Verdict:
    """What became of one file."""

    job: int
    """The number that `take_in` gave; the files of a zip share the zip's."""
    state: JobState
    status: str | None = None
    """`predicted`, `not_analysed`, `rejected`, `held back`, `withheld`, or None while it is open."""
    image: str | None = None
    known: bool = False
    """The image was here already."""
    reasons: tuple[str, ...] = ()
    member: str | None = None
    """Which file of a zip, by its number: names in zips can identify patients."""
    was_held_back: bool = False
    """It was held back until an admin had looked: all else is what became of it then."""

    @property
    def waits_for_admin(self) -> bool:
        """Whether it is held back, and nobody has decided yet."""
        return self.status == Status.HELD_BACK


@open_to(*STAFF)
def take_in(settings: Settings, user: User, uploads: Iterable[Upload], patient: str | None = None) -> list[int]:
    """Spool each file and return the numbers of its intake jobs, in order.

    Raises BadInput, before anything is taken in, if one is larger than the site allows, OutOfRoom where the disk is
    nearly full.
    """
    batch = list(uploads)
    for upload in batch:
        _refuse_large(settings, upload)
    return [take_in_one(settings, user, upload, patient, bulk=len(batch) >= BULK_FROM) for upload in batch]


@open_to(*STAFF)
def take_in_one(settings: Settings, user: User, upload: Upload, patient: str | None, bulk: bool) -> int:
    """Spool one file, for whoever can't hold a batch in memory, and return the number of its intake job.

    `bulk` says whether the batch gives way to single files. Raises as `take_in`.
    """
    _refuse_large(settings, upload)
    room.require(settings)
    whose = patient or (None if is_zip(upload.data) else spool.patient_from_name(settings, upload.name))
    return spool.receive(settings.home, upload.data, spool.Sender(user.id or None, whose, bulk, name=user.name))


def _refuse_large(settings: Settings, upload: Upload) -> None:
    if len(upload.data) > settings.max_upload_mb * MEGABYTE:
        raise BadInput(f"{upload.name} is larger than {settings.max_upload_mb} MB (CXR_MAX_UPLOAD_MB)")


@open_to(*OVERSIGHT)
def jobs_of(home: Path, user: User, numbers: Iterable[int]) -> list[Job]:
    """The jobs with these numbers, as they stand: their results tell what the model says."""
    return _jobs(home, numbers)


@open_to(*NETWORK)
def is_under_way(home: Path, user: User, number: int) -> bool:
    """Whether a job has not ended; nothing else is told of it."""
    (job,) = _jobs(home, [number])
    return job.state.is_open


def is_open(found: Iterable[Verdict]) -> bool:
    """Whether any of these files is still being dealt with."""
    return any(verdict.state.is_open for verdict in found)


@open_to(*STAFF)
def verdicts(home: Path, user: User, numbers: Iterable[int]) -> list[Verdict]:
    """What became of the files with these intake jobs; a zip gives one verdict for each of its files."""
    found = [verdict for job in _jobs(home, numbers) for verdict in _verdicts_of(home, job)]
    withheld = _withheld(home, user, {verdict.image for verdict in found if verdict.image})
    return [
        replace(verdict, status=Status.WITHHELD, reasons=()) if verdict.image in withheld else verdict
        for verdict in found
    ]


def _withheld(home: Path, user: User, images: set[str]) -> set[str]:
    """Those of the images on which the user may not see the model's opinion (yet)."""
    with opened(home) as db:
        return images - set(predictions.answers(db, revealing.eyes_of(user), images, models.running(db)))


def _jobs(home: Path, numbers: Iterable[int]) -> list[Job]:
    with opened(home) as db:
        return jobs.these(db, numbers)


def _verdicts_of(home: Path, job: Job) -> list[Verdict]:
    if "members" not in job.result:
        return [_verdict(home, job)]
    refused = [
        Verdict(job.id, job.state, Status.REJECTED, reasons=(entry["reason"],), member=entry["member"])
        for entry in job.result["refused"]
    ]
    taken = [replace(_verdict(home, member), job=job.id) for member in _jobs(home, job.result["members"])]
    return sorted(refused + taken, key=lambda verdict: int(verdict.member or 0))


def _verdict(home: Path, job: Job) -> Verdict:
    """What became of one file: of one that was held back, what its job after the decision says."""
    result, member = job.result, job.payload.get("member")
    if "followed_by" in result:
        (follower,) = _jobs(home, [result["followed_by"]])
        return replace(_verdict(home, follower), job=job.id, was_held_back=True)
    if job.state is JobState.FAILED:
        return Verdict(job.id, job.state, Status.REJECTED, reasons=(job.error or "the program failed",), member=member)
    return Verdict(
        job.id, job.state, result.get("status"), result.get("image"), bool(result.get("known")),
        tuple(result.get("reasons", ())), member,
    )  # fmt: skip
