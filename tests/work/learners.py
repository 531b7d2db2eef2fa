"""Homes for the tests of the use cases: opened as the program opens them, with people, images and opinions."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace

import numpy as np

from cxr_core import clock
from cxr_core.model import release
from cxr_core.records import CLASSES, Label, Lane, Opinion, Reason, Role, Side, User
from cxr_core.settings import Settings
from cxr_core.store import images, models, predictions, secret
from cxr_core.store.db import opened, transaction
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import requests
from cxr_core.work.incoming.requests import Upload
from cxr_core.work.opening import open_home
from cxr_core.work.reading_room import recording
from tests.model.chests import phantom_chest, png
from tests.work import plans
from tests.work.sites import work_off

FIRST = release.card()["name"]
BASE = {Side.TRAIN: 10, Side.VALIDATION: 5, Side.CALIBRATION: 19, Side.LOCKED: 20}
"""Images of each class in the base data of the `site`: just enough to retrain and to compare."""


@dataclass(frozen=True)
class Home:
    """A home with its settings and the people who work in it."""

    settings: Settings
    radiologist: User
    second: User
    admin: User

    @property
    def path(self):
        """The folder."""
        return self.settings.home


def new_home(path, **settings):
    """An opened home with an easy plan and a known secret, so that every patient is always drawn to the same side."""
    path.mkdir(mode=0o700)
    secret.create(path, b"s" * secret.LENGTH)
    open_home(path)
    plans.write(path)
    wanted = (("Rada", Role.RADIOLOGIST), ("Raoul", Role.RADIOLOGIST), ("Ada", Role.ADMIN))
    accounts_of = (people.add_user(path, COMMAND_LINE, *who, "long enough") for who in wanted)
    return Home(Settings(home=path, **settings), *accounts_of)


def copied(home, folder):
    """The same home at another place."""
    shutil.copytree(home.path, folder)
    return replace(home, settings=replace(home.settings, home=folder))


def send(home, numbers):
    """Take chests in, odd numbers with pneumonia, each of a patient of its own; returns the images' ids."""
    jobs = [
        job
        for number in numbers
        for job in requests.take_in(
            home.settings,
            COMMAND_LINE,
            [Upload("x.png", png(phantom_chest(number, number % 2 == 1)))],
            f"patient {number}",
        )
    ]
    work_off(home.settings, Lane.READING)
    return [verdict.image for verdict in requests.verdicts(home.path, COMMAND_LINE, jobs)]


def store_image(home, number, side=Side.TRAIN, said=Label.NORMAL, put_right=None, readers=1):
    """The row of an image, without files, of a patient on `side`, on which the running model said `said`."""
    image = _store(home, number, side, readers)
    with opened(home.path) as db, transaction(db):
        predictions.add(db, image, models.running(db), opinion_of(said, put_right))
    return image


def opinion_of(said, put_right=None):
    """An opinion that says `said` and no more."""
    return Opinion(0.5, 0.0, said, np.zeros((7, 7), np.float32), np.zeros(512, np.float32), put_right=put_right)


def row_of(number, readers=1):
    """The row of an image of a patient of its own, whose file there is none of."""
    return {
        "id": f"{number:064x}", "patient": f"patient {number}", "file_sha256": f"{number:064x}", "source": "png",
        "modality": "OT", "view": None, "age_years": None, "sex": None, "manufacturer": None, "device": None,
        "photometric": None, "bits": 8, "pixel_rows": 64, "pixel_columns": 64, "synthetic": 1, "appearance": {},
        "received_at": clock.stamp(), "readers": readers, "slots_open": readers,
        "fingerprint": np.random.default_rng(number).bytes(64),
    }  # fmt: skip


def _store(home, number, side, readers=1):
    row = row_of(number, readers)
    with opened(home.path) as db, transaction(db):
        images.add(db, row, side)
    return row["id"]


def read(home, image, label, reader=None):
    """Record a read of `image`, with a reason wherever it disagrees."""
    with opened(home.path) as db:
        prediction = predictions.standing(db, image, None)
    disagrees = prediction["label"] in tuple(CLASSES) and prediction["label"] != label
    reason = Reason.SMALL if disagrees else None
    return recording.submit(
        home.path, reader or home.radiologist, recording.ReadForm(image, prediction["id"], label, reason, seconds=9)
    )


def said(home, image):
    """What the model says of an image: a label, or None."""
    with opened(home.path) as db:
        return predictions.standing(db, image, None)["label"]


def flagged(home, number, side=Side.TRAIN, said=Label.NORMAL, readers=1):
    """An image, for so many readers, on which the radiologist disagreed with the model; returns its id."""
    image = store_image(home, number, side, said, readers=readers)
    read(home, image, Label.PNEUMONIA if said is Label.NORMAL else Label.NORMAL)
    return image


def refused(home, number, kinds=("age",), label=Label.PNEUMONIA, side=Side.TRAIN):
    """An image that the model refused for reasons of these kinds, and the radiologist labelled; returns its id."""
    image = _store(home, number, side)
    with opened(home.path) as db, transaction(db):
        predictions.add_not_analysed(db, image, models.running(db), ["why not."] * len(kinds), kinds)
    read(home, image, label)
    return image


def agreed(home, number, side=Side.TRAIN, said=Label.NORMAL):
    """An image on which the radiologist agreed with the model; returns its id."""
    image = store_image(home, number, side, said)
    read(home, image, said)
    return image


def add_model(home, name, parent=FIRST, gate=None, training_set=None):
    """A model version that was never trained, with the gate report given."""
    card = {**release.card(), "name": name, "parent": parent, "metrics": {"gate": gate} if gate else {}}
    with opened(home.path) as db, transaction(db):
        models.add(db, card, training_set)
    return name


def passed(*rivals):
    """The gate report of a candidate that passed against `rivals`."""
    compared = [{"model": name} for name in ("candidate", *rivals)]
    return {"passed": True, "reasons": [], "compared": compared, "running": rivals[0]}
