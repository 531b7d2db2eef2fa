"""Reads are recorded once, revised by their reader only, and never lost."""

import csv
import io
import json
import threading
from dataclasses import replace

import pytest

from cxr_core.errors import BadInput, Conflict, NotAllowed, NotFound
from cxr_core.records import Label, Reason, Region, Role, Shape
from cxr_core.store import models, predictions
from cxr_core.store.db import opened
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.reading_room import recording, reviewing
from cxr_core.work.reading_room.recording import LONGEST_COMMENT, ReadForm
from cxr_core.work.reading_room.reviewing import Filters, Show
from tests.work.sites import add_user, form, new_home, picture, query, take_in


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


@pytest.fixture
def reader(settings):
    return add_user(settings)


@pytest.fixture
def image(settings):
    """An image on which the model says Pneumonia."""
    (verdict,) = take_in(settings, picture())
    say(settings, verdict.image, label="Pneumonia", probability=0.9)
    return verdict.image


def say(settings, image, **said):
    """Let the model have said something else of an image."""
    with opened(settings.home) as db:
        changes = ", ".join(f"{name} = :{name}" for name in said)
        db.execute(f"UPDATE predictions SET {changes} WHERE image = :image", {**said, "image": image})


def stored(settings):
    return query(settings, "SELECT * FROM reads ORDER BY id")


def test_a_read_is_stored_with_what_its_reader_saw(settings, reader, image):
    number = recording.submit(settings.home, reader, form(settings, image, comment=" clear ", seconds=12.5))
    (read,) = stored(settings)
    assert (read["id"], read["image"], read["reader"], read["label"]) == (number, image, reader.id, "Pneumonia")
    assert (read["agrees"], read["comment"], read["seconds"], read["supersedes"]) == (1, "clear", 12.5, None)
    assert read["prediction"] == reviewing.case(settings.home, COMMAND_LINE, image).prediction["id"]


def test_a_disagreement_keeps_its_reason(settings, reader, image):
    recording.submit(settings.home, reader, form(settings, image, agrees=False, reason=Reason.SKIN_FOLD))
    (read,) = stored(settings)
    assert (read["agrees"], read["label"], read["reason"]) == (0, "Normal", "skin fold")


def test_agreeing_after_all_leaves_no_reason(settings, reader, image):
    read = recording.submit(settings.home, reader, form(settings, image, agrees=False, reason=Reason.SKIN_FOLD))
    recording.revise(settings.home, reader, read, form(settings, image, agrees=True, reason=Reason.SKIN_FOLD))
    newest = reviewing.history(settings.home, COMMAND_LINE)[0]
    assert (newest["agrees"], newest["reason"]) == (1, None)


def test_a_disagreement_needs_a_reason(settings, reader, image):
    with pytest.raises(BadInput, match="choose a reason"):
        recording.submit(settings.home, reader, form(settings, image, agrees=False, reason=None))
    assert stored(settings) == []


@pytest.mark.parametrize("said", [{"label": "Uncertain"}, {"status": "not_analysed", "label": None}])
def test_where_the_model_did_not_decide_there_is_nothing_to_agree_with(settings, reader, image, said):
    say(settings, image, **said)
    prediction = reviewing.case(settings.home, COMMAND_LINE, image).prediction["id"]
    recording.submit(settings.home, reader, ReadForm(image, prediction, Label.NORMAL))
    assert stored(settings)[0]["agrees"] is None


def test_an_image_is_read_once_by_one_reader(settings, reader, image):
    recording.submit(settings.home, reader, form(settings, image))
    with pytest.raises(Conflict, match="revise your read"):
        recording.submit(settings.home, reader, form(settings, image))
    with pytest.raises(Conflict, match="no more readers"):
        recording.submit(settings.home, add_user(settings, name="second"), form(settings, image))
    assert len(stored(settings)) == 1


def test_two_clicks_at_once_are_one_read(settings, reader, image):
    once, answers = form(settings, image), []

    def click():
        try:
            answers.append(recording.submit(settings.home, reader, once))
        except Conflict:
            answers.append(None)

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers, key=bool) == [None] * 5 + [stored(settings)[0]["id"]]
    assert len(stored(settings)) == 1


def test_a_change_of_mind_is_a_new_row(settings, reader, image):
    first = recording.submit(settings.home, reader, form(settings, image))
    second = recording.revise(settings.home, reader, first, form(settings, image, agrees=False))
    assert [(read["id"], read["supersedes"], read["label"]) for read in stored(settings)] == [
        (first, None, "Pneumonia"),
        (second, first, "Normal"),
    ]
    assert [read["id"] for read in reviewing.case(settings.home, COMMAND_LINE, image).reads] == [second]


@pytest.mark.parametrize("agrees", [True, False])
def test_a_revision_that_changes_nothing_is_refused(settings, reader, image, agrees):
    same = form(settings, image, agrees=agrees, comment="left")
    first = recording.submit(settings.home, reader, same)
    with pytest.raises(BadInput, match="changes nothing"):
        recording.revise(settings.home, reader, first, replace(same, comment=" left ", seconds=9))
    assert len(stored(settings)) == 1


