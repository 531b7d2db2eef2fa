"""Which answers go where, and when they may leave: by the rules, and by how an image is read."""

from datetime import datetime

import pytest

from cxr_core import clock
from cxr_core.records import Answer, Label, Mode, Release, Status
from cxr_core.store import deliveries, destinations, predictions, reads
from cxr_core.store.db import opened
from cxr_core.store.destinations import Rule
from cxr_core.store.migrations import migrate
from cxr_core.work.hospital import answering
from tests.store.exchanged import add_arrival, add_destination, add_sender
from tests.store.rows import add_image, add_model, add_user, opinion

BOTH = (Answer.CAPTURE, Answer.REPORT)


@pytest.fixture
def db(tmp_path):
    migrate(tmp_path / "home")
    with opened(tmp_path / "home") as database:
        add_model(database)
        yield database


@pytest.fixture
def sender(db):
    return add_sender(db)


@pytest.fixture
def pacs(db):
    return add_destination(db)


def come(db, sender, number=1, mode=Mode.CONCURRENT, said=None, readers=1, **more):
    """An X-ray that came over the network and was judged."""
    image = add_image(db, number)
    db.execute("UPDATE images SET mode = ?, readers = ?, slots_open = ? WHERE id = ?", (mode, readers, readers, image))
    predictions.add(db, image, "first", said or opinion())
    return add_arrival(db, sender, number, image=image, **more)


def read(db, image, **more):
    """A final read that agrees with what was seen; returns its number."""
    said = predictions.on(db, image)[-1]
    row = {
        "image": image, "reader": more.pop("reader", None) or add_user(db, f"reader {clock.stamp()}").id,
        "prediction": said["id"], "label": "Pneumonia", "agrees": 1, "reason": None, "comment": "", "regions": (),
        "seen": "directly", "final": 1, "slot": reads.next_slot(db, image), "supersedes": None, "seconds": 1.0,
        "made_at": clock.stamp(), **more,
    }  # fmt: skip
    return reads.add(db, row)


def queued(db):
    """Kind and arrival of each delivery, oldest first."""
    return [(each.answer, each.arrival) for each in reversed(deliveries.newest(db, 100))]


def test_without_a_rule_nothing_leaves(db, sender, pacs):
    assert answering.answer(db, come(db, sender)) == 0


def test_what_a_rule_names_is_queued_once(db, sender, pacs):
    destinations.add_rule(db, Rule(pacs, BOTH))
    arrival = come(db, sender)
    assert answering.answer(db, arrival) == 2
    assert answering.answer(db, arrival) == 0
    assert queued(db) == [(Answer.CAPTURE, arrival.id), (Answer.REPORT, arrival.id)]
    assert {each.model for each in deliveries.newest(db, 10)} == {"first"}


def test_two_rules_for_one_destination_do_not_send_twice(db, sender, pacs):
    for _ in range(2):
        destinations.add_rule(db, Rule(pacs, BOTH))
    assert answering.answer(db, come(db, sender)) == 2


@pytest.mark.parametrize(("release", "mode", "at_once", "once_read"), [
    (Release.AS_READ, Mode.CONCURRENT, True, True),
    (Release.AS_READ, Mode.SECOND_READER, False, True),
    (Release.AS_READ, Mode.BLINDED, False, False),
    (Release.AT_ONCE, Mode.SECOND_READER, True, True),
    (Release.AT_ONCE, Mode.BLINDED, True, True),
    (Release.AFTER_READ, Mode.CONCURRENT, False, True),
    (Release.AFTER_READ, Mode.BLINDED, False, True),
    (Release.NEVER, Mode.CONCURRENT, False, False),
])  # fmt: skip
def test_an_answer_leaves_when_the_rule_and_the_way_of_reading_let_it(
    db, sender, pacs, release, mode, at_once, once_read
):
    destinations.add_rule(db, Rule(pacs, (Answer.REPORT,), release))
    arrival = come(db, sender, mode=mode)
    assert bool(answering.answer(db, arrival)) is at_once
    read(db, arrival.image)
    answering.answer_image(db, arrival.image)
    assert bool(queued(db)) is once_read


def test_of_two_readers_the_first_ones_read_is_not_enough(db, sender, pacs):
    destinations.add_rule(db, Rule(pacs, (Answer.REPORT,)))
    arrival = come(db, sender, mode=Mode.SECOND_READER, readers=2)
    read(db, arrival.image)
    assert answering.answer_image(db, arrival.image) == 0
    read(db, arrival.image)
    assert answering.answer_image(db, arrival.image) == 1


