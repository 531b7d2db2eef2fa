"""The review page."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from cxr_core.records import Label, Role
from cxr_core.store.db import opened
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.reading_room import recording, reviewing
from cxr_core.work.reading_room.recording import ReadForm
from tests.pages.forms import record


def test_agreeing_records_the_models_label_and_goes_to_the_next_case(show, arrive, home):
    first, second = arrive(1), arrive(2)
    app = show("review", "ann", image=first)
    app.button(key=f"Agree-{first}").click().run()
    record(app).click().run()
    [read] = reviewing.history(home, COMMAND_LINE)
    assert (read["image"], read["label"], read["agrees"]) == (first, "Pneumonia", 1)
    assert app.query_params["image"] == second


def test_disagreeing_asks_for_a_reason_before_it_can_be_recorded(show, arrive, home):
    image = arrive(1)
    app = show("review", "ann", image=image)
    app.button(key=f"Disagree-{image}").click().run()
    record(app).click().run()
    assert ":orange[Say why you disagree: choose a reason.]" in [said.value for said in app.caption]
    assert reviewing.history(home, COMMAND_LINE) == []
    app.button(key=f"reason-ROTATION-{image}").click().run()
    app.text_area(key=f"comment-{image}").set_value("turned to the left").run()
    record(app).click().run()
    [read] = reviewing.history(home, COMMAND_LINE)
    assert (read["label"], read["agrees"], read["reason"]) == ("Normal", 0, "rotation")
    assert read["comment"] == "turned to the left"
    assert read["seconds"] > 0


def test_nothing_is_recorded_before_an_answer_is_chosen(show, arrive, home):
    app = show("review", "ann", image=arrive(1))
    record(app).click().run()
    assert app.warning[0].value == "Choose an answer first."
    assert reviewing.history(home, COMMAND_LINE) == []


def test_the_other_label_by_its_own_key_is_a_disagreement(show, arrive):
    image = arrive(1)
    app = show("review", "ann", image=image)
    app.button(key=f"Normal-{image}").click().run()
    assert record(app).label == "Record: Normal, disagree"


def test_an_uncertain_model_leaves_nothing_to_agree_with(show, arrive):
    image = arrive(1, 0.5, Label.UNCERTAIN)
    app = show("review", "ann", image=image)
    assert [button.label for button in app.button][:2] == ["Normal", "Pneumonia"]


def test_after_the_last_case_its_own_read_alone_can_be_revised(show, arrive):
    first, second = arrive(1), arrive(2)
    app = show("review", "ann", image=first)
    for image in (first, second):
        app.button(key=f"Agree-{image}").click().run()
        record(app).click().run()
    assert [button.key for button in app.button if button.label == "Revise"] == ["revise-2"]


def test_what_was_recorded_last_is_said_beside_each_case_that_comes_after_it(show, arrive, said):
    first, second, third = arrive(1), arrive(2), arrive(3)
    app = show("review", "ann", image=first)
    app.button(key=f"Agree-{first}").click().run()
    record(app).click().run()
    assert f'Recorded <b class="Pneumonia">Pneumonia</b> for {first[-8:]}' in said(app)
    app.button(key=f"Agree-{second}").click().run()
    assert "Recorded" in said(app), "choosing an answer doesn't take it away"
    assert [button.label for button in app.button][-2:] == ["Revise", "Undo"]
    app.button(key="step-next").click().run()
    assert app.query_params["image"] == third
    assert f'Recorded <b class="Pneumonia">Pneumonia</b> for {first[-8:]}' in said(app)


def test_the_last_case_shows_its_own_read_and_says_it_once(show, arrive, said):
    image = arrive(1)
    app = show("review", "ann", image=image)
    app.button(key=f"Agree-{image}").click().run()
    record(app).click().run()
    assert "Recorded" not in said(app)
    assert [button.label for button in app.button].count("Revise") == 1


def test_no_time_is_told_of_a_revision(show, arrive, said, home, ann):
    image = arrive(1)
    prediction = reviewing.case(home, COMMAND_LINE, image).prediction["id"]
    read = recording.submit(home, ann, ReadForm(image, prediction, Label.PNEUMONIA, seconds=4.24))
    assert "now, in 4.2 s" in said(show("review", "ann", image=image))
    recording.revise(home, ann, read, ReadForm(image, prediction, Label.PNEUMONIA, comment="after all"))
    assert " in " not in said(show("review", "ann", image=image)).partition("When")[2].partition("Comment")[0]


def test_an_admin_looks_but_records_nothing(show, arrive, said):
    app = show("review", "bob", image=arrive(1))
    assert [button.label for button in app.button] == ["Previous `K`", "Next `J`"]
    assert "recorded by radiologists" in said(app)


def test_a_case_that_was_read_shows_the_read_and_no_form(show, arrive, said):
    image = arrive(1)
    app = show("review", "ann", image=image)
    app.button(key=f"Agree-{image}").click().run()
    record(app).click().run()
    app = show("review", "ann", image=image)
    assert "Revise" in [button.label for button in app.button]
    assert "agrees" in said(app)


def between(app):
    """The first and the last that is said of a case."""
    found = [html.proto.body for html in app.get("html")]
    return [found[0], found[-1]]


def test_what_the_page_says_begins_and_ends_with_the_image_that_it_is_of(show, arrive):
    first, second = arrive(1), arrive(2)
    app = show("review", "ann", image=first)
    assert between(app) == [f'<div class="said-of" data-image="{first}"></div>'] * 2
    app.button(key="step-next").click().run()
    assert between(app) == [f'<div class="said-of" data-image="{second}"></div>'] * 2


def test_another_case_than_the_one_asked_for_is_never_shown_without_a_word(show, arrive):
    image = arrive(1)
    app = show("review", "ann", image="0" * 64)
    assert between(app) == [f'<div class="said-of" data-image="{image}"></div>'] * 2
    assert "isn't here, or was erased" in app.warning[0].value
    assert not show("review", "ann", image=image).warning
    assert not show("review", "ann").warning


def drawn_while_another_takes_it(home, ann, ben, image):
    """The review page's order: the case is drawn, and only then claimed."""
    import streamlit as st

    from cxr_core.ui import walk
    from cxr_core.work.reading_room import recording, reviewing

    case = reviewing.case(home, ann, image)
    st.caption(case.stage.value)
    recording.claim(home, ben, image)
    walk.hold(ann, case)


