"""The retrain page."""

from __future__ import annotations

import pytest

from cxr_core.records import Label, Lane
from cxr_core.store import jobs, shadows
from cxr_core.store.db import opened
from cxr_core.work.drift import monitoring
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import shadowing
from cxr_core.work.reading_room import recording, reviewing
from tests.pages.arrived import make_candidate


@pytest.fixture
def candidate(home):
    """A candidate that passed its gate, as a finished retrain leaves it."""
    return make_candidate(home, passed=True)


def test_without_flags_it_says_what_is_missing_and_cannot_start(show, said):
    app = show("retrain", "bob")
    assert "nothing to learn" in said(app).lower()
    assert app.button(key="start").disabled


def test_a_candidate_is_promoted_with_a_reason(show, home, candidate):
    app = show("retrain", "bob")
    app.text_input(key=f"reason-{candidate}").set_value("better on portable films")
    app.button(key="promote").click().run()
    assert not app.error
    assert monitoring.running_model(home, COMMAND_LINE) == candidate


def test_a_decision_without_a_reason_is_not_taken(show, home, candidate):
    app = show("retrain", "bob")
    app.button(key="promote").click().run()
    assert "say why" in app.error[0].value
    assert monitoring.running_model(home, COMMAND_LINE) != candidate


def test_a_candidate_that_failed_its_gate_can_be_refused_only(show, home, said):
    name = make_candidate(home, passed=False)
    app = show("retrain", "bob")
    assert "too bad" in said(app)
    assert app.button(key="promote").disabled
    app.text_input(key=f"reason-{name}").set_value("the gate says no")
    app.button(key="refuse").click().run()
    assert monitoring.decisions(home, COMMAND_LINE)[-1]["action"] == "refuse"


def test_one_rolls_back_to_a_model_that_was_in_use(show, home, candidate):
    first = monitoring.running_model(home, COMMAND_LINE)
    app = show("retrain", "bob")
    app.text_input(key=f"reason-{candidate}").set_value("better")
    app.button(key="promote").click().run()
    next(field for field in app.text_input if field.key.startswith("reason-back")).set_value("worse after all")
    app.button(key="roll-back").click().run()
    assert monitoring.running_model(home, COMMAND_LINE) == first


def test_a_running_retrain_shows_its_progress_and_can_be_cancelled(show, home, said):
    with opened(home) as db:
        job = jobs.ask(db, jobs.Request("retrain", Lane.LEARNING, {"training_set": "x"}))
        jobs.claim(db, Lane.LEARNING, "w")
        point = {"epoch": 1, "epochs": 4, "loss": 0.5, "validation_loss": 0.4, "validation_auc": 0.9}
        jobs.beat(db, job, "w", {"history": [point], **point})
    app = show("retrain", "bob")
    assert "training" in said(app)
    app.button(key="cancel").click().run()
    assert "cancelled by bob" in said(app)


def test_what_the_model_refused_is_counted_and_can_be_learnt_from_when_chosen(show, refuse, said, home, ann):
    image = refuse(1, "age")
    prediction = reviewing.case(home, COMMAND_LINE, image).prediction["id"]
    recording.submit(home, ann, recording.ReadForm(image, prediction, Label.PNEUMONIA))
    app = show("retrain", "bob")
    assert "Left out because the model had refused them: age 1" in said(app)
    assert "nothing to learn" in said(app).lower()
    app.multiselect(key="refused-for").select("age").run()
    assert "had refused them" not in said(app)
    assert "nothing to learn" not in said(app).lower()


def test_a_candidate_is_let_into_the_shadow_and_out_of_it(show, home, candidate, arrive, said):
    app = show("retrain", "bob")
    app.button(key="start-shadow").click().run()
    assert "say why" in app.error[0].value
    app.text_input(key=f"reason-shadow-{candidate}").set_value("a trial")
    app.button(key="start-shadow").click().run()
    assert shadowing.standing(home, COMMAND_LINE).model == candidate
    assert "No X-ray has come in since" in said(app)
    with opened(home) as db:
        shadows.add(db, arrive(1, 0.8), candidate, (Label.NORMAL, 0.25))
    app.run()
    assert "-55.0 points" in said(app)
    assert "shadow" in [chart.proto.id.rpartition("-")[2] for chart in app.get("plotly_chart")]
    app.button(key="end-shadow").click().run()
    assert not app.exception
    assert shadowing.standing(home, COMMAND_LINE) is None
    assert "-55.0 points" in said(app), "what it said stays"
