"""The heatmap pane of the review page: what it shows, what it says instead, and other methods on demand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cxr_core.model import release
from cxr_core.records import Label, Lane, Method
from cxr_core.store import explanations, jobs
from cxr_core.store.db import opened, transaction
from cxr_core.store.explanations import Explanation
from cxr_core.ui.viewer import heatmap_url

MAP = np.linspace(0, 1, 49, dtype=np.float32).reshape(7, 7)


@pytest.fixture
def doubted(home, arrive):
    """An image whose heatmap is hidden for this reason."""

    def add(number, doubt):
        image = arrive(number)
        with opened(home) as db:
            db.execute("UPDATE predictions SET heatmap_doubt = ? WHERE image = ?", (doubt, image))
        return image

    return add


@pytest.fixture
def asked(home):
    """The jobs that draw heatmaps, newest first."""

    def rows():
        with opened(home) as db:
            return jobs.newest(db, "explain", 10)

    return rows


def pane(app):
    """What the viewer is given to draw."""
    return json.loads(app.get("bidi_component")[0].proto.json)


def choose(app, image, method):
    return app.selectbox(key=f"method-{image}").set_value(method).run()


def finish(home, image, method, doubt=None, lane=Lane.READING):
    """What the worker does with the open job."""
    with opened(home) as db, transaction(db):
        job = jobs.claim(db, lane, "a worker")
        explanations.add(db, image, release.card()["name"], method, Explanation(MAP, doubt))
        jobs.finish(db, job.id, "a worker", {})


def test_a_sound_heatmap_is_drawn_on_the_cards_scale_and_says_its_unit(show, arrive):
    image = arrive(1, 0.9)
    shown = pane(show("review", "ann", image=image))
    assert shown["heatmap"] == heatmap_url(image, np.full((7, 7), 0.9, np.float32))
    assert shown["scale"] == release.card()["heatmap_scale"]
    assert "logits" in shown["unit"]
    assert shown["title"] == "Evidence for pneumonia · Grad-CAM"
    assert shown["note"] == ""


def test_a_doubted_heatmap_never_leaves_the_server_and_its_reason_is_shown(show, doubted):
    shown = pane(show("review", "ann", image=doubted(1, "Most of the evidence (80 %) lies outside the chest.")))
    assert shown["heatmap"] is None
    assert shown["note"] == "Heatmap not shown. Most of the evidence (80 %) lies outside the chest."


def test_where_the_answer_is_normal_no_method_is_offered(show, arrive):
    app = show("review", "ann", image=arrive(1, 0.1, Label.NORMAL))
    assert len(app.selectbox) == 0


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_another_method_is_drawn_by_a_job_and_shown_on_a_scale_of_its_own(show, arrive, home, asked, who):
    image = arrive(1)
    app = choose(show("review", who, image=image), image, Method.LAYER_CAM)
    (job,) = asked()
    assert (job.payload["image"], job.payload["method"]) == (image, "LayerCAM")
    assert (pane(app)["heatmap"], pane(app)["note"]) == (None, "LayerCAM is being drawn")
    finish(home, image, "LayerCAM")
    shown = pane(app.run())
    assert shown["heatmap"] == heatmap_url(image, MAP)
    assert (shown["title"], shown["scale"]) == ("Evidence for pneumonia · LayerCAM", 1.0)
    assert "Relative scale" in shown["unit"]
    assert len(asked()) == 1


def test_one_choice_brings_grad_cam_back_and_what_was_drawn_stays(show, arrive, home, asked):
    image = arrive(1)
    app = choose(show("review", "ann", image=image), image, Method.LAYER_CAM)
    finish(home, image, "LayerCAM")
    assert pane(choose(app, image, Method.GRAD_CAM))["title"].endswith("Grad-CAM")
    assert pane(choose(app, image, Method.LAYER_CAM))["heatmap"] is not None
    assert len(asked()) == 1


def test_what_another_reader_asked_for_is_there_at_once(show, arrive, home, asked):
    image = arrive(1)
    choose(show("review", "ann", image=image), image, Method.EIGEN_CAM)
    finish(home, image, "EigenCAM")
    shown = pane(choose(show("review", "bob", image=image), image, Method.EIGEN_CAM))
    assert shown["heatmap"] is not None
    assert shown["title"] == "What stands out to the model · EigenCAM"
    assert len(asked()) == 1


@pytest.mark.parametrize(
    ("method", "lane", "said"),
    [
        (Method.LAYER_CAM, Lane.READING, ""),
        (Method.EIGEN_CAM, Lane.READING, ". Not about pneumonia in particular"),
        (Method.SCORE_CAM, Lane.LEARNING, ". Its stability was not checked"),
    ],
)
def test_what_was_not_checked_of_a_map_is_said_below_it(show, arrive, home, method, lane, said):
    image = arrive(1)
    app = choose(show("review", "ann", image=image), image, method)
    finish(home, image, str(method), lane=lane)
    assert pane(app.run())["unit"] == "Relative scale: up to this map's own peak" + said


def test_a_map_by_another_method_is_hidden_for_its_own_reasons(show, arrive, home):
    image = arrive(1)
    app = choose(show("review", "ann", image=image), image, Method.LAYER_CAM)
    finish(home, image, "LayerCAM", "It points nowhere.")
    shown = pane(app.run())
    assert (shown["heatmap"], shown["note"]) == (None, "Heatmap not shown. It points nowhere.")


def test_a_drawing_that_failed_says_why_and_is_not_asked_for_again_by_itself(show, arrive, home, asked):
    image = arrive(1)
    app = choose(show("review", "ann", image=image), image, Method.SCORE_CAM)
    with opened(home) as db, transaction(db):
        job = jobs.claim(db, Lane.LEARNING, "a worker")
        jobs.fail(db, job.id, "a worker", "the disk is full")
    app.run()
    assert "the disk is full" in app.warning[0].value
    app.run()
    assert len(asked()) == 1
    choose(app, image, Method.GRAD_CAM)
    choose(app, image, Method.SCORE_CAM)
    assert len(asked()) == 2
    assert len(app.warning) == 0


def test_the_next_case_begins_with_grad_cam(show, arrive):
    first, second = arrive(1), arrive(2)
    app = choose(show("review", "ann", image=first), first, Method.LAYER_CAM)
    app.button(key="step-next").click().run()
    assert app.selectbox(key=f"method-{second}").value is Method.GRAD_CAM
