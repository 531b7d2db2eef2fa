"""Counting reads as they come: each once, in the place of what it supersedes, and what was said unaided for good."""

from __future__ import annotations

import pytest

from cxr_core.drift.catalogue import FLAGS, OTHER
from cxr_core.drift.tally import JUDGEMENT_LAYOUT
from cxr_core.records import Label, Mode, Reason
from cxr_core.store.db import opened, transaction
from cxr_core.store.tallies import readers_of
from cxr_core.work import accounts
from cxr_core.work.drift import freezing, recounting
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.privacy import erasing
from cxr_core.work.reading_room import recording
from cxr_core.work.reading_room.recording import ReadForm
from tests.work.reading_rooms import PROBABILITY, put, read, said
from tests.work.sites import add_user, new_home, query


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


@pytest.fixture
def cleo(settings):
    return add_user(settings, name="cleo")


def total(settings):
    found = JUDGEMENT_LAYOUT.nothing()
    for row in query(settings, "SELECT counts FROM tallies WHERE model LIKE ?", readers_of("%")):
        found = found + JUDGEMENT_LAYOUT.from_bytes(row["counts"])
    return found


def told(settings):
    """How often each word was counted; those that nobody said are left out."""
    found = total(settings)
    return {
        f"{signal.name}: {word}": int(count)
        for signal in JUDGEMENT_LAYOUT.signals
        for word, count in zip(signal.words, JUDGEMENT_LAYOUT.of(found, signal.name), strict=False)
        if count
    }


def revise(settings, user, number, image, label, reason=None):
    return recording.revise(settings.home, user, number, ReadForm(image, said(settings, image), label, reason))


def test_every_reason_has_a_word_of_its_own():
    assert FLAGS[1:-1] == tuple(reason.value for reason in Reason) and FLAGS[-1] == OTHER


def test_a_read_beside_the_opinion_is_counted_with_its_reason(settings, ann):
    read(settings, ann, put(settings, 1), Label.NORMAL, Reason.SMALL)
    read(settings, ann, put(settings, 2), Label.PNEUMONIA)
    assert told(settings) == {
        "agreed: agreed": 1, "agreed: disagreed": 1, "flagged for: not flagged": 1, "flagged for: small finding": 1,
    }  # fmt: skip


def test_a_revision_takes_the_place_of_the_read_and_undoing_takes_it_away(settings, ann):
    image = put(settings)
    number = read(settings, ann, image, Label.NORMAL, Reason.SMALL)
    revise(settings, ann, number, image, Label.PNEUMONIA)
    assert told(settings) == {"agreed: agreed": 1, "flagged for: not flagged": 1}
    accounts.sign_in(settings, "ann", "a long password")
    other = read(settings, ann, put(settings, 2), Label.NORMAL, Reason.SMALL)
    recording.undo(settings.home, ann, other)
    assert told(settings) == {"agreed: agreed": 1, "flagged for: not flagged": 1}


def test_what_was_found_unaided_judges_the_model_whatever_is_said_later(settings, ann):
    image = put(settings, mode=Mode.SECOND_READER)
    read(settings, ann, image, Label.NORMAL)
    assert told(settings) == {"of the healthy: Pneumonia": 1}
    read(settings, ann, image, Label.PNEUMONIA)
    assert told(settings) == {"of the healthy: Pneumonia": 1, "agreed: agreed": 1, "flagged for: not flagged": 1}


def test_what_blinded_readers_found_is_one_finding_and_none_while_they_differ(settings, ann, ben, cleo):
    image = put(settings, mode=Mode.BLINDED, readers=2)
    number = read(settings, ann, image, Label.PNEUMONIA)
    assert told(settings) == {"of the ill: Pneumonia": 1}
    read(settings, ben, image, Label.NORMAL)
    assert told(settings) == {}
    read(settings, cleo, image, Label.NORMAL)
    assert told(settings) == {"of the healthy: Pneumonia": 1}
    recording.revise(settings.home, ann, number, ReadForm(image, None, Label.NORMAL))
    assert told(settings) == {"of the healthy: Pneumonia": 1}
    left_over = JUDGEMENT_LAYOUT.of(total(settings), "left over")[:-1]
    grid = next(signal.grid for signal in JUDGEMENT_LAYOUT.signals if signal.name == "left over")
    assert left_over.tolist() == grid.counts([-PROBABILITY]).tolist()


def test_counting_all_at_once_gives_the_same_counts(settings, ann, ben):
    read(settings, ann, put(settings, 1), Label.NORMAL, Reason.SMALL)
    second, third = put(settings, 2, mode=Mode.SECOND_READER), put(settings, 3, mode=Mode.BLINDED, readers=2)
    read(settings, ann, second, Label.NORMAL)
    number = read(settings, ann, second, Label.PNEUMONIA)
    revise(settings, ann, number, second, Label.NORMAL, Reason.ROTATION)
    for user in (ann, ben):
        read(settings, user, third, Label.PNEUMONIA)
    before = total(settings)
    assert JUDGEMENT_LAYOUT.of(before, "agreed").sum() == 2 and JUDGEMENT_LAYOUT.of(before, "of the ill").sum() == 1
    with opened(settings.home) as db, transaction(db):
        db.execute("DELETE FROM site WHERE name = ?", (recounting.COUNTED,))
        recounting.count_what_was_there(db)
    assert (total(settings) == before).all()


def test_what_is_erased_is_taken_back_and_nothing_else(settings, ann):
    read(settings, ann, put(settings, 1), Label.PNEUMONIA)
    before = total(settings)
    hers = put(settings, 2, mode=Mode.SECOND_READER)
    read(settings, ann, hers, Label.NORMAL)
    read(settings, ann, hers, Label.NORMAL, Reason.SMALL)
    erasing.erase(settings.home, COMMAND_LINE, "patient 2", "asked for")
    assert (total(settings) == before).all() and before.any()


def test_a_read_that_is_not_stored_is_not_counted(settings, ann):
    image = put(settings)
    with opened(settings.home) as db:
        db.execute("CREATE TRIGGER no BEFORE INSERT ON reads BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(Exception, match="no"):
        read(settings, ann, image, Label.PNEUMONIA)
    assert told(settings) == {}


def test_what_readers_made_of_a_references_images_is_frozen_with_them(settings, ann, admin):
    for number in range(freezing.FEWEST):
        image = put(settings, number, device="tube", view="PA", appearance={"mean": 0.5})
        if number < 40:
            read(
                settings,
                ann,
                image,
                Label.PNEUMONIA if number % 4 else Label.NORMAL,
                None if number % 4 else Reason.SMALL,
            )
    freezing.freeze(settings.home, admin, "a test")
    (row,) = query(settings, "SELECT * FROM reference_tallies WHERE model LIKE ?", readers_of("%"))
    kept = JUDGEMENT_LAYOUT.from_bytes(row["counts"])
    assert (row["images"], JUDGEMENT_LAYOUT.of(kept, "agreed").tolist()) == (40, [30, 10, 0])
