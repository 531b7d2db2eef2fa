"""The demo: synthetic studies taken in, read and learnt from as real ones would be, some weeks of it at once.

Everything goes the way that real studies go; only the clock is told what time it was. Every step looks
first whether it was done, so a demo that was broken off goes on, and a home that was started from the
example database, which has the history but no files, gets its files made again.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from cxr_core import clock
from cxr_core.model.dataset import split_file, write_split
from cxr_core.records import CLASSES, Job, Role, User
from cxr_core.store import audit, files, models, predictions, reads, site, users
from cxr_core.store.db import opened, transaction
from cxr_core.work.accounts import DEMO_ACCOUNTS
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.drift import alarming, freezing
from cxr_core.work.incoming import intake
from cxr_core.work.models import learning, retraining
from cxr_core.work.models.base_data import DEMO_BASE
from cxr_core.work.reading_room import recording
from cxr_core.work.story import RETRAINED_ON_DAY, RETRAINED_WITH, STUDIES, Study, base

TOLD_AT = "demo told at"


def make(desk: Desk, job: Job) -> Outcome:
    """A job: accounts, the stand-in for the public data, and the story from its first day to today."""
    people = _accounts(desk)
    _base(desk)
    today = _today(desk)
    for number, study in enumerate(STUDIES):
        moment = today - timedelta(days=study.day, minutes=3 * (len(STUDIES) - number))
        if study.day < RETRAINED_ON_DAY:
            decided = today - timedelta(days=RETRAINED_ON_DAY)
            _freeze(desk, people[Role.ADMIN], decided)
            past_retrain(desk, people[Role.ADMIN], decided)
        with clock.at(moment):
            image = _take_in(desk, study)
        if study.is_read:
            with clock.at(moment + timedelta(minutes=2)):
                _read(desk, people[Role.RADIOLOGIST], image, study)
        desk.tell({"done": number + 1, "of": len(STUDIES)})
    alarming.look_anew(desk.home)
    return Outcome({"studies": len(STUDIES)})


def _accounts(desk: Desk) -> dict[Role, User]:
    with opened(desk.home) as db:
        return {
            role: known.user if (known := users.named(db, name)) else users.add(db, name, role, password, by="demo")
            for name, role, password in DEMO_ACCOUNTS
        }


def _base(desk: Desk) -> None:
    """The folder that stands in for the public data set, with its split."""
    folder, split = desk.home / DEMO_BASE, {}
    for phantom, side in base():
        path = folder / CLASSES[int(phantom.opacity)].upper() / f"person{phantom.number}_synthetic.dcm"
        if not path.exists():
            files.write_durably(path, phantom.data)
        split[hashlib.sha256(path.read_bytes()).hexdigest()] = side
        desk.tell({"doing": "rendering", "done": len(split), "of": len(base())})
    write_split(split, split_file(folder))


def _today(desk: Desk) -> datetime:
    """The moment from which the story counts back: when it was first told."""
    with opened(desk.home) as db:
        if site.get(db, TOLD_AT) is None:
            site.put(db, TOLD_AT, clock.stamp())
        return datetime.fromisoformat(site.get(db, TOLD_AT) or "")


def _take_in(desk: Desk, study: Study) -> str:
    """The study's image, taken in as any file is; of one that is known, the files are made again."""
    data = study.phantom.data
    outcome = intake.accept(desk, data)
    if outcome.result.get("known"):
        intake.put_files(desk, intake.arrive(desk, data))
    with opened(desk.home) as db, transaction(db):
        outcome.write(db)
    return str(outcome.result["image"])


def _read(desk: Desk, reader: User, image: str, study: Study) -> None:
    """What the reader of the story records, having seen the model's opinion; once."""
    with opened(desk.home) as db:
        if reads.current_of(db, image):
            return
        prediction = predictions.standing(db, image, models.running(db))
    said = prediction["label"]
    reason = study.reason if said in CLASSES and said != study.reading else None
    spent = 12.0 + study.phantom.number % 17
    recording.submit(
        desk.home, reader, recording.ReadForm(image, prediction["id"], study.reading, reason, seconds=spent)
    )


def _freeze(desk: Desk, admin: User, moment: datetime) -> None:
    """The site's reference, of all that came before; once."""
    with clock.at(moment):
        if not freezing.frozen(desk.home, admin):
            freezing.freeze(desk.home, admin, "three weeks with all machines as they should be")


def past_retrain(desk: Desk, admin: User, moment: datetime) -> None:
    """The retrain of the story, with a frozen body, decided on by what its gate says; once."""
    with opened(desk.home) as db:
        if models.decisions(db)[-1]["action"] != "install":
            return
    with clock.at(moment):
        card = _candidate(desk, admin)
        if card["metrics"]["gate"]["passed"]:
            retraining.promote(desk.home, admin, card["name"], "no worse than the program's release on locked patients")
        else:
            retraining.refuse(desk.home, admin, card["name"], "a loss against the program's release can't be excluded")


def _candidate(desk: Desk, admin: User) -> dict[str, Any]:
    """The card of the model that the story's training set makes, or made before the demo was broken off.

    It is trained within the demo's own job: what is queued may be somebody else's.
    """
    drafted = retraining.preview(desk.settings, admin, RETRAINED_WITH)
    with opened(desk.home) as db, transaction(db):
        training_set = retraining.fix(db, admin, RETRAINED_WITH, drafted)
        for row in models.all_models(db):
            if row["training_set"] == training_set:
                return row["card"]
        audit.record(db, admin.name, "start retrain", training_set, images=len(drafted.items))
    outcome = learning.learn(desk, training_set)
    with opened(desk.home) as db, transaction(db):
        outcome.write(db)
        return models.card(db, outcome.result["candidate"])
