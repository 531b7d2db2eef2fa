"""Sites that ask an archive for X-rays, and what of patients lies in their homes."""

from __future__ import annotations

from dataclasses import replace

from cxr_core.store import senders
from cxr_core.store.db import opened
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import pulling
from cxr_core.work.hospital.connecting import WebAddress
from cxr_core.work.privacy import identity
from tests.orthanc import PASSWORD, USER
from tests.work.sites import new_home, run_errands

NAME = "PACS"


def sealing_home(folder, **more):
    """Settings of a fresh home with a key, a folder for what signs in, and whose disk is never too full."""
    (folder / "secrets").mkdir()
    settings = new_home(folder, free_mb=0, **more)
    identity.make_key(settings.home, COMMAND_LINE, folder / "identity.key")
    return replace(settings, identity_key=folder / "identity.key", secrets=folder / "secrets")


def ask_there(settings, url, password=PASSWORD):
    """Let a site ask the archive at `url`, which it signs in to; the source's number."""
    path = settings.secrets / "password"
    path.write_text(password)
    path.chmod(0o600)
    pulling.add_source(settings.home, COMMAND_LINE, NAME, WebAddress(url, USER, path.name))
    with opened(settings.home) as db:
        return senders.named(db, NAME).id


def answer(settings, asked):
    """What a question found, once a worker has asked."""
    run_errands(settings)
    return pulling.found(settings.home, COMMAND_LINE, asked)


def is_anywhere(settings, *words):
    """Which of these words are in any file of the home, the database and its log included."""
    files = [path.read_bytes() for path in settings.home.rglob("*") if path.is_file()]
    return [word for word in words if any(word.encode() in data for data in files)]
