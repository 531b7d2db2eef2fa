"""What is done with an input: it is read, and made ready to be stored; or all that the program does, in a real home."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cxr_core.dicom import archive
from cxr_core.dicom.burned_in.clearing import without_text
from cxr_core.dicom.dicom_file import is_dicom
from cxr_core.dicom.keyed import names_of
from cxr_core.dicom.reading import named, read
from cxr_core.dicom.stored import image_id, to_stored
from cxr_core.errors import RejectedFile
from cxr_core.pacs.web.multipart import split
from cxr_core.records import Job
from cxr_core.settings import Settings
from cxr_core.store import jobs, senders
from cxr_core.store.db import opened, rows
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting, receiving
from cxr_core.work.incoming import requests, spool
from cxr_core.work.privacy import identity
from cxr_core.work.verifying import verify
from tests.work.sites import new_home, work_off

ADDRESS = "127.0.0.1"
_FAILURES = ("the program failed", "the worker died")
"""What a job says that went wrong as nobody foresaw."""


class Failed(Exception):
    """An input that wasn't answered as it should be."""


@dataclass
class Target:
    """A home of its own, and how inputs of a kind get in."""

    settings: Settings
    files: Callable[[bytes], Iterator[bytes]]
    """The files that an input of this kind holds. Raises RejectedFile."""
    send: Callable[[bytes], str]
    """Takes an input in, and says how the sender was answered."""

    def read(self, data: bytes) -> str:
        """How an input is read: without a database and a model, as far as what would be stored of it."""
        said = set()
        try:
            for file in self.files(data):
                said.add(_read(file))
        except RejectedFile as error:
            said.add(error.reason)
        return " ".join(sorted(said))

    def store(self, data: bytes) -> str:
        """How an input is answered, from being sent to its verdicts. Raises Failed, or whatever goes wrong."""
        with opened(self.settings.home) as db:
            before = db.execute("SELECT coalesce(max(id), 0) FROM jobs").fetchone()[0]
        said = self.send(data)
        work_off(self.settings)
        with opened(self.settings.home) as db:
            found = [jobs.get(db, row["id"]) for row in rows(db, "SELECT id FROM jobs WHERE id > ?", (before,))]
        outcomes = [said, *map(_outcome, found)]
        self._left_nothing()
        return " ".join(sorted({each for each in outcomes if each}))

    def _left_nothing(self) -> None:
        """What is spooled waits for an admin, or the program would have forgotten it."""
        with opened(self.settings.home) as db:
            held = {row["spool"] for row in rows(db, "SELECT payload ->> 'spool' AS spool FROM quarantine")}
        if left := [path.name for path in spool.folder(self.settings.home).iterdir() if path.name not in held]:
            raise Failed(f"{len(left)} files stay in the spool")

    def check(self) -> str:
        """`whole`; raise Failed where the home isn't what it should be after all that."""
        if problems := verify(self.settings.home, COMMAND_LINE)["problems"]:
            raise Failed("; ".join(problems))
        with opened(self.settings.home) as db:
            known = {row["file_sha256"] for row in rows(db, "SELECT file_sha256 FROM images")}
        files = {path.name for path in (self.settings.home / "images").rglob("*") if path.is_file()}
        if {name.partition(".")[0] for name in files} != known:
            raise Failed(f"{len(files)} files for {len(known)} images")
        return "whole"


def _read(data: bytes) -> str:
    """As intake does; what would be stored must be the same image when it is read again."""
    try:
        if is_dicom(data):
            named(data)
        found = read(data)
        radiograph = without_text(found.radiograph)
    except RejectedFile as error:
        return error.reason
    names = names_of(b"s" * 32, found.identity, image_id(radiograph), None)
    if image_id(read(to_stored(radiograph, names)).radiograph) != image_id(radiograph):
        raise Failed("what is stored isn't what was read")
    return "read"


def _members(data: bytes) -> Iterator[bytes]:
    """The files of a zip; of one that has lost its looks, itself."""
    if not archive.is_zip(data):
        yield data
        return
    for member in archive.members(data):
        if member.rejected is None:
            yield member.data


def _parts(body: bytes) -> Iterator[bytes]:
    """The DICOM files of what `corpus.stow_bodies` makes, in small pieces as from a socket."""
    content_type, _, rest = body.partition(b"\n")
    yield from split(content_type.decode("latin-1"), (rest[at : at + 999] for at in range(0, len(rest), 999)))


def _outcome(job: Job) -> str:
    if job.state.is_open or (job.error or "").startswith(_FAILURES):
        raise Failed(job.error or f"job {job.id} is {job.state.value}")
    if "members" in job.result:
        return "unpacked"
    return str(job.result.get("code") or job.result.get("status") or job.error)


def target_of(kind: str, folder: Path) -> Target:
    """A fresh home below `folder` that inputs of a kind are sent to."""
    logging.getLogger("cxr_core").setLevel(logging.CRITICAL)
    settings = new_home(folder, free_mb=0)
    if kind != "stow":
        return Target(settings, _members, lambda data: _upload(settings, data))
    identity.make_key(settings.home, COMMAND_LINE, folder / "identity.key")
    settings = new_home(folder, free_mb=0, identity_key=folder / "identity.key")
    token = connecting.add_sender(settings.home, COMMAND_LINE, "fuzz", ADDRESS)
    with opened(settings.home) as db:
        sender = senders.with_token(db, token)
    assert sender is not None
    return Target(settings, _parts, lambda body: _stow(settings, sender, body))


def _upload(settings: Settings, data: bytes) -> str:
    requests.take_in(settings, COMMAND_LINE, [requests.Upload("file", data)])
    return ""


def _stow(settings: Settings, sender: senders.Sender, body: bytes) -> str:
    """As the STOW-RS route does: each part is taken as it comes, until the body turns out to be none."""
    said = set()
    try:
        for part in _parts(body):
            refused = receiving.take(settings, sender, part).refused
            said.add("stored" if refused is None else f"refused-{int(refused):04x}")
    except RejectedFile as error:
        said.add(error.reason)
    return " ".join(sorted(said))
