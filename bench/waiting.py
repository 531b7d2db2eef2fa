"""upload-to-opinion: how long a person waits, from the upload in a real browser to the opinion on the screen."""

from __future__ import annotations

import statistics

from bench.measure import Measurement, seconds
from bench.prediction import spread
from bench.subjects import big_study
from tests.browser.app import running_app
from tests.browser.steps import open_worklist, sign_in, upload_and_see_opinion

UPLOADS = 7


def upload_to_opinion() -> Measurement:
    """Seconds from choosing the file to the opinion on the worklist page, while nothing else waits."""
    with running_app() as app, app.browser_page() as page:
        sign_in(page, app.radiologist)
        open_worklist(page)
        found = [
            seconds(lambda number=number: upload_and_see_opinion(page, big_study(9200 + number, bool(number % 2))))
            for number in range(UPLOADS)
        ]
    return Measurement(
        "upload-to-opinion", statistics.median(found[1:]), None, "s", f"{spread(found[1:])}, first {found[0]:.2f}"
    )
