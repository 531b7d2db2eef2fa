"""Other heatmaps on demand: asked for on a screen, drawn by the worker, kept."""

from __future__ import annotations

import pytest

from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.errors import BadInput, NotFound
from cxr_core.model import trust
from cxr_core.records import JobState, Lane, Method
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.reading_room import explaining, reviewing
from tests.work.sites import job, new_home, query, take_in, work_off

ILL, WELL = phantom(3001, True, rows=448), phantom(3002, False, rows=448)
"""Studies that the model calls Pneumonia and Normal."""


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


@pytest.fixture
def image(settings):
    """An image that the model calls Pneumonia."""
    (verdict,) = take_in(settings, ILL)
    return verdict.image


def ask(settings, image, method=Method.LAYER_CAM):
    return explaining.ask(settings.home, COMMAND_LINE, image, method)


def test_what_is_asked_for_is_drawn_by_the_worker_and_then_there(settings, image):
    asked = ask(settings, image)
    assert (asked.explanation, asked.job.state) == (None, JobState.QUEUED)
    assert work_off(settings) == 1
    done = explaining.look(settings.home, COMMAND_LINE, image, Method.LAYER_CAM, asked.job.id)
    assert (done.job.state, done.job.progress) == (JobState.DONE, {"done": 1, "of": 1})
    assert done.explanation.heatmap.shape == (7, 7)


def test_asking_again_costs_nothing(settings, image):
    first, second = ask(settings, image), ask(settings, image)
    assert first.job.id == second.job.id
    work_off(settings)
    again = ask(settings, image)
    assert (again.job, again.explanation is not None) == (None, True)
    assert len(query(settings, "SELECT id FROM jobs WHERE kind = 'explain'")) == 1


def test_each_method_is_drawn_by_itself(settings, image):
    ask(settings, image, Method.LAYER_CAM)
    ask(settings, image, Method.EIGEN_CAM)
    assert work_off(settings) == 2
    drawn = query(settings, "SELECT method FROM explanations ORDER BY method")
    assert [row["method"] for row in drawn] == ["EigenCAM", "LayerCAM"]


def test_a_long_drawing_does_not_keep_files_waiting_that_come_in(settings, image):
    assert ask(settings, image, Method.SCORE_CAM).job.lane is Lane.LEARNING
    assert ask(settings, image, Method.LAYER_CAM).job.lane is Lane.READING
    assert query(settings, "SELECT bulk FROM jobs WHERE kind = 'explain' AND bulk") == []


def test_what_speaks_against_a_map_is_kept_with_it(settings, image):
    ask(settings, image)
    work_off(settings)
    (row,) = query(settings, "SELECT doubt FROM explanations")
    shown = explaining.look(settings.home, COMMAND_LINE, image, Method.LAYER_CAM, 1).explanation
    assert shown.doubt == row["doubt"]


@pytest.mark.parametrize(("study", "method"), [(WELL, Method.LAYER_CAM), (ILL, Method.GRAD_CAM)])
def test_for_normal_there_is_nothing_more_and_grad_cam_is_there_already(settings, study, method):
    (verdict,) = take_in(settings, study)
    with pytest.raises(BadInput, match="there is no"):
        ask(settings, verdict.image, method)
    assert query(settings, "SELECT id FROM jobs WHERE kind = 'explain'") == []


def test_an_image_that_is_not_there_is_not_found(settings):
    with pytest.raises(NotFound):
        ask(settings, "0" * 64)


def test_a_drawing_that_fails_says_why_and_can_be_asked_for_again(settings, image):
    for path in (settings.home / "images").rglob("*.dcm"):
        path.unlink()
    number = ask(settings, image).job.id
    work_off(settings)
    assert job(settings, number).state is JobState.FAILED
    assert "is missing" in job(settings, number).error
    assert ask(settings, image).job.id != number


def test_intake_keeps_why_a_heatmap_must_not_be_shown_and_the_reader_is_told(settings):
    said = {}
    for study in (ILL, WELL):
        (verdict,) = take_in(settings, study)
        prediction = reviewing.case(settings.home, COMMAND_LINE, verdict.image).prediction
        said[prediction["label"]] = prediction["heatmap_doubt"]
    assert said == {"Pneumonia": None, "Normal": trust.NORMAL}
