"""Cases for the tests of the reading room: images that are to be read in some way, and reads of them."""

from cxr_core import clock
from cxr_core.records import Label, Mode, Side
from cxr_core.store import images, models, predictions
from cxr_core.store.db import opened, transaction
from cxr_core.work.reading_room import recording, reviewing
from cxr_core.work.reading_room.recording import ReadForm
from tests.store.rows import opinion

PROBABILITY = 0.8765432109


def put(settings, number=1, mode=Mode.CONCURRENT, readers=1, probability=PROBABILITY, label=Label.PNEUMONIA, **more):
    """An image that is to be read so, with an opinion; returns its id."""
    image = f"{number:064x}"
    row = {
        "id": image, "patient": f"patient {number}", "file_sha256": image, "source": "png", "bits": 8,
        "pixel_rows": 100, "pixel_columns": 90, "synthetic": 0, "appearance": {}, "received_at": clock.stamp(),
        "mode": mode.value, "readers": readers, "slots_open": readers, **more,
    }  # fmt: skip
    with opened(settings.home) as db, transaction(db):
        images.add(db, row, Side.TRAIN)
        predictions.add(db, image, models.running(db), opinion(probability, label))
    return image


def said(settings, image):
    with opened(settings.home) as db:
        return predictions.standing(db, image, None)["id"]


def read(settings, user, image, label, reason=None):
    """Record a read as the page does: with the number of the prediction, where one is shown."""
    shown = reviewing.case(settings.home, user, image).prediction
    form = ReadForm(image, shown["id"] if shown else None, label, reason)
    return recording.submit(settings.home, user, form)
