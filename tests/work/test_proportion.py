"""A destination is held by what the model says of all that comes from where its rules look, whatever is sent there."""

import pytest

from cxr_core.records import Answer, Label
from cxr_core.store import deliveries, destinations, predictions
from cxr_core.store.db import opened, transaction
from cxr_core.store.destinations import Rule
from cxr_core.store.migrations import migrate
from cxr_core.work.hospital.proportion import LATELY, objection
from tests.store.exchanged import add_arrival, add_delivery, add_destination, add_sender
from tests.store.rows import add_image, add_model, opinion

ILL, WELL = Label.PNEUMONIA, Label.NORMAL
ROOM = 1


@pytest.fixture
def db(tmp_path):
    migrate(tmp_path / "home")
    with opened(tmp_path / "home") as db:
        add_model(db)
        add_sender(db)
        add_sender(db, "Other room")
        yield db


def came(db, labels, to=None, answer=Answer.REPORT, sent=lambda label: True, **more):
    """X-rays came on which these are the opinions; the answers to those that were `sent` are there."""
    first = next_number(db)
    with transaction(db):
        for number, label in enumerate(labels, start=first):
            image = add_image(db, number)
            predictions.add(db, image, "first", opinion(label=label))
            arrival = add_arrival(db, more.get("sender", ROOM), number, image, device=more.get("device", "device-1"))
            if to is not None and sent(label):
                deliveries.verified(db, add_delivery(db, arrival, to, answer), "it is there")


def next_number(db):
    return db.execute("SELECT count(*) + 1 FROM images").fetchone()[0]


def destination(db, answers=(Answer.REPORT,), **rule):
    number = add_destination(db)
    destinations.add_rule(db, Rule(number, answers, **rule))
    return number


def why(db, number):
    return objection(db, destinations.get(db, number))


def test_what_gets_only_positives_by_its_rule_is_not_held_for_that(db):
    pacs = destination(db, label=ILL)
    came(db, [ILL, WELL, WELL, WELL] * 2 * LATELY, pacs, sent=lambda label: label is ILL)
    assert why(db, pacs) is None


def test_what_gets_only_positives_by_its_rule_is_held_when_all_that_comes_is_positive(db):
    pacs = destination(db, label=ILL)
    came(db, [ILL, WELL, WELL, WELL] * LATELY + [ILL] * LATELY, pacs, sent=lambda label: label is ILL)
    assert f"{LATELY} of the last {LATELY} opinions were Pneumonia, where 25% are usual" in why(db, pacs)


@pytest.mark.parametrize("answer", Answer)
def test_whatever_is_sent_of_too_many_positives_is_held(db, answer):
    pacs = destination(db, (answer,))
    came(db, [ILL] * LATELY, pacs, answer)
    assert "where 50% are usual" in why(db, pacs)


@pytest.mark.parametrize(("rule", "source"), [
    ({"sender": 2}, {"sender": ROOM}), ({"device": "device-2"}, {"device": "device-1"}), ({"modality": "CR"}, {}),
])  # fmt: skip
def test_what_comes_from_elsewhere_holds_nothing(db, rule, source):
    pacs = destination(db, **rule)
    came(db, [ILL] * LATELY, **source)
    assert why(db, pacs) is None
    destinations.add_rule(db, Rule(pacs, (Answer.REPORT,)))
    assert why(db, pacs) is not None


def test_what_waits_by_a_rule_that_was_removed_is_held_by_all_that_comes(db):
    pacs = destination(db, sender=2)
    came(db, [ILL] * LATELY, sender=ROOM)
    destinations.remove_rule(db, 1)
    assert why(db, pacs) is not None


def test_who_lets_it_go_on_has_seen_what_came_before(db):
    pacs = destination(db)
    came(db, [ILL] * LATELY)
    destinations.hold(db, pacs, "too many")
    destinations.go_on(db, pacs)
    assert why(db, pacs) is None
    came(db, [ILL] * (LATELY - 1))
    assert why(db, pacs) is None
    came(db, [ILL])
    assert why(db, pacs) is not None


def steps(db, number):
    """How many thousand steps SQLite takes for the question."""
    taken = []
    db.conn.set_progress_handler(lambda: taken.append(1) and None, 1000)
    why(db, number)
    db.conn.set_progress_handler(None, 0)
    return len(taken)


def test_a_long_ledger_makes_the_question_no_dearer(db):
    pacs = destination(db)
    came(db, [WELL] * 1100, pacs)
    before = steps(db, pacs)
    came(db, [WELL] * 2200, pacs)
    assert 0 < steps(db, pacs) < 1.5 * before
