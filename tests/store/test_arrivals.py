"""What came over the network is noted once, and goes with its patient."""

import sqlite3
from datetime import UTC, datetime

import pytest

from cxr_core import clock
from cxr_core.store import arrivals, deliveries, images
from tests.store.exchanged import add_arrival, add_delivery, add_destination, add_sender
from tests.store.rows import add_image, add_model


@pytest.fixture
def sender(db):
    add_model(db)
    return add_sender(db)


def test_an_object_that_comes_twice_is_noted_once(db, sender):
    image = add_image(db)
    assert add_arrival(db, sender, image=image).image == image
    assert add_arrival(db, sender, image=image) is None
    assert len(arrivals.of_image(db, image)) == 1


def test_what_was_refused_is_noted_anew_once_it_is_taken_in_and_no_other_time(db, sender):
    refused, image = add_arrival(db, sender), add_image(db)
    assert add_arrival(db, sender, refused="again") is None
    taken = add_arrival(db, sender, image=image, envelope=b"another")
    assert (taken.id, taken.image, taken.refused, taken.envelope) == (refused.id, image, None, b"another")
    assert add_arrival(db, sender, image=image) is None
    assert add_arrival(db, sender) is None
    assert arrivals.get(db, refused.id) == taken


def test_one_image_may_come_as_two_objects(db, sender):
    image = add_image(db)
    first, second = add_arrival(db, sender, 1, image=image), add_arrival(db, sender, 2, image=image)
    assert arrivals.of_image(db, image) == [first, second]


def test_an_arrival_is_an_image_or_was_refused_and_never_both_or_neither(db, sender):
    with pytest.raises(sqlite3.IntegrityError):
        add_arrival(db, sender, image=add_image(db), refused="why")
    with pytest.raises(sqlite3.IntegrityError):
        add_arrival(db, sender, refused=None)


def test_with_a_patient_go_their_arrivals_envelopes_and_deliveries_and_no_others(db, sender):
    images_here = [add_image(db, number) for number in (1, 2)]
    kept, gone = (
        add_arrival(db, sender, number, image=image)
        for number, image in zip((2, 1), reversed(images_here), strict=True)
    )
    refused = add_arrival(db, sender, 3, patient="patient-1")
    pacs = add_destination(db)
    for arrival in (kept, gone, refused):
        add_delivery(db, arrival, pacs)
    assert arrivals.said_of(db, "patient-1") == {"deliveries": 2, "arrivals": 2}
    foretold = images.said_of(db, "patient-1")
    assert images.erase(db, "patient-1") == foretold
    assert [arrival.id for arrival in arrivals.since(db, "")] == [kept.id]
    assert [delivery.arrival for delivery in deliveries.newest(db, 10)] == [kept.id]


def test_what_came_is_counted_by_sender_and_device(db, sender):
    other = add_sender(db, "Ward", "WARD")
    add_arrival(db, sender, 1, image=add_image(db, 1))
    add_arrival(db, sender, 2, image=add_image(db, 2))
    add_arrival(db, other, 3)
    found = [(row["sender"], row["came"], row["refused"]) for row in arrivals.by_device(db, "")]
    assert found == [("CT router", 2, 0), ("Ward", 1, 1)]
    assert arrivals.by_device(db, "2999") == []


def test_what_came_is_counted_by_hour(db, sender):
    for number, hour in enumerate((9, 9, 11), 1):
        with clock.at(datetime(2026, 3, 1, hour, 59, tzinfo=UTC)):
            add_arrival(db, sender, number)
    assert arrivals.by_hour(db, "2026-03-01T10") == {"2026-03-01T11": 1}
    assert arrivals.by_hour(db, "2026-03-01") == {"2026-03-01T09": 2, "2026-03-01T11": 1}


def test_devices_and_modalities_are_listed_once_and_what_has_none_is_left_out(db, sender):
    for number, device in enumerate(("device-2", "device-1", "device-2", None), 1):
        add_arrival(db, sender, number, device=device)
    assert arrivals.kinds(db, "device") == ["device-1", "device-2"]
    assert arrivals.kinds(db, "modality") == ["DX"]


def test_the_images_of_arrivals_are_found_in_one_query_and_those_of_the_refused_are_none(db, sender):
    image = add_image(db)
    taken, refused = add_arrival(db, sender, 1, image=image), add_arrival(db, sender, 2)
    assert arrivals.became(db, {taken.id, refused.id}) == {taken.id: (image, None), refused.id: (None, refused.refused)}


def test_which_objects_have_come_is_told_by_their_names(db, sender):
    add_arrival(db, sender, 1)
    add_arrival(db, sender, 2)
    assert arrivals.known(db, ["object-1", "object-3", "object-2"]) == {"object-1", "object-2"}
    assert arrivals.known(db, []) == set()
