"""What readers take back, and what rules no longer let go, doesn't reach the archive: asked when it is about to."""

import pytest

from cxr_core.errors import NotAllowed
from cxr_core.records import Answer, DeliveryState, Mode, Release
from cxr_core.settings import Settings
from cxr_core.store import sessions
from cxr_core.store.destinations import Rule
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting
from cxr_core.work.reading_room import recording
from cxr_core.work.reading_room.recording import ReadForm
from tests.work.sites import add_user, form, query

pytestmark = pytest.mark.alone
QUEUED, ACCEPTED, DEAD = DeliveryState.QUEUED, DeliveryState.ACCEPTED, DeliveryState.DEAD
LIMITS = Settings().session_limits


@pytest.fixture
def image(outbox):
    return query(outbox.settings, "SELECT id FROM images")[0]["id"]


def reader(outbox, name="ann"):
    """A reader who is signed in, and the token of their session."""
    user = add_user(outbox.settings, name=name)
    with outbox.db() as db:
        return user, sessions.start(db, user, LIMITS)


def is_read(outbox, image, mode, readers=1):
    """The image is on a list that is read so."""
    with outbox.db() as db:
        db.execute("UPDATE images SET mode = ?, readers = ?, slots_open = ?", (mode, readers, readers))


def read(outbox, image, user, agrees=True):
    """A final read; in a second-reader list the own opinion comes before it."""
    wanted = form(outbox.settings, image, agrees)
    if query(outbox.settings, "SELECT mode FROM images")[0]["mode"] == Mode.SECOND_READER:
        recording.submit(outbox.settings.home, user, ReadForm(image, None, wanted.label))
    return recording.submit(outbox.settings.home, user, wanted)


def signs_out(outbox, token):
    with outbox.db() as db:
        sessions.end(db, token)


def test_an_opinion_that_waits_for_the_archive_does_not_leave_once_the_read_is_taken_back(outbox, archive, port, image):
    is_read(outbox, image, Mode.SECOND_READER)
    ann, _ = reader(outbox)
    number = read(outbox, image, ann)
    pacs = outbox.to(port)
    recording.undo(outbox.settings.home, ann, number)
    found = outbox.one(pacs)
    assert (found.state, found.attempts, archive.kept) == (QUEUED, 0, [])
    assert "is to be read first" in found.said
    outbox.one(pacs, days=4)
    recording.submit(outbox.settings.home, ann, form(outbox.settings, image))
    found = outbox.one(pacs, minutes=1)
    assert (found.state, found.attempts) == (ACCEPTED, 1)
    assert len(archive.kept) == 1


def test_where_a_revision_asks_for_a_third_reader_the_opinion_waits_for_them(outbox, archive, port, image):
    is_read(outbox, image, Mode.SECOND_READER, readers=2)
    (ann, _), (ben, _), (cay, _) = reader(outbox), reader(outbox, "ben"), reader(outbox, "cay")
    number = read(outbox, image, ann)
    read(outbox, image, ben)
    pacs = outbox.to(port)
    recording.revise(outbox.settings.home, ann, number, form(outbox.settings, image, agrees=False))
    assert outbox.one(pacs).state is QUEUED
    assert archive.kept == []
    read(outbox, image, cay)
    assert outbox.one(pacs, minutes=1).state is ACCEPTED


def test_what_no_rule_lets_leave_any_more_stays_and_goes_again_where_one_does(outbox, archive, port):
    pacs = outbox.to(port)
    home = outbox.settings.home
    (rule,) = connecting.all_rules(home, COMMAND_LINE)
    connecting.remove_rule(home, COMMAND_LINE, rule.id)
    found = outbox.one(pacs)
    assert (found.state, archive.kept) == (DEAD, [])
    assert "add one, and send it again" in found.said
    connecting.add_rule(home, COMMAND_LINE, Rule(pacs, (Answer.REPORT,)))
    connecting.send_again(home, COMMAND_LINE, [found.id])
    assert outbox.one(pacs, minutes=1).state is ACCEPTED


def test_a_readers_word_waits_until_they_can_not_take_it_back_and_is_gone_where_they_do(outbox, archive, port, image):
    home, (ann, token) = outbox.settings.home, reader(outbox)
    number = read(outbox, image, ann)
    pacs = outbox.to(port, answers=(Answer.ASSESSMENT,))
    found = outbox.one(pacs)
    assert (found.state, found.said) == (QUEUED, "its reader may take back the read until they sign out")
    recording.undo(home, ann, number)
    assert outbox.deliver(pacs, minutes=1) == []
    read(outbox, image, ann, agrees=False)
    assert outbox.one(pacs, minutes=1).state is QUEUED
    assert archive.kept == []
    signs_out(outbox, token)
    assert outbox.one(pacs, minutes=1).state is ACCEPTED
    assert len(archive.kept) == 1


def test_who_does_nothing_for_long_is_signed_out_and_their_word_leaves(outbox, archive, port, image):
    ann, _ = reader(outbox)
    number = read(outbox, image, ann)
    pacs = outbox.to(port, answers=(Answer.ASSESSMENT,))
    assert outbox.one(pacs).state is QUEUED
    assert outbox.one(pacs, minutes=LIMITS.idle_minutes + 1).state is ACCEPTED
    with pytest.raises(NotAllowed, match="until you sign out"):
        recording.undo(outbox.settings.home, ann, number)


@pytest.mark.parametrize("release", [Release.AS_READ, Release.AT_ONCE])
def test_what_the_first_of_two_readers_says_of_the_opinion_waits_for_the_second(outbox, archive, port, image, release):
    is_read(outbox, image, Mode.CONCURRENT, readers=2)
    (ann, _), (ben, token) = reader(outbox), reader(outbox, "ben")
    pacs = outbox.to(port, answers=(Answer.ASSESSMENT,), release=release)
    read(outbox, image, ann)
    assert outbox.deliver(pacs) == []
    read(outbox, image, ben)
    signs_out(outbox, token)
    assert {each.state for each in outbox.deliver(pacs, minutes=1)} == {ACCEPTED}
    assert len(archive.kept) == 2
