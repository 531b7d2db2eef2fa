"""Drawing the heatmaps that readers ask for: only the worker does, since the library hooks into a network."""

from __future__ import annotations

from sqlite_utils import Database

from cxr_core.dicom.stored import from_stored
from cxr_core.model import methods, trust
from cxr_core.model.preprocess import righted, to_grey
from cxr_core.records import Floats, Job, Method
from cxr_core.store import explanations, files, images, predictions
from cxr_core.store.db import opened
from cxr_core.store.explanations import Explanation
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.models import reading


def explain(desk: Desk, job: Job) -> Outcome:
    """A job: one image's heatmap by one method, looked through for what speaks against it.

    With Score-CAM a second look, at the shifted image, would cost as much again, and is left out.
    """
    image, name, asked = (str(job.payload[key]) for key in ("image", "model", "method"))
    method = Method(asked)
    with opened(desk.home) as db:
        model = reading.model_named(desk, db, name)
        row, opinion = images.get(db, image), predictions.standing(db, image, name)
    film = righted(from_stored(files.get(desk.home, row["file_sha256"])), opinion["put_right"])
    grey = to_grey(film, model.card.preprocessing)

    def draw(seen: Floats) -> Floats:
        return methods.draw(model, seen, method, lambda done, of: desk.tell({"done": done, "of": of}))

    heatmap = draw(grey)
    doubt = trust.doubt_of_drawn(model, grey, heatmap, None if method is Method.SCORE_CAM else draw)

    def write(db: Database) -> None:
        if images.exists(db, image):  # else it was erased meanwhile
            explanations.add(db, image, name, method, Explanation(heatmap, doubt))

    return Outcome({"image": image, "method": method}, write)
