"""Opening a home: the one place that migrates, makes the secret, and installs the first model."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import Conflict, IntegrityError
from cxr_core.model import release
from cxr_core.model.card import is_usable
from cxr_core.records import Lane
from cxr_core.store import audit, jobs, migrations, models, secret, site
from cxr_core.store.db import opened, transaction
from cxr_core.work.drift import recounting
from cxr_core.work.incoming import spool
from cxr_core.work.models.retraining import REPREDICT
from cxr_core.work.privacy import sweeping

DEMO_SECRET = hashlib.sha256(b"the demo's patients are nobody's").digest()
"""Known to all: it keys synthetic studies alone, so that every demo has the same pseudonyms."""


SECRET_CHECK = "secret check"


def open_home(home: Path) -> list[str]:
    """Make `home` ready for use, or bring it up to date; returns the schema steps that were taken.

    Raises SettingsError if it can't be written, IntegrityError if the secret that keyed its patients is gone or
    another one, Conflict while a backup is brought back there.
    """
    _ensure_folder(home)
    steps = migrations.migrate(home)
    _ensure_secret(home)
    spool.folder(home).mkdir(exist_ok=True, mode=0o700)
    sweeping.finish(home)
    _install_release_if_new(home)
    with opened(home) as db, transaction(db):
        recounting.count_what_was_there(db)
    return steps


def secret_for(home: Path, synthetic: bool) -> bytes:
    """The key of what is drawn and keyed of an X-ray: synthetic studies are the same in every demo."""
    return DEMO_SECRET if synthetic else secret.site_secret(home)


def is_demo(home: Path) -> bool:
    """Whether this home shows synthetic studies."""
    with opened(home) as db:
        return site.get(db, site.DEMO) is not None


def aside(home: Path) -> Path:
    """Where a home is put together that is brought back from a backup; gone once it is there."""
    return home / "restoring"


def _ensure_folder(home: Path) -> None:
    if aside(home).exists() and not migrations.has_database(home):
        raise Conflict(f"{home} is being brought back from a backup, or that was broken off: run `restore` again")
    try:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)  # reads and password hashes are nobody else's business
    except (FileExistsError, NotADirectoryError) as error:
        raise migrations.unwritable(home, "a file lies in its place") from error
    except OSError as error:
        raise migrations.unwritable(home, str(error.strerror)) from error


def _ensure_secret(home: Path) -> None:
    with opened(home) as db, transaction(db):
        written = site.get(db, SECRET_CHECK)
        if written is not None and not secret.exists(home):
            raise IntegrityError(f"{home / secret.FILE} is missing: bring it back from a backup")
        if written not in (None, secret.check_value(home)):
            raise IntegrityError(f"{home / secret.FILE} isn't this home's secret: bring that back from a backup")
        site.put(db, SECRET_CHECK, secret.check_value(home))


def _install_release_if_new(home: Path) -> None:
    """The program's release goes to work in a new home and after an earlier release, never in a site model's place."""
    newest = release.card()
    with opened(home) as db, transaction(db):
        if models.exists(db, newest["name"]):
            return
        running = models.running(db)
        if running is None:
            install_release(db, "the program's release")
        elif why := _why_replaced(models.card(db, running)):
            install_release(db, why)
            jobs.ask(db, jobs.Request(REPREDICT, Lane.READING, {"model": newest["name"]}, bulk=True))
        else:
            models.add(db, newest)  # candidates are compared with it


def _why_replaced(running: dict[str, Any]) -> str:
    """Why a running model gives way to the release, or nothing for one that stays."""
    name = running["name"]
    if not is_usable(running):
        return f"{name} was made by an older version, and its card lacks what this one asks for"
    return "" if running["parent"] else f"comes with this version, as {name} did with an earlier one"


def install_release(db: Database, reason: str) -> None:
    """Put the release that comes with the program to use, within the caller's transaction."""
    card = release.card()
    models.add(db, card)
    models.decide(db, card["name"], "install", reason, None)
    audit.record(db, "program", "install model", card["name"], weights=card["weights_sha256"], reason=reason)
