"""The lineage page: tables for an opinion, a tree for a patient, and erasing with a second thought."""

from __future__ import annotations

import pytest

from cxr_core.model import release
from cxr_core.records import Label, Reason, Side
from cxr_core.store import audit, models, predictions, training_sets
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import lineage
from cxr_core.work.models.exporting import EXPORT
from cxr_core.work.reading_room import recording

PATIENT = f"{1:08x}" * 3
CODE = PATIENT[:8]
CHILD = "cxr-resnet18-2"


@pytest.fixture
def taught(home, ann, arrive):
    """An image that was flagged, and a model that learnt from it; returns the image's id."""
    image = arrive(1)
    with opened(home) as db:
        prediction = predictions.standing(db, image, None)["id"]
    form = recording.ReadForm(image, prediction, Label.NORMAL, Reason.SKIN_FOLD, "a fold")
    read = recording.submit(home, ann, form)
    item = {"image": image, "label": "Normal", "origin": "flagged", "side": Side.TRAIN, "reads": [{"id": read}]}
    parent = release.card()["name"]
    with opened(home) as db, transaction(db):
        made = training_sets.add(db, {"parent": parent, "items": [item]}, None)
        models.add(db, {**release.card(), "name": CHILD, "parent": parent}, made)
    return image


def test_exported_copies_are_named_before_a_patient_is_erased(show, said, taught, home):
    assert "exported" not in said(asked(show, PATIENT))
    with opened(home) as db, transaction(db):
        (made,) = (row["id"] for row in db.query("SELECT id FROM training_sets"))
        audit.record(db, "eve", EXPORT, made, files=1)
    assert f"by eve (set {made[:8]})" in " ".join(each.value for each in asked(show, PATIENT).warning)


def asked(show, wanted, who="bob"):
    app = show("lineage", who)
    app.text_input(key="of").set_value(wanted)
    return app.run()


def test_it_is_for_admins(show):
    app = show("lineage", "ann")
    assert "for the role admin" in app.warning[0].value
    assert not app.text_input


def test_an_opinion_leads_to_its_model(show, said, taught):
    text = said(asked(show, taught))
    assert PATIENT in text
    assert f"{release.card()['name']} on 20" in text


def test_a_model_leads_to_whose_reads_taught_it(show, said, taught):
    text = said(asked(show, CHILD))
    assert all(word in text for word in ("flagged", "ann", "skin fold", "<td>model</td>", "concurrent", CODE))
    assert f"/models?version={CHILD}" in text


def test_a_patient_leads_to_what_learnt_from_them(show, said, taught):
    text = said(asked(show, PATIENT))
    assert f"{CHILD}</a> <b>trained on</b> (undecided)" in text
    assert "Erasing doesn't reach into weights" in text
    assert "1 read, 1 prediction, 1 image would go" in text


def test_what_is_not_there_is_said(show, taught):
    assert "no such patient" in asked(show, "Moe-20").error[0].value


def test_erasing_needs_the_code_and_a_reason(show, home, taught):
    app = asked(show, PATIENT)
    app.text_input(key="erase-reason").set_value("asked for in writing")
    app.text_input(key="erase-code").set_value("yes")
    app.button(key="erase-now").click().run()
    assert f"type {CODE} to confirm" in app.error[0].value
    app.text_input(key="erase-reason").set_value("")
    app.text_input(key="erase-code").set_value(CODE)
    app.button(key="erase-now").click().run()
    assert "say why" in app.error[0].value
    assert lineage.of_patient(home, COMMAND_LINE, PATIENT).images


def test_an_erased_patient_leaves_tombstones_and_the_models_named(show, said, home, taught):
    app = asked(show, PATIENT)
    app.text_input(key="erase-reason").set_value("asked for in writing")
    app.text_input(key="erase-code").set_value(CODE)
    app.button(key="erase-now").click().run()
    assert not app.error
    text = said(app)
    assert f"{PATIENT} is erased" in text
    assert "by bob: asked for in writing" in text
    assert CHILD in text
    assert not [button for button in app.button if button.key == "erase-now"]
    assert lineage.of_patient(home, COMMAND_LINE, PATIENT).images == []
    assert "is erased" not in said(app.run())  # told once


def test_what_an_erased_read_taught_is_shown_as_erased(show, said, home, taught):
    app = asked(show, PATIENT)
    app.text_input(key="erase-reason").set_value("asked for")
    app.text_input(key="erase-code").set_value(CODE)
    app.button(key="erase-now").click().run()
    text = said(asked(show, CHILD))
    assert "erased 20" in text
    assert "skin fold" not in text
