"""The ledger as an admin looks through it, and what was given up sent again."""

import pytest

from cxr_core.errors import NotFound
from cxr_core.records import Answer, DeliveryState
from cxr_core.store import audit, deliveries
from cxr_core.store.db import opened
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting, ledger
from tests.store.exchanged import add_arrival, add_delivery, add_destination, add_sender
from tests.store.rows import add_image
from tests.work.sites import new_home


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path).home


@pytest.fixture
def image(home):
    """One whose report PACS has, and that came with an object that could not be taken in, whose report is dead."""
    with opened(home) as db:
        sender, pacs, image = add_sender(db), add_destination(db), add_image(db)
        taken, refused = add_arrival(db, sender, 1, image=image), add_arrival(db, sender, 2, refused="It is a CT.")
        deliveries.verified(db, add_delivery(db, taken, pacs, model=None), "it is there")
        deliveries.dead(db, add_delivery(db, refused, pacs, model=None), "no such study")
    return image


def test_an_entry_names_the_destination_and_the_image_that_it_is_about_or_why_there_is_none(home, image):
    found = ledger.entries(home, COMMAND_LINE, 10)
    assert [(each.destination, each.image, each.refused, each.delivery.state) for each in found] == [
        ("PACS", None, "It is a CT.", DeliveryState.DEAD), ("PACS", image, None, DeliveryState.VERIFIED),
    ]  # fmt: skip


def test_entries_are_narrowed_and_a_destination_that_was_removed_keeps_its_name(home, image):
    assert [each.image for each in ledger.entries(home, COMMAND_LINE, 10, DeliveryState.VERIFIED, "PACS")] == [image]
    connecting.remove_destination(home, COMMAND_LINE, "PACS")
    assert {each.destination for each in ledger.entries(home, COMMAND_LINE, 10)} == {"PACS"}
    with pytest.raises(NotFound, match="no destination called PACS"):
        ledger.entries(home, COMMAND_LINE, 10, destination="PACS")


def test_all_that_died_of_one_reason_is_sent_again_and_that_is_on_record(home, image):
    with opened(home) as db:
        other = add_delivery(db, add_arrival(db, 1, 3), 1, Answer.CAPTURE, None)
        deliveries.dead(db, other, "too large")
    found = {each.said: each for each in ledger.dead_letters(home, COMMAND_LINE)}
    assert {said: (each.name, each.many) for said, each in found.items()} == {
        "no such study": ("PACS", 1), "too large": ("PACS", 1),
    }  # fmt: skip
    assert ledger.send_all_again(home, COMMAND_LINE, found["too large"].destination, "too large") == 1
    assert [each.said for each in ledger.dead_letters(home, COMMAND_LINE)] == ["no such study"]
    with opened(home) as db:
        assert audit.verify(db)
        assert db.execute("SELECT subject FROM audit ORDER BY id DESC").fetchone() == ("1 deliveries",)
