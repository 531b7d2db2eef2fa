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
from cxr_core.errors import Conflict
from cxr_core.model.dataset import split_file, write_split
from cxr_core.records import CLASSES, Job, Lane, Role, User
from cxr_core.store import files, jobs, models, predictions, reads, site, users
from cxr_core.store.db import opened, transaction
from cxr_core.work import intake, learning, retraining, reviewing
from cxr_core.work.accounts import DEMO_ACCOUNTS
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.planning import DEMO_BASE, Options
from cxr_core.work.story import RETRAINED_ON_DAY, STUDIES, Study, base

TOLD_AT = "demo told at"


def make(desk: Desk, job: Job) -> Outcome:
    """A job: accounts, the stand-in for the public data, and the story from its first day to today."""
    people = _accounts(desk)
    _base(desk)
    today = _today(desk)
    for number, study in enumerate(STUDIES):
        moment = today - timedelta(days=study.day, minutes=3 * (len(STUDIES) - number))
        if study.day < RETRAINED_ON_DAY:
            _retrain(desk, people[Role.ADMIN], today - timedelta(days=RETRAINED_ON_DAY))
        with clock.at(moment):
            image = _take_in(desk, study)
        if study.is_read:
            with clock.at(moment + timedelta(minutes=2)):
                _read(desk, people[Role.RADIOLOGIST], image, study)
        desk.tell({"done": number + 1, "of": len(STUDIES)})
    return Outcome({"studies": len(STUDIES)})


def _accounts(desk: Desk) -> dict[Role, User]:
    with opened(desk.home) as db:
        return {
            role: users.named(db, name) or users.add(db, name, role, password, by="demo")
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
        prediction = predictions.latest(db, image)
    said = prediction["label"] if prediction else None
    reason = study.reason if said in CLASSES and said != study.reading else None
    form = reviewing.ReadForm(
        image, prediction["id"] if prediction else None, study.reading, reason,
        seconds=12.0 + study.phantom.number % 17,
    )  # fmt: skip
    reviewing.submit(desk.home, reader, form)


def _retrain(desk: Desk, admin: User, moment: datetime) -> None:
    """The past retrain, with a frozen body, decided on by what its gate says; once."""
    with opened(desk.home) as db:
        if models.decisions(db)[-1]["action"] != "install":
            return
    with clock.at(moment):
        made = retraining.candidate(desk.home) or _candidate(desk, admin)
        if made["card"]["metrics"]["gate"]["passed"]:
            retraining.promote(desk.home, admin, made["name"], "no worse than the first release on locked patients")
        else:
            retraining.refuse(desk.home, admin, made["name"], "a loss against the first release can't be excluded")


def _candidate(desk: Desk, admin: User) -> dict[str, Any]:
    """Start the retrain, or take up the one that was broken off, and do it within this job."""
    with opened(desk.home) as db:
        job = jobs.claim(db, Lane.LEARNING, desk.worker)
    if job is None:
        retraining.start(desk.settings, admin, Options(epochs=6, learning_rate=0.0005))
        return _candidate(desk, admin)
    outcome = learning.retrain(desk, job)
    with opened(desk.home) as db, transaction(db):
        outcome.write(db)
        jobs.finish(db, job.id, desk.worker, outcome.result)
    made = retraining.candidate(desk.home)
    if made is None:
        raise Conflict("the demo's retrain was decided on by somebody else")
    return made