def test_a_case_that_another_took_while_it_was_drawn_is_drawn_anew(furnished, home, ann, arrive):
    ben = people.add_user(home, COMMAND_LINE, "ben", Role.RADIOLOGIST, "a long password")
    asked = {"home": home, "ann": ann, "ben": ben, "image": arrive(1)}
    app = AppTest.from_function(drawn_while_another_takes_it, kwargs=asked)
    app.session_state["token"] = furnished[1]["ann"]
    assert [caption.value for caption in app.run().caption] == ["taken"]
    assert app.exception == []


def test_a_comment_outlives_a_look_at_the_next_case(show, arrive, home):
    first, _ = arrive(1), arrive(2)
    app = show("review", "ann", image=first)
    app.text_area(key=f"comment-{first}").set_value("a rib over it").run()
    app.button(key="step-next").click().run()
    app.button(key="step-back").click().run()
    assert app.text_area(key=f"comment-{first}").value == "a rib over it"
    app.button(key=f"Agree-{first}").click().run()
    record(app).click().run()
    assert [read["comment"] for read in reviewing.history(home, COMMAND_LINE)] == ["a rib over it"]


def test_what_the_gate_could_not_ask_is_said_beside_the_answer(show, arrive, said, home):
    image = arrive(1)
    assert "unchecked" not in said(show("review", "ann", image=image))
    with opened(home) as db:
        db.execute("UPDATE images SET age_years = NULL, view = NULL")
    told = said(show("review", "ann", image=image))
    assert "Not known, so unchecked: age (made for 1 to 5 years), view (made for AP or PA)." in told


def test_nothing_waiting_says_where_to_go(show, said):
    assert "appear here once they are analysed" in said(show("review", "ann"))


def test_next_and_previous_walk_without_recording(show, arrive, home):
    first, second = arrive(1), arrive(2)
    app = show("review", "ann", image=first)
    app.button(key="step-next").click().run()
    assert app.query_params["image"] == second
    app.button(key="step-back").click().run()
    assert app.query_params["image"] == first
    assert reviewing.history(home, COMMAND_LINE) == []


def test_what_the_model_refused_shows_each_reason_and_can_be_read_all_the_same(show, refuse, said, home):
    reasons = ("no frontal chest X-ray: it looks most like an abdomen.", "underexposed: <b>black</b>.")
    image = refuse(1, "no frontal chest X-ray", reasons)
    app = show("review", "ann", image=image)
    assert "Not analysed" in said(app)
    assert reasons[0] in said(app)
    assert "&lt;b&gt;black" in said(app)
    assert "You can read and label it all the same" in said(app)
    app.button(key=f"Normal-{image}").click().run()
    record(app).click().run()
    [read] = reviewing.history(home, COMMAND_LINE)
    assert (read["image"], read["label"], read["agrees"]) == (image, "Normal", None)


def test_an_image_that_was_put_right_says_so_beside_the_answer(show, arrive, said):
    assert "came inverted" in said(show("review", "ann", image=arrive(1, put_right="inverted")))
    assert "came" not in said(show("review", "ann", image=arrive(2))).replace("came now", "")
