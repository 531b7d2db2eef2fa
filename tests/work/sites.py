"""Homes for the tests of the use cases: people, files taken in by a real worker's code, and a look at what is left."""

from __future__ import annotations

import zipfile
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image

from cxr_core import worker
from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.records import Label, Lane, Reason, Role
from cxr_core.settings import Settings
from cxr_core.store import jobs, secret, users
from cxr_core.store.db import opened, rows
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import requests
from cxr_core.work.incoming.requests import Upload
from cxr_core.work.opening import open_home
from cxr_core.work.reading_room import recording, reviewing
from tests.model.chests import phantom_chest
from tests.work import plans

MODELS = {}
"""Loaded once for all tests; a model never changes."""


def new_home(folder, key=b"s", **more):
    """Settings of a fresh home with an easy plan, and a known secret: a patient is always drawn to the same side."""
    settings = Settings(home=folder / "home", threads=1, **more)
    secret.create(settings.home, key * secret.LENGTH)
    open_home(settings.home)
    plans.write(settings.home)
    return settings


def add_user(settings, role=Role.RADIOLOGIST, name=None):
    with opened(settings.home) as db:
        return users.add(db, name or role.value, role, "a long password", by="a test")


def work_off(settings, lane=Lane.READING):
    """Do every job of the lane, as a worker does; returns how many."""
    own = worker.new_worker(settings, lane)
    own.desk.models.update(MODELS)
    done = 0
    while worker.process_one_job(own):
        done += 1
    MODELS.update({name: model for name, model in own.desk.models.items() if model.card.parent is None})
    return done


def run_errands(settings):
    """Do every job that asks other hosts, as a worker's threads do; returns how many."""
    done = 0
    for errands in worker.errands_of(worker.new_worker(settings, Lane.READING)).values():
        while worker.process_one_job(errands):
            done += 1
    return done


def take_in(settings, *files, user=COMMAND_LINE, patient=None, names=None):
    """The verdicts on these files, sent as one batch."""
    names = names or [f"file-{number}" for number in range(len(files))]
    uploads = [Upload(name, data) for name, data in zip(names, files, strict=True)]
    numbers = requests.take_in(settings, user, uploads, patient)
    work_off(settings)
    return requests.verdicts(settings.home, COMMAND_LINE, numbers)


def query(settings, sql, *values):
    with opened(settings.home) as db:
        return rows(db, sql, values)


def files_in(settings, *parts):
    """The files below a folder of the home."""
    return [path for path in settings.home.joinpath(*parts).rglob("*") if path.is_file()]


def job(settings, number):
    with opened(settings.home) as db:
        return jobs.get(db, number)


@cache
def film(number=1, opacity=False):
    """A DICOM file of a synthetic child."""
    return phantom(number, opacity, rows=128)


def picture(number=1, opacity=False, kind="PNG", size=128, **options):
    """A PNG or JPEG file of a synthetic child's chest."""
    file = BytesIO()
    Image.fromarray(phantom_chest(number, opacity, size)).save(file, kind, **options)
    return file.getvalue()


def zipped(files):
    """A zip of `files`, bytes by name."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def noise(side, number=1):
    """A PNG of noise that takes a while to read: 16 bits, side x side."""
    values = np.random.default_rng(number).integers(0, 65535, (side, side), dtype=np.uint16)
    file = BytesIO()
    Image.fromarray(values).save(file, "PNG", compress_level=1)
    return file.getvalue()


def form(settings, image, agrees=True, **more):
    """A read of `image` that agrees with the model, or doesn't."""
    case = reviewing.case(settings.home, COMMAND_LINE, image)
    said = Label(case.prediction["label"])
    other = Label.NORMAL if said is Label.PNEUMONIA else Label.PNEUMONIA
    answer = {"label": said if agrees else other, "reason": None if agrees else Reason.SMALL}
    return recording.ReadForm(image, case.prediction["id"], **{**answer, **more})
