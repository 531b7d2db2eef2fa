"""The review page."""

from __future__ import annotations

from cxr_core.records import Label
from cxr_core.work import reviewing


def test_agreeing_records_the_models_label_and_goes_to_the_next_case(show, arrive, home):
    first, second = arrive(1), arrive(2)
    app = show("review", "ann", image=first)
    app.button(key=f"Agree-{first}").click().run()
    app.button(key="record").click().run()
    [read] = reviewing.history(home)
    assert (read["image"], read["label"], read["agrees"]) == (first, "Pneumonia", 1)
    assert app.query_params["image"] == second


def test_disagreeing_asks_for_a_reason_before_it_can_be_recorded(show, arrive, home):
    image = arrive(1)
    app = show("review", "ann", image=image)
    app.button(key=f"Disagree-{image}").click().run()
    app.button(key="record").click().run()
    assert app.warning[0].value == "Say why you disagree: choose a reason."
    assert reviewing.history(home) == []
    app.button(key=f"reason-ROTATION-{image}").click().run()
    app.text_area(key=f"comment-{image}").set_value("turned to the left").run()
    app.button(key="record").click().run()
    [read] = reviewing.history(home)
    assert (read["label"], read["agrees"], read["reason"]) == ("Normal", 0, "rotation")
    assert read["comment"] == "turned to the left"
    assert read["seconds"] > 0


def test_nothing_is_recorded_before_an_answer_is_chosen(show, arrive, home):
    app = show("review", "ann", image=arrive(1))
    app.button(key="record").click().run()
    assert app.warning[0].value == "Choose an answer first."
    assert reviewing.history(home) == []


def test_the_other_label_by_its_own_key_is_a_disagreement(show, arrive):
    image = arrive(1)
    app = show("review", "ann", image=image)
    app.button(key=f"Normal-{image}").click().run()
    assert app.button(key="record").label == "Record: Normal, disagree"


def test_an_uncertain_model_leaves_nothing_to_agree_with(show, arrive):
    image = arrive(1, 0.5, Label.UNCERTAIN)
    app = show("review", "ann", image=image)
    assert [button.label for button in app.button][:2] == ["Normal", "Pneumonia"]


def test_a_case_that_the_model_has_not_read_yet_says_so(show, arrive, said):
    assert "Model is reading" in said(show("review", "ann", image=arrive(1, probability=None)))


def test_an_admin_looks_but_records_nothing(show, arrive, said):
    app = show("review", "bob", image=arrive(1))
    assert [button.label for button in app.button] == ["Previous", "Next"]
    assert "recorded by radiologists" in said(app)


def test_a_case_that_was_read_shows_the_read_and_no_form(show, arrive, said):
    image = arrive(1)
    app = show("review", "ann", image=image)
    app.button(key=f"Agree-{image}").click().run()
    app.button(key="record").click().run()
    app = show("review", "ann", image=image)
    assert "Revise" in [button.label for button in app.button]
    assert "agrees" in said(app)


def test_nothing_waiting_says_where_to_go(show, said):
    assert "Upload X-rays on the worklist" in said(show("review", "ann"))


def test_next_and_previous_walk_without_recording(show, arrive, home):
    first, second = arrive(1), arrive(2)
    app = show("review", "ann", image=first)
    app.button(key="step-next").click().run()
    assert app.query_params["image"] == second
    app.button(key="step-back").click().run()
    assert app.query_params["image"] == first
    assert reviewing.history(home) == []
