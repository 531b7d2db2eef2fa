"""What comes over the network is noted once, to be answered; answers that come back are not."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from pydicom import dcmread

from cxr_core import clock
from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.errors import Conflict
from cxr_core.records import Answer, DeliveryState, Release
from cxr_core.store import deliveries, destinations, senders
from cxr_core.store.db import opened
from cxr_core.store.destinations import Rule
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import composing, receiving
from cxr_core.work.incoming import holding
from cxr_core.work.privacy import identity
from tests.dicom.answers.material import MAKERS, enveloped, received
from tests.pacs.web.films import film
from tests.store.exchanged import add_destination, add_sender
from tests.work.asked import is_anywhere
from tests.work.sites import new_home, query, work_off


@pytest.fixture
def home(tmp_path):
    settings = replace(new_home(tmp_path), identity_key=tmp_path / "identity.key", free_mb=0)
    identity.make_key(settings.home, COMMAND_LINE, settings.identity_key)
    with opened(settings.home) as db:
        add_sender(db)
    return settings


def send(settings, *files):
    """Take these in as from the network; what was noted of them."""
    with opened(settings.home) as db:
        sender = senders.named(db, "CT router")
    for data in files:
        receiving.receive(settings, sender, data)
    work_off(settings)
    return query(settings, "SELECT image, refused FROM arrivals")


def test_what_comes_twice_is_noted_once(home):
    film = phantom(1, False, rows=128)
    (noted,) = send(home, film, film)
    assert noted["image"] and noted["refused"] is None


def test_what_can_not_be_taken_in_is_noted_with_its_reason(home):
    (noted,) = send(home, received(BurnedInAnnotation="YES"))
    assert noted["image"] is None and "identifying text" in noted["refused"]


@pytest.mark.parametrize(("modality", "kept"), [("CT", "CT"), ("DOE^JANE 1950", None), ("JANED", None)])
@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_of_an_odd_modality_nothing_is_kept_but_a_term_of_dicom(home, modality, kept):
    """A name may stand anywhere, and one of letters alone looks like a term."""
    (noted,) = send(home, received(Modality=modality))
    assert noted["refused"].startswith(f"The DICOM file isn't an X-ray image{f' ({kept})' if kept else ''}. ")
    assert query(home, "SELECT modality FROM arrivals") == [{"modality": kept}]
    assert kept or is_anywhere(home, modality) == []


@pytest.mark.parametrize("kind", MAKERS)
def test_an_answer_that_comes_back_is_not_noted_and_the_verdict_says_why(home, kind):
    assert send(home, MAKERS[kind](enveloped())) == []
    (job,) = query(home, "SELECT state, result FROM jobs WHERE kind = 'intake'")
    assert job["state"] == "done" and "an answer of this program" in job["result"]


def test_it_has_come_when_it_was_received_however_long_it_waited(home):
    """In a backlog, and in quarantine until somebody had decided."""
    came = clock.now() - timedelta(days=3)
    with clock.at(came), opened(home.home) as db:
        for data in (film(1, rows=400), film(2, rows=128)):  # the lettering of the second is hard to read
            receiving.receive(home, senders.named(db, "CT router"), data)
    with clock.at(came + timedelta(hours=3)):
        work_off(home)
    (held,) = holding.held(home.home, COMMAND_LINE)
    holding.discard(home.home, COMMAND_LINE, held.id)
    work_off(home)
    noted = query(home, "SELECT image IS NULL AS refused, received_at FROM arrivals ORDER BY id")
    assert noted == [{"refused": refused, "received_at": clock.stamp(came)} for refused in (0, 1)]


def test_what_was_refused_and_comes_again_put_right_is_answered_in_place_of_the_refusal(home):
    refused, put_right = film(1, rows=400, BurnedInAnnotation="YES"), film(1, rows=400, BurnedInAnnotation="NO")
    with opened(home.home) as db:
        destinations.add_rule(db, Rule(add_destination(db), (Answer.REPORT,), Release.AT_ONCE))
        (was,) = send(home, refused)
        (first,) = deliveries.newest(db, 10)
        db.execute("UPDATE deliveries SET state = 'accepted', accepted_at = queued_at")
        (now,) = send(home, put_right)
        (second, _) = deliveries.newest(db, 10)
        assert (was["image"], now["refused"], second.state) == (None, None, DeliveryState.QUEUED)
        (study,) = dcmread(BytesIO(composing.compose(home, db, second))).PredecessorDocumentsSequence
        (document,) = study.ReferencedSeriesSequence[0].ReferencedSOPSequence
        assert document.ReferencedSOPInstanceUID == composing.name(home, db, first).instance
        with pytest.raises(Conflict, match="came again"):
            composing.compose(home, db, first)


def test_what_was_taken_in_and_comes_again_unfit_stays_taken_in(home):
    film_, unfit = film(1, rows=400), film(1, rows=400, BurnedInAnnotation="YES")
    (was,) = send(home, film_)
    assert was["image"]
    assert send(home, unfit) == [was]
