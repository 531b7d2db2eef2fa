"""Images, the patients they belong to, and the worklist over them."""

import sqlite3

import numpy as np
import pytest

from cxr_core.errors import NotFound
from cxr_core.records import Label, Side
from cxr_core.store import images, models, predictions, reads, worklist
from cxr_core.store.worklist import Narrowed
from tests.store.rows import ALL, LIST, add_image, add_model, add_user, opinion


def waiting(db, show="waiting", page=(100, 0), **parts):
    return [
        row["id"] for row in worklist.rows_of(db, ALL, LIST, Narrowed(show, limit=page[0], offset=page[1], **parts))
    ]


def read_it(db, image, reader):
    row = {"image": image, "reader": reader.id, "label": "Normal", "seconds": 1.0, "made_at": "2026"}
    return reads.add(db, row)


def test_a_patient_keeps_the_first_side(db):
    add_image(db, 1, patient="p", side=Side.LOCKED)
    second = add_image(db, 2, patient="p", side=Side.TRAIN)
    assert images.get(db, second)["side"] == Side.LOCKED


def test_a_patient_can_not_change_sides(db):
    add_image(db)
    with pytest.raises(sqlite3.IntegrityError, match="a patient never changes sides"):
        db.execute("UPDATE patients SET side = 'locked'")


def test_an_image_that_is_not_there_is_not_found(db):
    assert not images.exists(db, "0" * 64)
    with pytest.raises(NotFound, match="no image"):
        images.get(db, "0" * 64)


def test_an_image_is_stored_once(db):
    image = add_image(db)
    assert images.exists(db, image)
    with pytest.raises(sqlite3.IntegrityError):
        add_image(db)
    assert images.get(db, image)["appearance"] == {"mean": 0.5}


def test_a_model_gives_one_opinion_on_an_image(db):
    image, model = add_image(db), add_model(db)
    predictions.add(db, image, model, opinion(0.9))
    predictions.add(db, image, model, opinion(0.1, Label.NORMAL))
    assert db.execute("SELECT count(*), max(probability) FROM predictions").fetchone() == (1, 0.9)


def test_a_prediction_comes_back_as_it_was_stored(db):
    image, model = add_image(db), add_model(db)
    predictions.add(db, image, model, opinion())
    found = predictions.standing(db, image, None)
    assert np.array_equal(found["heatmap"], opinion().heatmap)
    assert np.allclose(np.frombuffer(found["embedding"], "<f2"), opinion().embedding, atol=1e-3)
    assert predictions.get(db, found["id"])["label"] == Label.PNEUMONIA


def test_why_there_is_no_opinion_is_kept(db):
    image, model = add_image(db), add_model(db)
    predictions.add_not_analysed(db, image, model, ["view LL"], ["view"])
    found = predictions.standing(db, image, None)
    assert (found["status"], found["reasons"], found["probability"]) == ("not_analysed", ["view LL"], None)
    assert found["reason_kinds"] == ["view"]


def test_the_newest_opinion_is_shown_unless_a_model_is_named(db):
    image, first, second = add_image(db), add_model(db), add_model(db, "second")
    predictions.add(db, image, first, opinion(0.2, Label.NORMAL))
    predictions.add(db, image, second, opinion(0.8))
    assert predictions.standing(db, image, None)["model"] == "second"
    assert predictions.standing(db, image, "first")["probability"] == 0.2
    assert predictions.standing(db, image, "third")["model"] == "second"


def test_the_longest_waiting_case_comes_first(db):
    later = add_image(db, 1, received_at="2026-01-02")
    sooner = add_image(db, 2, received_at="2026-01-01")
    assert waiting(db) == [sooner, later]
    assert worklist.next_waiting(db, ALL, LIST, None) == [sooner]
    assert worklist.next_waiting(db, ALL, LIST, sooner) == [later]
    assert worklist.next_waiting(db, ALL, LIST, later) == []


def test_a_read_case_leaves_the_waiting_list(db):
    reader, first, second = add_user(db), add_image(db, 1), add_image(db, 2)
    read_it(db, first, reader)
    assert (waiting(db), waiting(db, "read")) == ([second], [first])
    assert waiting(db, "all") == [second, first]
    assert worklist.counts(db, ALL) == {"waiting": 1, "read": 1, "coming": 0}
    assert worklist.next_waiting(db, ALL, LIST, None) == [second]


def test_a_case_with_many_opinions_and_reads_is_one_line(db):
    image, reader, other = add_image(db), add_user(db), add_user(db, "other")
    for name in ("first", "second"):
        predictions.add(db, image, add_model(db, name), opinion())
    for person in (reader, other):
        read_it(db, image, person)
    assert waiting(db, "all") == [image]


def test_a_case_is_listed_with_the_opinion_of_the_running_model(db):
    image = add_image(db)
    for name, label in (("first", Label.NORMAL), ("second", Label.PNEUMONIA)):
        predictions.add(db, image, add_model(db, name), opinion(0.5, label))
    assert [row["label"] for row in worklist.rows_of(db, ALL, LIST, Narrowed("all"))] == ["Pneumonia"]
    models.decide(db, "first", "roll back", "a test", None)
    assert [row["label"] for row in worklist.rows_of(db, ALL, LIST, Narrowed("all"))] == ["Normal"]
    assert waiting(db, label="Pneumonia") == []


