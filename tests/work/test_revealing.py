"""Nobody gets to see the model's opinion too soon, whichever way they look."""

from datetime import timedelta

import numpy as np
import pytest

from cxr_core import clock
from cxr_core.errors import BadInput, Conflict, NotAllowed, NotFound
from cxr_core.records import Label, Method, Mode, Reason
from cxr_core.store.db import opened
from cxr_core.work.drift import monitoring
from cxr_core.work.reading_room import explaining, recording, reviewing
from cxr_core.work.reading_room.recording import ReadForm
from cxr_core.work.reading_room.reviewing import Filters, Stage
from tests.store.rows import opinion
from tests.work.looking import job_about, told_too_soon
from tests.work.reading_rooms import PROBABILITY, put, read, said
from tests.work.sites import new_home, query


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


@pytest.mark.parametrize("mode", [Mode.SECOND_READER, Mode.BLINDED])
def test_until_a_reader_has_said_theirs_nothing_tells_them_what_the_model_says(settings, ann, admin, mode):
    image = put(settings, mode=mode)
    job = job_about(settings, image)
    assert told_too_soon(settings, ann, image, job) == []
    with pytest.raises(NotAllowed):
        explaining.ask(settings.home, ann, image, Method.LAYER_CAM)
    with pytest.raises(NotAllowed):
        explaining.look(settings.home, ann, image, Method.LAYER_CAM, job)
    assert told_too_soon(settings, admin, image, job), "the search finds what is there"


def test_a_second_reader_sees_the_model_after_their_own_opinion_and_then_gives_the_final_one(settings, ann):
    image = put(settings, mode=Mode.SECOND_READER)
    case = reviewing.case(settings.home, ann, image)
    assert (case.stage, case.prediction) == (Stage.FIRST, None)
    first = read(settings, ann, image, Label.NORMAL)
    case = reviewing.case(settings.home, ann, image)
    assert (case.stage, case.prediction["probability"]) == (Stage.OPEN, PROBABILITY)
    assert reviewing.counts(settings.home, ann)["waiting"] == 1
    final = read(settings, ann, image, Label.PNEUMONIA)
    assert reviewing.case(settings.home, ann, image).stage is Stage.DONE
    rows = query(settings, "SELECT id, seen, final, agrees, label, supersedes FROM reads ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        (first, "nothing", 0, 0, "Normal", None),
        (final, "directly", 1, 1, "Pneumonia", first),
    ]
    assert reviewing.counts(settings.home, ann) == {"waiting": 0, "read": 1, "coming": 0}
    assert all(row["seconds"] is not None for row in reviewing.history(settings.home, ann)), "both were timed"


def test_a_first_opinion_needs_no_reason_and_stays_as_it_is(settings, ann):
    image = put(settings, mode=Mode.SECOND_READER)
    first = read(settings, ann, image, Label.NORMAL)
    with pytest.raises(Conflict, match="stays as it is"):
        recording.revise(settings.home, ann, first, ReadForm(image, said(settings, image), Label.PNEUMONIA))
    with pytest.raises(BadInput, match="choose a reason"):
        read(settings, ann, image, Label.NORMAL)
    read(settings, ann, image, Label.NORMAL, Reason.SMALL)


def test_another_readers_opinion_reveals_nothing_to_this_one(settings, ann, ben):
    image = put(settings, mode=Mode.SECOND_READER, readers=2)
    read(settings, ann, image, Label.NORMAL)
    read(settings, ann, image, Label.PNEUMONIA)
    case = reviewing.case(settings.home, ben, image)
    assert (case.stage, case.prediction, case.reads) == (Stage.FIRST, None, [])
    assert reviewing.history(settings.home, ben) == []
    (row,) = reviewing.waiting_list(settings.home, ben, Filters())
    assert (row["read"], row["read_label"], row["agrees"], row["label"]) == (None,) * 4


def test_a_blinded_reader_never_sees_the_model(settings, ann, admin):
    image = put(settings, mode=Mode.BLINDED)
    read(settings, ann, image, Label.NORMAL)
    case = reviewing.case(settings.home, ann, image)
    assert (case.stage, case.prediction) == (Stage.DONE, None)
    (mine,) = reviewing.history(settings.home, ann)
    assert (mine["label"], mine["seen"], mine["model_label"], mine["probability"], mine["agrees"]) == (
        "Normal", "nothing", None, None, None,
    )  # fmt: skip
    (known,) = reviewing.history(settings.home, admin)
    assert (known["model_label"], known["agrees"]) == ("Pneumonia", 0)


