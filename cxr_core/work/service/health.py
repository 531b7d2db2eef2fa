"""Whether the program lives, and whether work can be given to it; both tell nothing of anybody."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from cxr_core.errors import CxrError
from cxr_core.model import release
from cxr_core.records import Lane
from cxr_core.settings import Settings
from cxr_core.store import gauges, migrations, models, workers
from cxr_core.store.db import opened, opened_anew
from cxr_core.work.keeping import room


def alive(home: Path) -> bool:
    """Whether the database can be read."""
    return _holds(lambda: migrations.has_database(home) and _answers(home))


def readiness(settings: Settings) -> dict[str, bool]:
    """What must hold for an X-ray that is sent now to be read, and whether it does."""
    home = settings.home
    if not alive(home):
        return {"database": False}
    return {
        "database": True,
        "schema": _holds(lambda: _has_schema(home)),
        "reading worker": _holds(lambda: _has_worker(home)),
        "model": _holds(lambda: _has_model(home)),
        "room on the disk": not room.measured(settings).is_out,
    }


def _holds(asked: Callable[[], bool]) -> bool:
    try:
        return asked()
    except (CxrError, OSError, sqlite3.Error):
        return False


def _answers(home: Path) -> bool:
    with opened_anew(home) as db:  # one that was kept open would answer from memory
        return gauges.answers(db)


def _has_schema(home: Path) -> bool:
    """Whether the database is this program's, and can be written."""
    migrations.check(home)
    return True


def _has_worker(home: Path) -> bool:
    with opened(home) as db:
        return bool(workers.living(db, Lane.READING))


def _has_model(home: Path) -> bool:
    """Whether the weights of the model in use are there; that they are unharmed, `verify` says."""
    with opened(home) as db:
        name = models.running(db)
        wanted = models.card(db, name)["weights_sha256"] if name else ""
        return release.has_weights(wanted) or gauges.has_weights(db, wanted)
