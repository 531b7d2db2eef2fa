"""The pages that show which models there are and whether what comes in has changed."""

from __future__ import annotations

import json

import pytest

from cxr_core.model import release
from cxr_core.records import Label, Role, User
from cxr_core.store import models, predictions
from cxr_core.store.db import opened
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import registry, stopping
from tests.store.rows import opinion

FIRST, SECOND = release.card()["name"], "cxr-resnet18-2"


def tree(app):
    return json.loads(app.get("bidi_component")[0].proto.json)["html"]


def part(app, name):
    """The page with this part of it chosen."""
    return app.segmented_control[0].set_value(name).run()


def row(model, auc, roc):
    return {
        "model": model, "n": 40, "auc": auc, "auc_ci95": [0.9, 0.99], "accuracy": 0.9, "sensitivity": 0.8,
        "specificity": 0.95, "uncertain_rate": 0.1, "ece": 0.05, "refused": 2, "confusion": [[19, 1], [4, 16]], **roc,
    }  # fmt: skip


@pytest.fixture
def second(home):
    """A candidate with a gate report, in which it has a ROC curve and the release has none."""
    curve = {"roc": [[0, 0], [0, 0.8], [0.1, 1], [1, 1]]}
    gate = {"passed": True, "reasons": [], "compared": [row(SECOND, 0.971, curve), row(FIRST, 0.962, {})]}
    card = {**release.card(), "name": SECOND, "parent": FIRST, "metrics": {**release.card()["metrics"], "gate": gate}}
    with opened(home) as db:
        models.add(db, card)
    return SECOND


def test_the_family_stands_above_with_the_one_in_use_chosen(show, second):
    app = show("models", "ann")
    assert not app.exception
    assert f'data-version="{FIRST}" class=chosen' in tree(app)
    assert f'data-version="{second}">' in tree(app)


@pytest.mark.parametrize(("asked", "shown"), [(SECOND, SECOND), ("no-such-version", FIRST)])
def test_the_address_names_the_version_whose_card_is_shown(show, said, second, asked, shown):
    app = show("models", "ann", version=asked)
    assert f'data-version="{shown}" class=chosen' in tree(app)
    assert ("not decided" in said(app) or "candidate" in said(app)) == (shown == second)


def test_side_by_side_has_the_figures_and_says_whose_curve_is_not_there(show, said, second):
    app = part(show("models", "ann", version=second), "Side by side")
    text = said(app)
    assert not app.exception
    assert app.multiselect[0].value == [second, FIRST]
    assert all(figure in text for figure in ("0.971 (0.900 to 0.990)", "0.962", "95.0 %", "5.0 %"))
    assert f"from the gate report of {second}" in text
    assert f"No curve of {FIRST}" in text
    assert len(app.get("plotly_chart")) == 1


def test_versions_that_no_report_compared_are_told_by_their_own_cards(show, said, home, second):
    with opened(home) as db:
        models.add(db, {**release.card(), "name": "cxr-resnet18-3", "parent": FIRST, "metrics": {}})
    app = part(show("models", "ann", version="cxr-resnet18-3"), "Side by side")
    app.multiselect[0].set_value(["cxr-resnet18-3", second]).run()
    assert not app.exception
    assert "no gate report has all of these" in said(app)
    app.multiselect[0].set_value([second]).run()
    assert "Choose two to four versions" in said(app)


def test_one_case_tells_what_each_version_said(show, said, arrive, home, second):
    image = arrive(0xABC, 0.9)
    with opened(home) as db:
        predictions.add(db, image, second, opinion(0.123, Label.NORMAL))
    text = said(show("models", "ann", image=image))
    assert "90.0 %" in text and "12.3 %" in text
    assert "never saw it" not in text
    other = arrive(0xDEF)
    assert "never saw it" in said(show("models", "ann", image=other))


def test_one_case_keeps_hidden_what_its_reader_may_not_see_yet(show, said, arrive, home):
    image = arrive(1, 0.987)
    with opened(home) as db:
        db.execute("UPDATE images SET mode = 'second reader'")
    text = said(show("models", "ann", image=image))
    assert "after your own opinion" in text
    assert "98.7" not in text and "Pneumonia" not in text
    assert "98.7 %" in said(show("models", "bob", image=image))


def test_one_case_says_that_a_stop_hides_what_was_said(show, said, arrive, home):
    image = arrive(1, 0.987)
    eve = people.add_user(home, COMMAND_LINE, "eve", Role.ADMIN, "a long password")
    stopping.stop(home, eve, "the tube was changed")
    text = said(show("models", "bob", image=image))
    assert "by eve: the tube was changed" in text
    assert "98.7" not in text


def test_an_image_that_is_not_there_is_told_so(show, said):
    assert "there is no image" in said(show("models", "ann", image="abcdef"))


def test_an_image_that_is_typed_stands_in_the_address(show, said, arrive):
    image = arrive(0xABC, 0.9)
    app = part(show("models", "ann"), "One case")
    assert "Type an image" in said(app)
    app.text_input[0].set_value(image[:63]).run()
    assert app.query_params["image"] == image[:63]
    assert "90.0 %" in said(app)


def test_an_admin_retires_a_version_with_a_reason_and_a_radiologist_has_no_button(show, said, home, second):
    assert not any(button.key == "retire" for button in show("models", "ann", version=second).button)
    app = show("models", "bob", version=second)
    app.button(key="retire").click().run()
    assert "say why, in a sentence" in said(app)
    app.text_input(key=f"reason-retire-{second}").set_value("learnt from a faulty detector")
    app.button(key="retire").click().run()
    assert "faulty detector" in said(app)
    assert not any(button.key == "retire" for button in app.button)
    (_, retired) = registry.family(home, User(0, "a test", Role.ADMIN))
    assert retired.state == registry.State.RETIRED
    assert "is in use: put another version to use first" in said(show("models", "bob"))


def test_the_first_release_is_described_in_words(show, said):
    text = said(show("models", "ann"))
    assert release.card()["intended"]["description"] in text
    assert "in use" in text
    assert "locked patients" in text


def test_every_part_of_the_classification_report_is_shown(show, said):
    text = said(show("models", "ann"))
    assert all(name in text for name in ("Normal", "Pneumonia", "Precision", "Recall", "F1"))


def test_a_handful_of_images_is_too_few_to_say_anything(show, arrive, said):
    for number in range(2):
        arrive(number)
    text = said(show("drift", "ann"))
    assert "Too few images to say" in text
    assert "alarm" not in text


def test_a_signal_far_from_the_reference_is_named_with_what_it_usually_means(show, arrive, said):
    for number in range(60):
        arrive(number, 0.5)
    text = said(show("drift", "ann"))
    assert "Confidence of the model" in text
    assert "Pictures that the model finds harder" in text
    assert "Expected of 60 answers" in text


def test_no_predictions_say_what_to_do(show, said):
    assert "Upload X-rays on the worklist" in said(show("drift", "ann"))
