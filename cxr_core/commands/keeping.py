"""backup, restore, retention: keeping what must not be lost, and letting go what is old enough."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cxr_core.commands.output import result, say, say_unchecked
from cxr_core.errors import IntegrityError
from cxr_core.settings import Settings
from cxr_core.store.migrations import check
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.keeping import backing_up, restoring, retaining, shelf
from cxr_core.work.keeping.backing_up import Made

SAY_SECONDS = 2.0
"""Between two words on how far something is."""
KEY = (
    "The site's private key, which CXR_IDENTITY_KEY names, is not in the backup, and never is: keep a copy of it "
    "elsewhere, for without it what is sealed stays shut for good."
)


def run_backup(settings: Settings, options: argparse.Namespace) -> int:
    """Back the home up while everything runs; one JSON object says what is in the backup."""
    check(settings.home)
    made = backing_up.back_up(settings, COMMAND_LINE, options.folder, options.keep, _progress())
    result(asdict(made))
    if made.sealed:
        say(KEY)
    if made.left_out:
        say(f"not in the backup, since they name patients: {made.left_out} that wait unsealed in the spool")
    if wrong := _wrong(made, options.folder):
        raise IntegrityError(f"the backup is made, but {'; and '.join(wrong)}")
    return 0


def run_restore(settings: Settings, options: argparse.Namespace) -> int:
    """Bring a home back, and verify it; 1 if anything in it isn't what was written."""
    found = restoring.restore(settings, COMMAND_LINE, options.folder, options.snapshot, _progress())
    result(asdict(found))
    say_unchecked(found.verified["not_checked"])
    if found.verified["problems"]:
        raise IntegrityError("; ".join(found.verified["problems"]))
    return 0


def run_retention(settings: Settings, options: argparse.Namespace) -> int:
    """One JSON line for each thing that is older than the site keeps it, then one for each kind; --yes lets it go."""
    check(settings.home)
    do = retaining.let_go if options.yes else retaining.preview
    found = do(settings, COMMAND_LINE, result)
    for kind in found:
        result({**asdict(kind), "gone": options.yes})
    if not found:
        say(
            "everything is kept for ever, unless CXR_KEEP_IMAGES_DAYS, CXR_KEEP_PREDICTIONS_DAYS or "
            "CXR_KEEP_AUDIT_DAYS say otherwise"
        )
    elif not options.yes:
        say("nothing was removed: say --yes for that")
    return 0


def _wrong(made: Made, folder: Path) -> list[str]:
    """What somebody should see to though the backup is made."""
    wrong = []
    if made.damaged:
        wrong.append(
            f"{len(made.damaged)} X-rays are missing or have changed in the home itself: `python -m cxr_core verify` "
            "names them"
        )
    if made.not_amended:
        lists = ", ".join(f"{name}.json" for name in made.not_amended)
        wrong.append(
            "what was erased since is still in backups that a newer version made, which this one can't change: update "
            f"the program, or remove {lists} from {folder / shelf.LISTS}"
        )
    return wrong


def _progress() -> Callable[[dict[str, Any]], None]:
    """Says now and then how far it is."""
    said_at = time.monotonic()

    def tell(progress: dict[str, Any]) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= SAY_SECONDS:
            said_at = time.monotonic()
            say(f"{progress['doing']}: {progress['done']} of {progress['of']}")

    return tell
