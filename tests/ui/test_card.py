"""A model's recipe in words."""

from __future__ import annotations

from cxr_core.ui.card import _recipe


def test_a_recipe_is_told_with_how_images_change_and_with_what_differs_afterwards():
    then = {"stages": [[224, 4]], "optimiser": "adamw", "mixup": 0.0, "augmentation": {"degrees": 7.0, "flip": 0.5}}
    recipe = {
        "stages": [[128, 24]], "optimiser": "adamw", "mixup": 0.0,
        "augmentation": {"degrees": 15.0, "flip": 0.5, "shear": 0.0}, "then": then,
    }  # fmt: skip
    assert _recipe(recipe) == [
        ("Recipe", "stages: [[128, 24]]; optimiser: adamw"),
        ("Images changed", "degrees: 15; flip: 0.5"),
        ("Then", "stages: [[224, 4]]; augmentation: degrees 7"),
    ]


def test_a_recipe_that_changes_no_image_and_ends_there_has_one_row():
    assert _recipe({"trained": "head", "epochs": 10}) == [("Recipe", "trained: head; epochs: 10")]
