"""Under one UID there is one object: to the byte, whenever it is made, by whatever version, for whatever archive."""

from io import BytesIO

import pytest
from pydicom import dcmread

from cxr_core import clock
from cxr_core.records import Answer, DeliveryState, Proof
from cxr_core.store import deliveries, models, predictions
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import answering, composing, connecting
from cxr_core.work.reading_room import recording
from tests.store.rows import opinion
from tests.work.sites import add_user, form, query

pytestmark = pytest.mark.alone


def made(outbox, delivery):
    """The answer, as it is made now."""
    with outbox.db() as db:
        return composing.compose(outbox.settings, db, delivery)


def update(monkeypatch):
    """The program is another version from now on."""
    monkeypatch.setattr(composing, "__version__", "99.0")


def promote(outbox, name="second"):
    """Another version runs, and has said something of every image; its answers are queued."""
    with clock.at(outbox.moment), outbox.db() as db:
        card = models.card(db, models.running(db))
        weights = {"weights_sha256": "ab" * 32}
        models.add(db, {**card, "name": name, **weights, "calibration": {**card["calibration"], **weights}})
        models.decide(db, name, "promote", "a test", None)
        for row in db.execute("SELECT id FROM images").fetchall():
            predictions.add(db, row[0], name, opinion())
            answering.answer_image(db, row[0])


def predecessors(data):
    """The SOP Instance UIDs of what a report takes the place of."""
    studies = dcmread(BytesIO(data)).get("PredecessorDocumentsSequence", [])
    return [
        item.ReferencedSOPInstanceUID
        for study in studies
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    ]


@pytest.mark.parametrize("answer", [Answer.CAPTURE, Answer.REPORT])
def test_what_is_sent_again_after_an_update_is_what_was_sent_first(outbox, archive, port, monkeypatch, answer):
    pacs = outbox.to(port, answers=(answer,))
    before = made(outbox, outbox.ledger(pacs)[0])
    outbox.deliver(pacs)
    update(monkeypatch)
    assert made(outbox, outbox.ledger(pacs)[0]) == before
    assert dcmread(BytesIO(before)).SoftwareVersions != "99.0"


def test_another_archive_gets_the_same_after_an_update(outbox, archive, port, monkeypatch):
    pacs = outbox.to(port)
    before = made(outbox, outbox.ledger(pacs)[0])
    update(monkeypatch)
    assert made(outbox, outbox.ledger(outbox.to(port, Proof.NONE, name="Second archive"))[0]) == before


def test_what_it_takes_the_place_of_is_settled_when_it_is_made_first(outbox, archive, port):
    pacs = outbox.to(port)
    promote(outbox)
    first, second = outbox.ledger(pacs)
    before = made(outbox, second)
    with outbox.db() as db:
        assert deliveries.accepted(db, first, "0000", clock.stamp())
    assert predecessors(before) == []
    assert made(outbox, second) == before


def test_a_readers_word_takes_the_place_of_their_last_that_the_archive_has(outbox, archive, port):
    home, user = outbox.settings.home, add_user(outbox.settings)
    image = query(outbox.settings, "SELECT id FROM images")[0]["id"]
    read = recording.submit(home, user, form(outbox.settings, image))
    pacs = outbox.to(port, Proof.NONE, answers=(Answer.ASSESSMENT,))
    assert outbox.one(pacs).state is DeliveryState.ACCEPTED
    connecting.hold(home, COMMAND_LINE, "PACS", "moved")
    for agrees in (False, True):
        read = recording.revise(home, user, read, form(outbox.settings, image, agrees=agrees))
    assert [each.read for each in outbox.ledger(pacs)] == [1, read], "the one between never went out"
    assert predecessors(made(outbox, outbox.ledger(pacs)[1])) == archive.kept