@pytest.mark.parametrize("change", [{"comment": "right"}, {"reason": Reason.ROTATION}])
def test_a_revision_may_change_the_reason_or_the_comment_alone(settings, reader, image, change):
    said = form(settings, image, agrees=False, comment="left")
    first = recording.submit(settings.home, reader, said)
    second = recording.revise(settings.home, reader, first, replace(said, **change))
    assert [read["id"] for read in stored(settings)] == [first, second]


def test_no_time_is_shown_for_a_revision(settings, reader, image):
    first = recording.submit(settings.home, reader, form(settings, image, seconds=12.5))
    recording.revise(settings.home, reader, first, form(settings, image, agrees=False))
    assert [read["seconds"] for read in reviewing.history(settings.home, COMMAND_LINE)] == [None, 12.5]


def test_of_two_revisions_of_one_read_the_second_learns_of_the_first(settings, reader, image):
    first = recording.submit(settings.home, reader, form(settings, image))
    recording.revise(settings.home, reader, first, form(settings, image, agrees=False))
    with pytest.raises(Conflict, match="revised meanwhile"):
        recording.revise(settings.home, reader, first, form(settings, image))
    assert len(stored(settings)) == 2


def test_somebody_elses_read_is_not_revised(settings, reader, image):
    first = recording.submit(settings.home, reader, form(settings, image))
    with pytest.raises(NotAllowed, match="only its reader"):
        recording.revise(settings.home, add_user(settings, name="second"), first, form(settings, image))


def test_a_revision_stays_with_its_image(settings, reader, image):
    first = recording.submit(settings.home, reader, form(settings, image))
    (other,) = take_in(settings, picture(2))
    with pytest.raises(BadInput, match="of the same image"):
        recording.revise(settings.home, reader, first, form(settings, other.image))


def test_an_admin_does_not_read(settings, image):
    with pytest.raises(NotAllowed, match="only radiologist"):
        recording.submit(settings.home, add_user(settings, Role.ADMIN), form(settings, image))


def test_a_reader_is_never_uncertain(settings, reader, image):
    with pytest.raises(BadInput, match="Normal or Pneumonia"):
        recording.submit(settings.home, reader, form(settings, image, label=Label.UNCERTAIN, reason=Reason.SMALL))


def test_a_comment_has_an_end(settings, reader, image):
    with pytest.raises(BadInput, match=f"at most {LONGEST_COMMENT}"):
        recording.submit(settings.home, reader, form(settings, image, comment="x" * (LONGEST_COMMENT + 1)))
    recording.submit(settings.home, reader, form(settings, image, comment="x" * LONGEST_COMMENT))


def test_another_images_opinion_is_refused(settings, reader, image):
    (other,) = take_in(settings, picture(2))
    wrong = form(settings, other.image).prediction
    for prediction in (wrong, 999):
        with pytest.raises(BadInput, match="reload the page"):
            recording.submit(settings.home, reader, ReadForm(image, prediction, Label.PNEUMONIA))


def test_an_image_that_is_not_there_is_not_found(settings, reader):
    with pytest.raises(NotFound, match="no image"):
        recording.submit(settings.home, reader, ReadForm("0" * 64, 1, Label.NORMAL))
    with pytest.raises(NotFound, match="no image"):
        reviewing.case(settings.home, COMMAND_LINE, "0" * 64)


def test_a_case_has_the_opinion_with_its_scale(settings, image):
    case = reviewing.case(settings.home, COMMAND_LINE, image)
    assert case.prediction["heatmap"].shape == (7, 7)
    assert case.heatmap_scale > 0
    assert 0 < case.calibration["threshold"] < 1
    assert (case.image["id"], case.reads) == (image, [])


def test_the_opinions_on_many_images_come_at_once(settings, image):
    (other,) = take_in(settings, picture(2))
    say(settings, other.image, label="Normal", probability=0.1)
    found = reviewing.opinions(settings.home, COMMAND_LINE, [image, other.image, "0" * 64])
    assert {name: (said["label"], said["probability"]) for name, said in found.items()} == {
        image: ("Pneumonia", 0.9),
        other.image: ("Normal", 0.1),
    }


def test_the_running_models_opinion_stands_before_a_newer_one(settings, image):
    with opened(settings.home) as db:
        models.add(db, {**models.card(db, models.running(db)), "name": "candidate"}, None)
        predictions.add_not_analysed(db, image, "candidate", ["too young"])
    assert reviewing.case(settings.home, COMMAND_LINE, image).prediction["label"] == "Pneumonia"
    assert reviewing.opinions(settings.home, COMMAND_LINE, [image])[image]["label"] == "Pneumonia"
    with opened(settings.home) as db:
        models.decide(db, "candidate", "promote", "a test", None)
    assert reviewing.case(settings.home, COMMAND_LINE, image).prediction["reasons"] == ["too young"]
    assert reviewing.opinions(settings.home, COMMAND_LINE, [image])[image]["status"] == "not_analysed"