@pytest.mark.parametrize("label", [Label.PNEUMONIA, Label.NORMAL])
def test_what_a_blinded_reader_records_tells_them_nothing_either(settings, ann, label):
    """Neither a reason that would be kept only where the model differs, nor what a revision answers."""
    image = put(settings, mode=Mode.BLINDED, label=label)
    earlier = put(settings, 2, patient="patient 1", received_at="2020", label=label)
    number = read(settings, ann, image, Label.NORMAL, Reason.SMALL)
    (shown,) = reviewing.case(settings.home, ann, image).reads
    assert (shown["agrees"], shown["reason"], shown["prediction"]) == (None, None, None)
    with pytest.raises(BadInput, match="changes nothing"):
        recording.revise(settings.home, ann, number, ReadForm(image, None, Label.NORMAL, Reason.ROTATION))
    assert "small finding" not in reviewing.history_csv(settings.home, ann)
    assert [prior.opinion for prior in reviewing.priors(settings.home, ann, image)] == [None], earlier


def test_after_a_blinded_read_nothing_tells_the_model_either(settings, ann):
    image = put(settings, mode=Mode.BLINDED)
    read(settings, ann, image, Label.NORMAL)
    assert told_too_soon(settings, ann, image, job_about(settings, image)) == []


def test_a_job_that_is_not_about_this_heatmap_is_nobodys_to_look_at(settings, ann):
    hidden, open_ = put(settings, 1, Mode.BLINDED), put(settings, 2)
    job = job_about(settings, hidden)
    assert explaining.look(settings.home, ann, open_, Method.LAYER_CAM, job).job is None


def test_a_heatmap_is_given_once_it_may_be_seen_and_only_for_its_own_image(settings, ann):
    hidden, other = put(settings, 1, Mode.SECOND_READER), put(settings, 2)
    wanted = explaining.digest(opinion().heatmap)
    with pytest.raises(NotAllowed):
        explaining.heatmap(settings.home, ann, hidden, wanted)
    read(settings, ann, hidden, Label.NORMAL)
    given = explaining.heatmap(settings.home, ann, hidden, wanted)
    assert np.array_equal(np.frombuffer(given, "<f4").reshape(7, 7), opinion().heatmap)
    another = opinion().heatmap + 1
    with opened(settings.home) as db:
        db.execute("UPDATE predictions SET heatmap = ? WHERE image = ?", (another.tobytes(), other))
    assert explaining.heatmap(settings.home, ann, other, explaining.digest(another)) == another.tobytes()
    with pytest.raises(NotFound):
        explaining.heatmap(settings.home, ann, hidden, explaining.digest(another))


def test_a_heatmap_that_is_doubted_is_given_to_nobody(settings, admin):
    image = put(settings)
    with opened(settings.home) as db:
        db.execute("UPDATE predictions SET heatmap_doubt = 'It points nowhere.'")
    with pytest.raises(NotFound):
        explaining.heatmap(settings.home, admin, image, explaining.digest(opinion().heatmap))


def test_agreement_on_a_case_that_two_read_is_not_told_to_the_other(settings, ann, ben, admin):
    image = put(settings, readers=2)
    read(settings, ann, image, Label.NORMAL, Reason.SMALL)
    assert monitoring.agreement(settings.home, ben, 28) == []
    assert [(row.n, row.agreed) for row in monitoring.agreement(settings.home, admin, 28)] == [(1, 0)]


def test_in_a_concurrent_list_it_is_there_at_once_and_the_read_says_so(settings, ann):
    image = put(settings)
    assert reviewing.case(settings.home, ann, image).prediction["probability"] == PROBABILITY
    read(settings, ann, image, Label.PNEUMONIA)
    assert query(settings, "SELECT seen, final FROM reads") == [{"seen": "directly", "final": 1}]


def test_earlier_x_rays_of_a_patient_come_with_the_opinion_of_the_version_that_gave_it(settings, ann):
    days = [clock.stamp(clock.now() - timedelta(days=back)) for back in (9, 5, 0)]
    oldest, middle, newest = (put(settings, n + 1, patient="p", received_at=day) for n, day in enumerate(days))
    put(settings, 9, patient="another", received_at=days[0])
    found = reviewing.priors(settings.home, ann, newest)
    assert [prior.image for prior in found] == [middle, oldest]
    assert found[0].opinion["probability"] == PROBABILITY
    assert found[0].opinion["model"] == monitoring.running_model(settings.home, ann)
    assert reviewing.priors(settings.home, ann, oldest) == []


def test_the_opinion_on_an_earlier_x_ray_is_hidden_as_that_x_rays_own(settings, ann, admin):
    put(settings, 1, Mode.BLINDED, patient="p", received_at=clock.stamp(clock.now() - timedelta(days=1)))
    newest = put(settings, 2, patient="p")
    assert [prior.opinion for prior in reviewing.priors(settings.home, ann, newest)] == [None]
    assert reviewing.priors(settings.home, admin, newest)[0].opinion is not None
