"""Names that are written on X-rays: none in any picture of the home, its exports or its answers, by how they look."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from cxr_core.dicom.stored import from_stored
from cxr_core.records import Answer
from cxr_core.store import files, jobs
from cxr_core.store.db import opened
from cxr_core.store.seal import is_sealed
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import holding
from cxr_core.work.models import near_duplicates
from tests import orthanc
from tests.network.hospital import answer_to, founded, listening, working
from tests.network.names_in_pixels import FILMS, Fate, pictures_in
from tests.network.test_canaries import read_all
from tests.processes import wait_until

pytestmark = pytest.mark.alone
HELD = [film for film in FILMS if film.fate is not Fate.BLANKED]
"""In the order in which they are sent, and so in quarantine."""
(LET_ON,) = [film for film in FILMS if film.fate is Fate.LET_ON]
LARGEST_ROW = 4096
"""Bytes of the database's largest value: too few for a picture that anything could be read in."""


@pytest.fixture
def hospital(tmp_path):
    (tmp_path / "archive").mkdir()
    with orthanc.running(tmp_path / "archive") as archive:
        hospital = founded(tmp_path, archive)
        answer_to(hospital, Answer.CAPTURE, Answer.REPORT, Answer.PRESENTATION)
        yield hospital


def words_in(data):
    """Words of any X-ray that are in these bytes."""
    return set().union(*(film.is_in(data) for film in FILMS))


def lying_about(hospital):
    """Words that lie in files of the home, of logs, exports and temporary folders; by the folder."""
    apart = (hospital.folder / "archive", hospital.folder / "sent")
    found: dict[str, set[str]] = {}
    for path in hospital.folder.rglob("*"):
        if path.is_file() and not set(apart) & set(path.parents) and (words := words_in(path.read_bytes())):
            found.setdefault("/".join(path.relative_to(hospital.folder).parts[:2]), set()).update(words)
    return found


def send(hospital):
    (hospital.folder / "sent").mkdir()
    for film in FILMS:
        path = hospital.folder / "sent" / f"{film.number}.dcm"
        path.write_bytes(film.data)
        assert words_in(path.read_bytes()) == set(film.words), "the search finds what is there, and nothing else"
        assert hospital.send(path, syntax="-xe" if film.is_negative else "-xi").returncode == 0


def look_at(hospital, waiting):
    """Each look of an admin, and what they see of films that are held back; while that waits, it lies open nowhere."""
    asked = [holding.look(hospital.home, COMMAND_LINE, held.id) for held in waiting]
    wait_until(lambda: not any(is_open(hospital, each.job) for each in asked))
    assert lying_about(hospital) == {}
    return [(each, holding.picture(hospital.home, COMMAND_LINE, each).jpeg) for each in asked]


def is_open(hospital, number):
    with opened(hospital.home) as db:
        return jobs.get(db, number).state.is_open


def decide(hospital):
    """Each film meets its fate."""
    waiting = holding.held(hospital.home, COMMAND_LINE)
    looks = look_at(hospital, waiting)
    for (_, jpeg), film in zip(looks, HELD, strict=True):
        assert film.is_in(jpeg) == set(film.words)
    for held, (look, _), film in zip(waiting, looks, HELD, strict=True):
        if film.fate is Fate.REFUSED:
            holding.discard(hospital.home, COMMAND_LINE, held.id)
        else:
            blank = held.boxes + held.doubts if film.fate is Fate.TAKEN else []
            holding.take(hospital.home, COMMAND_LINE, held.id, blank, look)


def spooled(hospital):
    return [path.read_bytes() for path in (hospital.home / "spool").iterdir()]


def come_in(hospital, count):
    """So many X-rays were taken in or refused, and nothing is in hand."""
    wait_until(lambda: len(hospital.query("SELECT 1 FROM arrivals")) == count and hospital.waiting() == 0)


def test_names_in_pixels_are_in_no_picture_that_is_kept_exported_or_sent_back(hospital):
    with ExitStack() as stack:
        listening(hospital, stack)
        send(hospital)
        assert lying_about(hospital) == {}, "received, and no worker yet"
        working(hospital, stack)
        come_in(hospital, len(FILMS) - len(HELD))
        wait_until(lambda: holding.how_many(hospital.home, COMMAND_LINE) == len(HELD))
        assert lying_about(hospital) == {}, "blanked, or held back"
        assert len(spooled(hospital)) == len(HELD)
        assert all(map(is_sealed, spooled(hospital)))
        decide(hospital)
        come_in(hospital, len(FILMS))
        read_all(hospital)
        hospital.settle_with(len(FILMS))
    let_on = set(LET_ON.words)
    assert lying_about(hospital) == dict.fromkeys(("home/images", "home/pictures", "exported/set"), let_on)
    assert spooled(hospital) == []
    assert hospital.query("SELECT answer, said FROM deliveries WHERE state != 'verified'") == []
    in_answers(hospital)
    what_is_kept_beside_pictures(hospital)


def in_answers(hospital):
    """Pictures in the archive are of what is stored: they name whom somebody let on, and nobody else."""
    found = [hospital.archive.rest(f"/instances/{each}/file") for each in hospital.archive.rest("/instances")]
    captures = [data for data in found if pictures_in(data)]
    predicted = hospital.query("SELECT 1 FROM predictions WHERE status = 'predicted'")
    assert len(captures) == len(predicted) > len(FILMS) / 2
    assert [words for data in found if (words := words_in(data))] == [set(LET_ON.words)]


def what_is_kept_beside_pictures(hospital):
    """Values of the database are too small to show a name, and fingerprints are of what is stored."""
    with opened(hospital.home) as db:
        for table in db.tables:
            for name in table.columns_dict:
                (largest,) = db.execute(f"SELECT max(length([{name}])) FROM [{table.name}]").fetchone()
                assert (largest or 0) < LARGEST_ROW or table.name in ("models", "plans"), (table.name, name)
    for row in hospital.query("SELECT file_sha256, fingerprint FROM images"):
        stored = from_stored(files.get(hospital.home, row["file_sha256"]))
        assert near_duplicates.of_radiograph(stored) == row["fingerprint"]
