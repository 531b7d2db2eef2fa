"""What is kept for so many days where the site says so, by its kinds: to add one, write a Kind and name it in KINDS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core.settings import Settings
from cxr_core.store import aging, arrivals, audit, images, jobs, models, set_aside, tombstones

Due = dict[str, Any]
"""`what` is old, `since` when, why it `stays` (None: it goes), and a `note` on what goes with it."""


@dataclass(frozen=True)
class Kind:
    """Something that goes by its age."""

    name: str
    days: Callable[[Settings], int]
    """How long the site keeps it; 0: for ever."""
    due: Callable[[Database, str, str | None], Iterator[Due]]
    """What is from before a stamp, or only the one that is named, oldest first."""
    remove: Callable[[Database, str, Due, int], None]
    """Take one away within the caller's transaction, in the name of somebody, since it was kept for so many days.

    It leaves its trace in the audit chain itself.
    """


def _remove_image(db: Database, actor: str, due: Due, days: int) -> None:
    """As erasing does, for one image; its counts on the drift page stay, since they are sums that name nobody."""
    image, why = due["what"], f"kept for {days} days"
    row = images.get(db, image)
    for arrival in arrivals.of_image(db, image):
        set_aside.put(db, arrival.object, "erased")  # else a pull might bring it again
    gone = images.remove(db, image)
    tombstones.add(db, {**row, "reads": gone["reads"]}, row["patient"], why, None, by_age=True)
    jobs.forget_images(db, [image], f"This X-ray was {why}.")
    audit.record(db, actor, "remove by age", image, days=days, **gone)


def _remove_prediction(db: Database, actor: str, due: Due, days: int) -> None:
    image, model = due["what"].split(" ", 1)
    aging.remove_prediction(db, image, model)
    audit.record(db, actor, "remove opinion by age", image, days=days, model=model)


def _remove_shadow(db: Database, actor: str, due: Due, days: int) -> None:
    image, model = due["what"].split(" ", 1)
    aging.remove_shadow_prediction(db, image, model)
    audit.record(db, actor, "remove shadow opinion by age", image, days=days, model=model)


def _old_predictions(db: Database, before: str, only: str | None) -> Iterator[Due]:
    return aging.predictions(db, before, models.running(db), only)


KINDS = (
    Kind("images", lambda settings: settings.keep_images_days, aging.images, _remove_image),
    Kind("predictions", lambda settings: settings.keep_predictions_days, _old_predictions, _remove_prediction),
    Kind(
        "shadow predictions",
        lambda settings: settings.keep_predictions_days,
        aging.shadow_predictions,
        _remove_shadow,
    ),
)