def test_the_next_case_is_the_one_that_has_waited_longest(settings, reader, image):
    (later,) = take_in(settings, picture(2))
    assert reviewing.next_case(settings.home, COMMAND_LINE) == image
    assert reviewing.upcoming(settings.home, COMMAND_LINE, image, 1) == [later.image]
    recording.submit(settings.home, reader, form(settings, image))
    assert reviewing.next_case(settings.home, COMMAND_LINE) == later.image
    assert reviewing.counts(settings.home, COMMAND_LINE) == {"waiting": 1, "read": 1, "coming": 0}
    assert [row["id"] for row in reviewing.waiting_list(settings.home, COMMAND_LINE, Filters(Show.READ))] == [image]


def test_history_has_every_read_and_what_was_seen(settings, reader, image):
    first = recording.submit(settings.home, reader, form(settings, image))
    second = recording.revise(settings.home, reader, first, form(settings, image, agrees=False))
    found = reviewing.history(settings.home, COMMAND_LINE)
    assert [(row["id"], row["current"], row["model_label"]) for row in found] == [
        (second, 1, "Pneumonia"),
        (first, 0, "Pneumonia"),
    ]
    assert reviewing.history(settings.home, COMMAND_LINE, reader.id + 1) == []


@pytest.mark.parametrize("comment", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx"])
def test_the_export_runs_no_formulas(settings, reader, image, comment):
    recording.submit(settings.home, reader, form(settings, image))
    with opened(settings.home) as db:
        db.execute("DROP TRIGGER reads_are_never_changed")
        db.execute("UPDATE reads SET comment = ?", (comment,))
    (row,) = csv.DictReader(io.StringIO(reviewing.history_csv(settings.home, reader), newline=""))
    assert row["comment"] == f"'{comment}"


def test_the_export_keeps_commas_quotes_and_lines(settings, reader, image):
    comment = 'left, "lower" lobe\nsecond line'
    recording.submit(settings.home, reader, form(settings, image, comment=comment))
    (row,) = csv.DictReader(io.StringIO(reviewing.history_csv(settings.home, reader), newline=""))
    assert (row["comment"], row["reader"], row["label"]) == (comment, "radiologist", "Pneumonia")
    assert query(settings, "SELECT actor FROM audit WHERE action = 'export history'") == [{"actor": "radiologist"}]


def test_an_empty_history_can_be_exported(settings, reader):
    assert reviewing.history_csv(settings.home, reader) == "id\r\n"


def test_every_read_is_in_the_audit_chain(settings, reader, image):
    first = recording.submit(settings.home, reader, form(settings, image))
    recording.revise(settings.home, reader, first, form(settings, image, comment="seen again"))
    found = query(settings, "SELECT action, subject FROM audit WHERE actor = 'radiologist' ORDER BY id")
    assert found == [{"action": "read", "subject": image}, {"action": "revise read", "subject": image}]


BOX, OVAL = Region(Shape.BOX, 10, 20.25, 30.5, 15), Region(Shape.ELLIPSE, 0, 0, 5, 7)


def test_what_was_marked_is_kept_with_the_read_and_with_its_revision(settings, reader, image):
    first = recording.submit(settings.home, reader, form(settings, image, regions=(BOX, OVAL)))
    assert reviewing.case(settings.home, COMMAND_LINE, image).reads[0]["regions"] == (BOX, OVAL)
    with pytest.raises(BadInput, match="changes nothing"):
        recording.revise(settings.home, reader, first, form(settings, image, regions=(BOX, OVAL)))
    recording.revise(settings.home, reader, first, form(settings, image, regions=(BOX,)))
    assert [read["regions"] for read in reviewing.history(settings.home, COMMAND_LINE)] == [(BOX,), (BOX, OVAL)]


@pytest.mark.parametrize(
    "region",
    [
        replace(BOX, x=-1), replace(BOX, y=-0.5), replace(BOX, width=0), replace(BOX, height=-3),
        replace(BOX, width=1e4), replace(BOX, height=1e4), replace(BOX, x=float("nan")),
        replace(BOX, width=float("inf")),
    ],
)  # fmt: skip
def test_a_region_outside_the_image_is_refused(settings, reader, image, region):
    with pytest.raises(BadInput, match="outside the image"):
        recording.submit(settings.home, reader, form(settings, image, regions=(region,)))
    assert stored(settings) == []


def test_there_is_an_end_to_marking(settings, reader, image):
    with pytest.raises(BadInput, match="at most 20 regions"):
        recording.submit(settings.home, reader, form(settings, image, regions=(BOX,) * 21))


def test_the_export_tells_the_regions(settings, reader, image):
    recording.submit(settings.home, reader, form(settings, image, regions=(BOX,)))
    (row,) = csv.DictReader(io.StringIO(reviewing.history_csv(settings.home, reader), newline=""))
    assert json.loads(row["regions"]) == [{"shape": "box", "x": 10, "y": 20.25, "width": 30.5, "height": 15}]
