"""Which runtime serves a model: the one that CXR_RUNTIME names, else the quickest exact one, sought while nobody waits.

Until it is found the reference serves, so that the first opinion after a start need not wait. Nothing of it is kept:
another processor, other packages or another model may need another answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.dicom.reading import read
from cxr_core.model.choice import choosing
from cxr_core.model.predict import Model
from cxr_core.model.preprocess import to_grey
from cxr_core.model.runtime import make
from cxr_core.settings import AUTO, Settings
from cxr_core.work.doing import Desk
from cxr_core.work.incoming.sources import walk

MANY = 300
"""Files from which on seeking costs less than it saves."""
FIRST, COUNT, ROWS = 7000, 8, 256
"""The synthetic studies that runtimes are tried on: their numbers, and how large they are rendered."""


def as_set(settings: Settings, model: Model) -> Model:
    """The model served as CXR_RUNTIME says, with `auto` by the reference. Raises SettingsError if the machine can't."""
    if settings.runtime == AUTO:
        return model
    return replace(model, runtime=make(settings.runtime, model.network, model.card.preprocessing))


def for_files(settings: Settings, model: Model, paths: Iterable[Path]) -> Model:
    """The model as it is best served for these files and folders: as set, or quickest if there are many files."""
    if settings.runtime != AUTO or len(list(islice(walk(paths), MANY))) < MANY:
        return as_set(settings, model)
    return quickest(model)


def quickest(model: Model) -> Model:
    """The model with the quickest exact runtime on this machine; takes some seconds."""
    return deque(_seeking(model), maxlen=1)[0]


def improving(desk: Desk, at_leisure: Callable[[], bool]) -> Iterator[bool]:
    """Each `next` is a step towards a quicker runtime for the desk's models, taken only `at_leisure`; False: no step.

    It never ends: models come to the desk later, too.
    """
    seen: set[str] = set()
    while True:
        waiting = [name for name in desk.models if name not in seen and desk.settings.runtime == AUTO]
        if not waiting or not at_leisure():
            yield False
            continue
        name = waiting[0]
        seen.add(name)
        for model in _seeking(desk.models[name]):
            desk.models[name] = model
            yield True
            while not at_leisure():
                yield False


def _seeking(model: Model) -> Iterator[Model]:
    """The model with the best runtime known so far, after each step."""
    films = []
    for number in range(FIRST, FIRST + COUNT):
        film = read(Phantom(number, opacity=number % 2 == 1, rows=ROWS).data).radiograph
        films.append(to_grey(film, model.card.preprocessing))
        yield model
    yield from choosing(model, np.stack(films))
