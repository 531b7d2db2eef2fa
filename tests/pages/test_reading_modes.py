"""The review page and the worklist, where the model's opinion comes later or never, and where others read, too."""

from __future__ import annotations

import json

import pytest

from cxr_core.records import Label, Mode, Role
from cxr_core.store.db import opened
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.reading_room import listing, recording, reviewing
from tests.pages.forms import record


@pytest.fixture
def in_mode(home, arrive):
    """Put an image into the home that is to be read in a mode. Returns the image's id."""

    def add(number: int, mode: Mode, **more: int) -> str:
        image = arrive(number, 0.876)
        with opened(home) as db:
            db.table("images").update(image, {"mode": mode.value, **more})
        return image

    return add


@pytest.fixture
def ben(home):
    """Another radiologist."""
    return radiologist(home, "ben")


def radiologist(home, name):
    return people.add_user(home, COMMAND_LINE, name, Role.RADIOLOGIST, "a long password")


def drawn(app):
    """What the viewer is given to draw."""
    return json.loads(app.get("bidi_component")[0].proto.json)


def test_a_second_reader_says_theirs_then_sees_the_models_and_says_the_final_word(show, in_mode, said, home):
    first, second = in_mode(1, Mode.SECOND_READER), in_mode(2, Mode.SECOND_READER)
    app = show("review", "ann", image=first)
    assert "Your opinion first" in said(app)
    assert "once yours is recorded" in said(app)
    assert "88 %" not in said(app)
    assert drawn(app)["heatmap"] is None
    assert [button.label for button in app.button][:2] == ["Normal", "Pneumonia"]
    app.button(key=f"Normal-{first}").click().run()
    assert record(app).label == "Record: Normal, and reveal"
    record(app).click().run()
    assert app.query_params["image"] == first
    assert "88 %" in said(app)
    assert drawn(app)["heatmap"] is not None
    assert 'You said <b class="Normal">Normal</b>' in said(app)
    assert record(app).label == "Choose an answer", "the final one isn't given by pressing Enter again"
    app.button(key=f"Agree-{first}").click().run()
    record(app).click().run()
    assert app.query_params["image"] == second
    assert [read["label"] for read in reviewing.history(home, COMMAND_LINE)] == ["Pneumonia", "Normal"]


def test_a_blinded_reader_goes_on_without_having_seen_the_model(show, in_mode, said):
    first, second = in_mode(1, Mode.BLINDED), in_mode(2, Mode.BLINDED)
    app = show("review", "ann", image=first)
    assert "read without the model" in said(app)
    app.button(key=f"Pneumonia-{first}").click().run()
    record(app).click().run()
    assert app.query_params["image"] == second
    app = show("review", "ann", image=first)
    assert "88 %" not in said(app)
    assert "agrees" not in said(app)


def test_a_case_that_somebody_else_has_open_can_be_looked_at_and_not_read(show, arrive, home, ben, said):
    image = arrive(1)
    recording.claim(home, ben, image)
    app = show("review", "ann", image=image)
    assert "Somebody else reads this case" in said(app)
    assert not [button.key for button in app.button if button.key.startswith("record")]


def test_looking_at_a_case_claims_it_and_going_on_leaves_it(show, arrive, home, ben):
    first, _ = arrive(1), arrive(2)
    app = show("review", "ann", image=first)
    assert not recording.claim(home, ben, first)
    app.button(key="step-next").click().run()
    assert recording.claim(home, ben, first)


def test_reads_are_taken_back_one_after_the_other_where_they_were_recorded(show, arrive, home, said):
    first, second, _ = arrive(1), arrive(2), arrive(3)
    app = show("review", "ann", image=first)
    for image in (first, second):
        app.button(key=f"Agree-{image}").click().run()
        record(app).click().run()
    assert "Recorded" in said(app)
    app.button(key="undo-2").click().run()
    assert app.query_params["image"] == second
    assert 'Taken back: <b class="Pneumonia">Pneumonia</b>' in said(app)
    app.button(key="undo-1").click().run()
    assert app.query_params["image"] == first
    assert reviewing.counts(home, COMMAND_LINE)["waiting"] == 3
    assert not [button.key for button in app.button if button.key.startswith("undo")]
    app.button(key=f"Agree-{first}").click().run()
    record(app).click().run()
    app = app.button(key="step-back").click().run()
    assert "Taken back" not in said(app)
    assert "Undo" in [button.label for button in app.button], "also where the read is looked at again"


