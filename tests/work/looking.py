"""All that somebody can get to see of a case, and a search through it for what the model says."""

from dataclasses import fields, is_dataclass

import numpy as np

from cxr_core.store.db import opened
from cxr_core.work.drift import mapping, monitoring, reporting, watching
from cxr_core.work.drift.watching import View
from cxr_core.work.incoming import requests, spool
from cxr_core.work.models import registry
from cxr_core.work.reading_room import reviewing
from cxr_core.work.reading_room.reviewing import Filters, Show


def everything(settings, user, image, job):
    """All that a reader can get to see of an image through the use cases, one after the other."""
    yield from of_the_case(settings, user, image, job)
    drift = watching.watch(settings.home, user, View(28))
    yield [(line.signal.name, line.points) for line in drift.lines]
    yield drift.slices
    yield mapping.drawn(settings.home, user, drift.model, drift.until, None)
    yield monitoring.agreement(settings.home, user, 28)
    yield reporting.drift_now(settings.home, user, 28)
    yield reporting.table(reporting.report(settings.home, user, View(28)))
    yield [version.name for version in registry.family(settings.home, user)]


def of_the_case(settings, user, image, job):
    """The same without the figures over many images."""
    home = settings.home
    yield reviewing.case(home, user, image)
    for show in Show:
        yield reviewing.waiting_list(home, user, Filters(show))
        for label in ("Pneumonia", "Normal", "Uncertain", "not analysed"):
            yield [row["id"] for row in reviewing.waiting_list(home, user, Filters(show, label))]
    yield reviewing.opinions(home, user, [image])
    yield reviewing.history(home, user)
    yield reviewing.history_csv(home, user)
    yield requests.verdicts(home, user, [job])
    yield reviewing.priors(home, user, image)
    yield registry.told_of(home, user, image)


def told(found):
    """Everything that was found, as text: numbers within arrays, too."""
    if is_dataclass(found):
        return " ".join(told(getattr(found, field.name)) for field in fields(found))
    if isinstance(found, dict):
        return " ".join(f"{name} {told(value)}" for name, value in found.items())
    if isinstance(found, (list, tuple, np.ndarray)):
        return " ".join(map(told, found))
    return str(found)


def job_about(settings, image):
    """An intake job that ended with this image, as its sender asks for it."""
    number = spool.receive(settings.home, b"x", spool.Sender())
    with opened(settings.home) as db:
        result = f'{{"status": "predicted", "image": "{image}", "reasons": ["CANARY"]}}'
        db.execute("UPDATE jobs SET state = 'done', result = ? WHERE id = ?", (result, number))
    return number


def told_too_soon(settings, user, image, job, look=everything):
    """What a reader can get to see that tells that the model says Pneumonia, or how sure it is."""
    needles = ("0.87654", "Pneumonia", "CANARY")
    found = list(look(settings, user, image, job))
    narrowed = [each for each in found if isinstance(each, list) and image in each]  # by a label, which tells it
    return [each for each in found if any(needle in told(each) for needle in needles)] + narrowed