def test_the_list_can_be_narrowed(db):
    normal, pneumonia, refused = (add_image(db, number) for number in (1, 2, 3))
    model = add_model(db)
    predictions.add(db, normal, model, opinion(0.1, Label.NORMAL))
    predictions.add(db, pneumonia, model, opinion())
    predictions.add_not_analysed(db, refused, model, ["view LL"])
    db.execute("UPDATE images SET device = 'machine', view = 'PA' WHERE id = ?", (normal,))
    db.execute("UPDATE images SET device = 'machine', view = 'AP' WHERE id = ?", (refused,))
    assert waiting(db, label="Normal") == [normal]
    assert waiting(db, label="Pneumonia") == [pneumonia]
    assert waiting(db, label="not analysed") == [refused]
    assert waiting(db, device="machine") == [normal, refused]
    assert waiting(db, view="PA") == [normal]
    assert waiting(db, page=(1, 1)) == [pneumonia]
    assert worklist.devices(db) == ["machine"]
    assert worklist.views(db) == ["AP", "PA"]
    came = images.get(db, pneumonia)["received_at"]
    assert waiting(db, since=came) == [pneumonia, refused]
    assert waiting(db, "all", since=came, device="machine", view="AP") == [refused]
    assert waiting(db, since=came, device="machine", view="PA") == []


def test_what_was_read_last_comes_first_and_a_revision_counts(db):
    reader, images_read = add_user(db), [add_image(db, number) for number in (1, 2, 3)]
    numbers = [read_it(db, image, reader) for image in images_read]
    assert waiting(db, "read") == images_read[::-1]
    row = {"image": images_read[0], "reader": reader.id, "label": "Pneumonia", "seconds": 1.0, "made_at": "2026"}
    newest = reads.add(db, {**row, "supersedes": numbers[0]})
    found = worklist.rows_of(db, ALL, LIST, Narrowed("read"))
    assert [row["id"] for row in found] == [images_read[0], images_read[2], images_read[1]]
    assert (found[0]["read"], found[0]["read_label"]) == (newest, "Pneumonia")
    assert worklist.counts(db, ALL) == {"waiting": 0, "read": 3, "coming": 0}


def test_only_images_that_nobody_read_lack_an_opinion(db):
    read, seen, lacking = (add_image(db, number) for number in (1, 2, 3))
    model = add_model(db)
    read_it(db, read, add_user(db))
    predictions.add(db, seen, model, opinion())
    assert [row["id"] for row in predictions.lacking(db, model, 10)] == [lacking]
    assert [row["id"] for row in predictions.lacking(db, "another", 1)] == [seen]


def came_in_on(db, *days):
    """Images that came in on these days of January, in that order; their ids by day."""
    return {day: add_image(db, day, received_at=f"2026-01-{day:02d}T12:00:00.000000+00:00") for day in days}


def test_the_first_images_after_a_stamp_come_oldest_first(db):
    known = came_in_on(db, 3, 1, 2, 4)
    found = images.first(db, images.get(db, known[1])["received_at"], 2)
    assert [row["id"] for row in found] == [known[2], known[3]]
    assert found[0]["appearance"] == {"mean": 0.5}
    assert len(images.first(db, "", 10)) == 4


@pytest.mark.parametrize(
    ("after", "before", "limit", "number"),
    [("", "2027", -1, 5), ("2026-01-02", "2026-01-04", -1, 2), ("2026-01-03", "2026-01-03", -1, 0), ("", "2027", 3, 3)],
)
def test_images_between_two_stamps_are_counted_up_to_a_limit(db, after, before, limit, number):
    came_in_on(db, *range(1, 6))
    assert images.came_in(db, after, before, limit) == number


@pytest.mark.parametrize(
    ("most", "chosen"), [(2, [2, 12]), (3, [2, 7, 12]), (5, [2, 4, 7, 9, 12]), (11, range(2, 13)), (99, range(2, 13))]
)
def test_images_are_chosen_in_equal_steps_of_their_order_from_the_first_to_the_last(db, most, chosen):
    known = came_in_on(db, *range(20, 0, -1))
    found = images.evenly(db, "2026-01-02", "2026-01-13", most)
    assert [row["id"] for row in found] == [known[day] for day in chosen]
    assert found[0]["appearance"] == {"mean": 0.5}


def test_of_no_image_none_is_chosen_and_of_one_that_one(db):
    known = came_in_on(db, 1, 2)
    assert images.evenly(db, "2026-01-03", "2026-01-13", 5) == []
    assert [row["id"] for row in images.evenly(db, "2026-01-02", "2026-01-13", 5)] == [known[2]]


def test_the_newest_images_come_first_of_the_place_that_is_named(db):
    known = came_in_on(db, 1, 2, 3, 4)
    db.execute("UPDATE images SET device = 'tube', view = 'PA' WHERE id IN (?, ?)", (known[1], known[3]))
    assert images.lately(db, "2026-01-02", {}, 2) == [known[4], known[3]]
    assert images.lately(db, "2026-01-02", {"device": "tube"}, 2) == [known[3]]
    assert images.lately(db, "", {"view": "PA"}, 9) == [known[3], known[1]]


def earlier_than(db, image):
    return [row["id"] for row in images.earlier(db, images.get(db, image), 10)]


def test_an_x_ray_that_an_archive_sends_late_is_earlier_if_it_was_taken_earlier(db):
    first, late, undated = (add_image(db, number, patient="p") for number in (1, 2, 3))
    db.execute("UPDATE images SET taken_on = '2019-05-01' WHERE id = ?", (first,))
    db.execute("UPDATE images SET taken_on = '2018-01-01' WHERE id = ?", (late,))
    assert earlier_than(db, first) == [late]
    assert earlier_than(db, late) == []
    assert earlier_than(db, undated) == [first, late], "where a date isn't known, what came before was before"