@pytest.mark.parametrize(("asked", "fits"), [
    ({}, True), ({"modality": "DX"}, True), ({"modality": "CR"}, False), ({"device": "device-1"}, True),
    ({"device": "device-2"}, False), ({"label": Label.PNEUMONIA}, True), ({"label": Label.NORMAL}, False),
])  # fmt: skip
def test_a_rule_is_about_what_it_names(db, sender, pacs, asked, fits):
    destinations.add_rule(db, Rule(pacs, BOTH, **asked))
    assert bool(answering.answer(db, come(db, sender))) is fits


def test_a_rule_is_about_its_sender(db, sender, pacs):
    other = add_sender(db, "Ward", "WARD")
    destinations.add_rule(db, Rule(pacs, BOTH, sender=other))
    assert answering.answer(db, come(db, sender, 1)) == 0
    assert answering.answer(db, come(db, other, 2)) == 2


@pytest.mark.parametrize(("hours", "at", "fits"), [
    ((8, 18), 8, True), ((8, 18), 17, True), ((8, 18), 18, False), ((18, 7), 23, True), ((18, 7), 6, True),
    ((18, 7), 7, False), ((0, 24), 0, True),
])  # fmt: skip
def test_a_rule_holds_for_its_hours_in_the_machines_time_over_midnight_too(db, sender, pacs, hours, at, fits):
    with clock.at(datetime(2026, 3, 4, at, 30).astimezone()):
        arrival = come(db, sender)
    destinations.add_rule(db, Rule(pacs, BOTH, hours=hours))
    assert bool(answering.answer(db, arrival)) is fits


def test_what_is_not_analysed_is_reported_and_nothing_else(db, sender, pacs):
    destinations.add_rule(db, Rule(pacs, tuple(Answer)))
    image = add_image(db)
    predictions.add_not_analysed(db, image, "first", ["It is a lateral view."], ["view"])
    arrival = add_arrival(db, sender, image=image)
    answering.answer(db, arrival)
    assert queued(db) == [(Answer.REPORT, arrival.id)]
    assert answering.known_of(db, arrival).said["status"] == Status.NOT_ANALYSED


def test_what_could_not_be_taken_in_is_reported_at_once(db, sender, pacs):
    destinations.add_rule(db, Rule(pacs, BOTH))
    answering.answer(db, add_arrival(db, sender))
    ((kind, _),) = queued(db)
    assert kind is Answer.REPORT and deliveries.newest(db, 1)[0].model is None


@pytest.mark.parametrize(
    ("label", "marked"), [(Label.PNEUMONIA, True), (Label.NORMAL, False), (Label.UNCERTAIN, False)]
)
def test_a_contour_is_sent_where_there_is_a_finding(db, sender, pacs, label, marked):
    destinations.add_rule(db, Rule(pacs, (Answer.PRESENTATION,)))
    assert bool(answering.answer(db, come(db, sender, said=opinion(label=label)))) is marked


def test_what_a_reader_says_goes_back_where_they_had_seen_the_opinion(db, sender, pacs):
    destinations.add_rule(db, Rule(pacs, (Answer.ASSESSMENT,)))
    arrival = come(db, sender)
    assert answering.answer(db, arrival) == 0
    number = read(db, arrival.image)
    assert answering.answer_image(db, arrival.image) == 1
    assert deliveries.newest(db, 1)[0].read == number
    revised = read(db, arrival.image, supersedes=number, slot=1)
    assert answering.answer_image(db, arrival.image) == 1
    assert deliveries.newest(db, 1)[0].read == revised


def test_what_a_reader_says_who_had_seen_nothing_is_no_assessment(db, sender, pacs):
    destinations.add_rule(db, Rule(pacs, (Answer.ASSESSMENT,), Release.AFTER_READ))
    arrival = come(db, sender, mode=Mode.BLINDED)
    read(db, arrival.image, seen="nothing")
    assert answering.answer_image(db, arrival.image) == 0


def test_a_new_versions_opinion_is_an_answer_of_its_own(db, sender, pacs):
    destinations.add_rule(db, Rule(pacs, (Answer.REPORT,)))
    arrival = come(db, sender)
    answering.answer(db, arrival)
    predictions.add(db, arrival.image, add_model(db, "second"), opinion())
    assert answering.answer_image(db, arrival.image) == 1
    assert deliveries.newest(db, 1)[0].model == "second"
