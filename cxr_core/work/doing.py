"""What every job is given, and what it gives back: the worker writes it in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlite_utils import Database

from cxr_core.settings import Settings

if TYPE_CHECKING:  # loading it takes seconds, which whoever does a job without a model need not wait for
    from cxr_core.model.predict import Model


def _nothing(_: Database) -> None:
    """Most of the time there is nothing more to write."""


@dataclass(frozen=True)
class Outcome:
    """A finished job: its result, what else the same transaction writes, and the tidying after it."""

    result: dict[str, Any]
    write: Callable[[Database], None] = _nothing
    after: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Desk:
    """What a worker has at hand while it does a job."""

    settings: Settings
    worker: str
    """The worker's id, in whose name jobs are held."""
    tell: Callable[[dict[str, Any]], None] = lambda progress: None
    """Says how far the job is; raises Conflict when the job isn't this worker's any more."""
    models: dict[str, Model] = field(default_factory=dict)
    """Loaded models by name; a model never changes, so they are kept."""

    @property
    def home(self) -> Path:
        """Where everything lies."""
        return self.settings.home
