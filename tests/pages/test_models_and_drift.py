"""The pages that only show."""

from __future__ import annotations

from cxr_core.model import release


def test_the_first_release_is_described_in_words(show, said):
    text = said(show("models", "ann"))
    assert release.card()["intended"]["description"] in text
    assert "in use" in text
    assert "locked patients" in text


def test_every_part_of_the_classification_report_is_shown(show, said):
    text = said(show("models", "ann"))
    assert all(name in text for name in ("Normal", "Pneumonia", "Precision", "Recall", "F1"))


def test_a_handful_of_images_is_too_few_to_say_anything(show, arrive, said):
    for number in range(5):
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


def test_no_predictions_say_what_to_do(show, said):
    assert "Upload X-rays on the worklist" in said(show("drift", "ann"))