def test_the_worklist_tells_why_a_case_stands_where_it_does_and_hides_what_is_hidden(show, in_mode, arrive):
    hidden, shown = in_mode(1, Mode.SECOND_READER), arrive(2)
    table = show("worklist", "ann").dataframe[0].value
    assert list(table["Because"]) == ["waiting time"] * 2
    assert list(table["Model says"]) == ["", "Pneumonia"]
    assert list(table["Read as"]) == ["second reader", "concurrent"]
    assert table["Probability"].isna().tolist() == [True, False]
    assert list(table["Patient"]) == [hidden[-8:], shown[-8:]]


def test_an_admin_changes_how_lists_are_read_and_the_worklist_then_has_them(show, in_mode, home):
    assert "list" not in [control.key for control in show("worklist", "ann").get("button_group")]
    image = in_mode(1, Mode.BLINDED, worklist=2)
    app = show("lists", "bob")
    app.radio[0].set_value(Mode.SECOND_READER)
    app.button[0].click().run()
    [share] = [
        field for field in app.number_input if field.label.startswith("Drawn for this list") and not field.disabled
    ]
    share.set_value(25.0)
    app.button[1].click().run()
    reading, audit = listing.worklists(home, COMMAND_LINE)
    assert (reading.mode, audit.share) == (Mode.SECOND_READER, 0.25)
    app = show("worklist", "ann", list="Audit")
    assert list(app.dataframe[0].value["Patient"]) == [image[-8:]]


def test_a_list_of_which_nothing_is_drawn_any_more_is_offered_while_something_waits_on_it(show, in_mode, arrive):
    arrive(1)
    assert [group.key for group in show("worklist", "ann").get("button_group")] == ["show"]
    in_mode(2, Mode.BLINDED, worklist=2)
    assert [group.key for group in show("worklist", "ann").get("button_group")] == ["list", "show"]


def test_a_setting_that_tells_too_much_is_refused_in_words(show, home):
    app = show("lists", "bob")
    app.radio[0].set_value(Mode.BLINDED)
    app.radio[1].set_value("suspicion")
    app.button[0].click().run()
    assert "that order tells what the model says" in app.error[0].value
    assert listing.worklists(home, COMMAND_LINE)[0].mode is Mode.CONCURRENT


def test_what_readers_do_is_a_row_a_month_and_few_reads_have_no_share(show, arrive, home, ann, said):
    for number in range(1, 13):
        prediction = reviewing.case(home, ann, arrive(number)).prediction["id"]
        recording.submit(home, ann, recording.ReadForm(f"{number:064x}", prediction, Label.PNEUMONIA, seconds=7.0))
    text = said(show("readers", "bob"))
    assert '<td class="number">12</td>' in text
    assert "100% <span" in text
    assert "too few" in text
    assert "ann" not in text.replace("Cannot", "")


def test_an_earlier_x_ray_is_offered_with_what_was_said_of_it_then(show, arrive, home):
    earlier, image = arrive(1, 0.3), arrive(2)
    with opened(home) as db:
        patient = db.table("images").get(image)["patient"]
        db.table("images").update(earlier, {"patient": patient, "received_at": "2026-01-02T03:04:05.000000+00:00"})
    app = show("review", "ann", image=image)
    assert drawn(app)["prior"] == {"url": f"/images/{earlier}", "title": "came 2026-01-02 03:04 · Pneumonia 30 %"}
    assert app.selectbox(key=f"prior-{image}").options == ["came 2026-01-02 03:04 · Pneumonia 30 %"]
    assert drawn(show("review", "ann", image=earlier))["prior"] is None


def test_the_more_read_a_list_the_fewer_cases_are_fetched_ahead(show, in_mode, ben, home):
    own, *others = [in_mode(number, Mode.CONCURRENT) for number in range(1, 8)]
    found = [ahead(show, own)]
    for number, reader in enumerate((ben, *(radiologist(home, name) for name in ("cay", "dan")))):
        recording.claim(home, reader, others[-1 - number])
        found.append(ahead(show, own))
    assert found == [others[:3], others[:2], others[:1], []]


def ahead(show, image):
    """The cases whose pictures a browser fetches ahead."""
    return [each["image"] for each in drawn(show("review", "ann", image=image))["next"]]
