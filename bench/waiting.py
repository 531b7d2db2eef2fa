"""upload-to-opinion: how long a person waits, from the upload in a real browser to the opinion on the screen."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from bench.measure import Measurement, seconds
from bench.prediction import spread
from bench.subjects import big_study
from cxr_core.records import Role
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.opening import open_home
from tests.browser import steps
from tests.browser.app import chromium, new_page, running_app

UPLOADS = 8
PERSON = ("ann", "a password for the bench")


def upload_to_opinion() -> Measurement:
    """Seconds from choosing the file to the opinion on the worklist page, while nothing else waits."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        open_home(home)
        people.add_user(home, COMMAND_LINE, PERSON[0], Role.RADIOLOGIST, PERSON[1])
        with running_app(home) as app, chromium() as browser:
            page = new_page(browser, app).page
            steps.sign_in(page, *PERSON)
            found = []
            for number in range(UPLOADS):
                study = home / f"study-{number}.dcm"
                study.write_bytes(big_study(9200 + number, bool(number % 2)))

                def upload_and_see(study: Path = study) -> None:
                    steps.upload(page, [study])
                    steps.expect_verdict(page, study.name, "probability")

                found.append(seconds(upload_and_see))
                steps.settled(page)
    note = f"{spread(found[1:])} s; the first, with a cold worker, {found[0]:.2f} s; at most 2 s wanted"
    return Measurement("upload-to-opinion", statistics.median(found[1:]), None, "s", note, in_this_process=False)
