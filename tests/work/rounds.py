"""Once around the loop, on real parts: reads, a training set, a retrain, the gate, and the decision on it."""

from __future__ import annotations

from cxr_core import worker
from cxr_core.records import CLASSES, Label, Lane, Side
from cxr_core.store.db import opened, rows
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import retraining
from cxr_core.work.models.drafting import Options
from cxr_core.work.reading_room import recording, reviewing

QUICK = Options(epochs=2, learning_rate=0.001)


def truth(number):
    """What the chest of this number shows (see learners.send)."""
    return Label.PNEUMONIA if number % 2 else Label.NORMAL


def unread(home, side):
    """Images that wait, of patients on a side, on which the model said Normal or Pneumonia; oldest first."""
    sql = (
        "SELECT DISTINCT i.id FROM images i JOIN patients t ON t.pseudonym = i.patient "
        "JOIN predictions p ON p.image = i.id "
        "WHERE newest_read IS NULL AND t.side = ? AND p.label IN ('Normal', 'Pneumonia') ORDER BY received_at, i.id"
    )
    with opened(home.path) as db:
        return [row["id"] for row in rows(db, sql, (side,))]


def submit(home, image, label):
    """The reader's answer on an image, with a reason where it is not the model's."""
    said = reviewing.case(home.path, COMMAND_LINE, image).prediction
    disagrees = said["label"] in CLASSES and said["label"] != label
    reason = recording.Reason.OTHER_OPACITY if disagrees else None
    recording.submit(home.path, home.radiologist, recording.ReadForm(image, said["id"], label, reason, seconds=5))


def disagree(home, image):
    """Flag an image, whatever it shows."""
    said = reviewing.case(home.path, COMMAND_LINE, image).prediction["label"]
    submit(home, image, Label.NORMAL if said == Label.PNEUMONIA else Label.PNEUMONIA)


def learn(home):
    """All that the learning lane has to do, and what a dead worker left of it."""
    with worker.standing_in(home.settings, Lane.LEARNING) as step:
        while step():
            pass


def decide(home):
    """Promote the candidate, or refuse it where its gate says no; what there is of one."""
    found = retraining.candidate(home.path, COMMAND_LINE)
    if found is None:
        return
    if found["card"]["metrics"]["gate"]["passed"]:
        retraining.promote(home.path, home.admin, found["name"], "its gate lets it through")
    else:
        retraining.refuse(home.path, home.admin, found["name"], "its gate says no")


def ask(home):
    """Flag a case and ask for a retrain, but only where none is under way and no candidate waits."""
    job = retraining.newest_job(home.path, COMMAND_LINE)
    if (job and job.state.is_open) or retraining.candidate(home.path, COMMAND_LINE):
        return
    if retraining.preview(home.settings, home.admin, QUICK).objections:
        disagree(home, unread(home, Side.TRAIN)[0])
    retraining.start(home.settings, home.admin, QUICK)
