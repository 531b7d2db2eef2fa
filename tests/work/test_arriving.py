"""What comes over the network is noted once, to be answered; answers that come back are not."""

from dataclasses import replace

import pytest

from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.store import senders
from cxr_core.store.db import opened
from cxr_core.work import identity, receiving
from cxr_core.work.guarding import COMMAND_LINE
from tests.dicom.answers.material import MAKERS, enveloped, received
from tests.store.exchanged import add_sender
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


@pytest.mark.parametrize("kind", MAKERS)
def test_an_answer_that_comes_back_is_not_noted_and_the_verdict_says_why(home, kind):
    assert send(home, MAKERS[kind](enveloped())) == []
    (job,) = query(home, "SELECT state, result FROM jobs WHERE kind = 'intake'")
    assert job["state"] == "done" and "an answer of this program" in job["result"]
