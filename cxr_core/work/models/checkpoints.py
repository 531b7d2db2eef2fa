"""What a retrain keeps while it runs, so that one that was broken off goes on from its last epoch."""

from __future__ import annotations

from pathlib import Path


def place(home: Path, job: int) -> Path:
    """Where a retrain keeps its finished epochs while it runs; its folder is made."""
    folder = home / "checkpoints"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder / f"{job}.pt"


def remove(home: Path, but: int | None = None) -> None:
    """Remove what earlier retrains left: there is one retrain at a time, so all but that of the job `but`."""
    for path in (home / "checkpoints").glob("*"):
        if path.stem != str(but):
            path.unlink(missing_ok=True)
