"""No case is read by too many, two who differ are decided by a third, and a read can be taken back."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.errors import Conflict, NotAllowed
from cxr_core.records import Label, Mode, Reason
from cxr_core.store import claims
from cxr_core.work import accounts
from cxr_core.work.drift import monitoring
from cxr_core.work.reading_room import recording, reviewing
from cxr_core.work.reading_room.recording import ReadForm
from cxr_core.work.reading_room.reviewing import Filters, Show, Stage
from tests.work.reading_rooms import put, read, said
from tests.work.sites import add_user, new_home, query


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def test_a_case_that_somebody_has_open_is_offered_to_nobody_else(settings, ann, ben):
    image, other = put(settings, 1), put(settings, 2)
    assert recording.claim(settings.home, ann, image)
    assert reviewing.next_case(settings.home, ben) == other
    assert reviewing.counts(settings.home, ben)["waiting"] == 1
    assert not recording.claim(settings.home, ben, image)
    assert reviewing.case(settings.home, ben, image).stage is Stage.TAKEN
    with pytest.raises(Conflict, match="no more readers"):
        read(settings, ben, image, Label.PNEUMONIA)
    assert reviewing.next_case(settings.home, ann) == image


def test_a_claim_ends_by_itself_or_when_its_reader_goes_on_records_or_signs_out(settings, ann, ben):
    first, second, third, fourth = (put(settings, number) for number in range(1, 5))
    with clock.at(clock.now() - timedelta(minutes=claims.LEASE_MINUTES, seconds=1)):
        recording.claim(settings.home, ann, first)
    assert recording.claim(settings.home, ben, first)
    recording.claim(settings.home, ann, second)
    recording.claim(settings.home, ann, third, leaving=[second])
    assert recording.claim(settings.home, ben, second)
    assert not recording.claim(settings.home, ben, third)
    read(settings, ann, third, Label.PNEUMONIA)
    assert query(settings, "SELECT image FROM claims WHERE reader = ?", ann.id) == []
    recording.claim(settings.home, ann, fourth)
    token = accounts.sign_in(settings, "ann", "a long password")
    accounts.sign_out(settings, token)
    assert recording.claim(settings.home, ben, fourth)


def test_of_fifty_readers_at_once_one_records_the_first_read(settings):
    image = put(settings)
    readers = [add_user(settings, name=f"reader {number}") for number in range(50)]
    form, begin, done = ReadForm(image, said(settings, image), Label.PNEUMONIA), threading.Barrier(50), []

    def record(user):
        begin.wait()
        with suppress(Conflict):
            done.append(recording.submit(settings.home, user, form))

    threads = [threading.Thread(target=record, args=(user,)) for user in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert query(settings, "SELECT id FROM reads") == [{"id": done[0]}]


def test_of_many_who_go_on_at_once_each_gets_a_case_of_their_own(settings):
    first, *others = (put(settings, number) for number in range(1, 7))
    readers = [add_user(settings, name=f"reader {number}") for number in range(6)]
    begin, got = threading.Barrier(6), []

    def go_on(user):
        begin.wait()
        got.append(recording.take_next(settings.home, user, first))

    threads = [threading.Thread(target=go_on, args=(user,)) for user in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(filter(None, got)) == sorted(others)
    assert got.count(None) == 1
    assert len(query(settings, "SELECT * FROM claims")) == 5


def test_a_first_opinion_whose_claim_lapsed_gives_way_to_who_read_meanwhile(settings, ann, ben):
    image = put(settings, mode=Mode.SECOND_READER)
    read(settings, ann, image, Label.NORMAL)
    recording.claim(settings.home, ann, put(settings, 2), leaving=[image])
    for _ in range(2):
        read(settings, ben, image, Label.PNEUMONIA)
    assert reviewing.case(settings.home, ann, image).stage is Stage.TAKEN
    assert not recording.claim(settings.home, ann, image)
    with pytest.raises(Conflict, match="no more readers"):
        read(settings, ann, image, Label.PNEUMONIA)
    assert query(settings, "SELECT label FROM current_reads WHERE final") == [{"label": "Pneumonia"}]


def test_where_two_read_each_finds_their_own_read_on_the_list(settings, ann, ben, admin):
    image = put(settings, readers=2)
    read(settings, ann, image, Label.NORMAL, Reason.SMALL)
    read(settings, ben, image, Label.PNEUMONIA)
    labels = [
        reviewing.waiting_list(settings.home, user, Filters(Show.ALL))[0]["read_label"] for user in (ann, ben, admin)
    ]
    assert labels == ["Normal", "Pneumonia", "Pneumonia"]


@pytest.mark.parametrize(("second", "wanted"), [(Label.PNEUMONIA, 0), (Label.NORMAL, 1)])
def test_two_read_and_where_they_differ_a_third_decides(settings, ann, ben, second, wanted):
    image = put(settings, mode=Mode.BLINDED, readers=2)
    cid, dan = add_user(settings, name="cid"), add_user(settings, name="dan")
    read(settings, ann, image, Label.PNEUMONIA)
    assert reviewing.counts(settings.home, ann)["waiting"] == 0
    assert reviewing.counts(settings.home, ben)["waiting"] == 1
    read(settings, ben, image, second)
    assert reviewing.counts(settings.home, cid)["waiting"] == wanted
    if wanted:
        read(settings, cid, image, Label.NORMAL)
    with pytest.raises(Conflict):
        read(settings, dan, image, Label.NORMAL)
    assert query(settings, "SELECT slots_open FROM images") == [{"slots_open": 0}]


def test_two_may_read_at_the_same_time_and_a_third_may_not(settings, ann, ben):
    image = put(settings, mode=Mode.BLINDED, readers=2)
    assert recording.claim(settings.home, ann, image)
    assert recording.claim(settings.home, ben, image)
    assert not recording.claim(settings.home, add_user(settings, name="cid"), image)


def test_time_without_a_hand_that_moves_is_not_counted(settings, ann):
    image, start = put(settings), clock.now()
    moments = [0, 15, 30, 600, 615]  # the reader was called away for nearly ten minutes
    for number, after in enumerate(moments):
        with clock.at(start + timedelta(seconds=after)):
            recording.beat(settings.home, ann, image) if number else recording.claim(settings.home, ann, image)
    with clock.at(start + timedelta(seconds=618)):
        read(settings, ann, image, Label.PNEUMONIA)
    (spent,) = query(settings, "SELECT seconds FROM reads")
    assert spent["seconds"] == pytest.approx(15 + 15 + claims.IDLE_SECONDS + 15 + 3)


def test_a_second_readers_two_opinions_are_timed_apart(settings, ann):
    image, start = put(settings, mode=Mode.SECOND_READER), clock.now()
    with clock.at(start):
        recording.claim(settings.home, ann, image)
    for after, label in ((10, Label.NORMAL), (14, Label.PNEUMONIA)):
        with clock.at(start + timedelta(seconds=after)):
            read(settings, ann, image, label)
    assert [row["seconds"] for row in query(settings, "SELECT seconds FROM reads ORDER BY id")] == [10, 4]


def signed_in(settings, name):
    return accounts.sign_in(settings, name, "a long password")


def test_a_read_is_taken_back_until_its_reader_signs_out(settings, ann, ben):
    image = put(settings)
    token = signed_in(settings, "ann")
    number = read(settings, ann, image, Label.PNEUMONIA)
    with pytest.raises(NotAllowed, match="only its reader"):
        recording.undo(settings.home, ben, number)
    recording.undo(settings.home, ann, number)
    assert reviewing.counts(settings.home, ann) == {"waiting": 1, "read": 0, "coming": 0}
    assert reviewing.case(settings.home, ann, image).stage is Stage.OPEN
    again = read(settings, ann, image, Label.PNEUMONIA)
    assert [row["withdrawn"] for row in reviewing.history(settings.home, ann)] == [0, 1, 0]
    accounts.sign_out(settings, token)
    signed_in(settings, "ann")
    with pytest.raises(NotAllowed, match="until you sign out"):
        recording.undo(settings.home, ann, again)


def test_a_revision_is_not_taken_back(settings, ann):
    image = put(settings)
    signed_in(settings, "ann")
    number = read(settings, ann, image, Label.PNEUMONIA)
    form = ReadForm(image, said(settings, image), Label.PNEUMONIA, comment="sure")
    revision = recording.revise(settings.home, ann, number, form)
    with pytest.raises(Conflict, match="revised again"):
        recording.undo(settings.home, ann, revision)


def test_what_can_be_taken_back_is_what_was_recorded_last_and_nothing_before_a_revision(settings, ann):
    first, second = put(settings, 1), put(settings, 2)
    signed_in(settings, "ann")
    assert recording.undoable(settings.home, ann) is None
    numbers = [read(settings, ann, image, Label.PNEUMONIA) for image in (first, second)]
    assert recording.undoable(settings.home, ann).read == numbers[1]
    recording.undo(settings.home, ann, numbers[1])
    assert recording.undoable(settings.home, ann).image == first
    form = ReadForm(first, said(settings, first), Label.PNEUMONIA, comment="sure")
    recording.revise(settings.home, ann, numbers[0], form)
    assert recording.undoable(settings.home, ann) is None


def test_a_case_that_others_have_read_since_is_not_taken_back(settings, ann, ben):
    image = put(settings, mode=Mode.BLINDED, readers=2)
    signed_in(settings, "ann")
    number = read(settings, ann, image, Label.NORMAL)
    assert recording.undoable(settings.home, ann).read == number
    read(settings, ben, image, Label.PNEUMONIA)
    assert recording.undoable(settings.home, ann) is None
    with pytest.raises(Conflict, match="others have read this case since"):
        recording.undo(settings.home, ann, number)


def test_what_was_seen_stays_seen_when_a_read_is_taken_back(settings, ann):
    image = put(settings, mode=Mode.SECOND_READER)
    signed_in(settings, "ann")
    first = read(settings, ann, image, Label.NORMAL)
    with pytest.raises(Conflict, match="first opinion stays"):
        recording.undo(settings.home, ann, first)
    recording.undo(settings.home, ann, read(settings, ann, image, Label.PNEUMONIA))
    assert reviewing.case(settings.home, ann, image).stage is Stage.OPEN
    read(settings, ann, image, Label.PNEUMONIA)
    assert query(settings, "SELECT seen FROM reads ORDER BY id DESC LIMIT 1") == [{"seen": "directly"}]


def test_what_readers_did_is_told_of_all_together_with_their_own_opinion_first(settings, ann, ben, admin):
    image = put(settings, mode=Mode.SECOND_READER, readers=2)
    read(settings, ann, image, Label.NORMAL)
    number = read(settings, ann, image, Label.PNEUMONIA)
    recording.revise(
        settings.home, ann, number, ReadForm(image, said(settings, image), Label.PNEUMONIA, comment="sure")
    )
    read(settings, ben, image, Label.NORMAL)
    blind = put(settings, 2, Mode.BLINDED)
    read(settings, ben, blind, Label.NORMAL)
    (month,) = monitoring.conduct(settings.home, admin)
    assert month.reads == 2, "a first opinion alone isn't a reader's last word"
    assert (month.towards.count, month.towards.n) == (1, 1)
    assert (month.agreed.count, month.agreed.n) == (1, 1)
    with pytest.raises(NotAllowed):
        monitoring.conduct(settings.home, ann)
