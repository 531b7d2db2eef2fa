"""What other methods draw is kept once, and found again."""

import numpy as np

from cxr_core.store import explanations
from cxr_core.store.explanations import Explanation
from tests.store.rows import add_image, add_model

MAP = np.linspace(0, 1, 49, dtype=np.float32).reshape(7, 7)


def test_what_was_drawn_is_found_as_it_was(db):
    image, model = add_image(db), add_model(db)
    explanations.add(db, image, model, "LayerCAM", Explanation(MAP, "outside"))
    found = explanations.find(db, image, model, "LayerCAM")
    assert np.array_equal(found.heatmap, MAP)
    assert found.doubt == "outside"


def test_a_second_drawing_of_the_same_changes_nothing(db):
    image, model = add_image(db), add_model(db)
    explanations.add(db, image, model, "LayerCAM", Explanation(MAP, None))
    explanations.add(db, image, model, "LayerCAM", Explanation(MAP * 0, "empty"))
    assert explanations.find(db, image, model, "LayerCAM").heatmap.any()


def test_each_method_model_and_image_has_its_own(db):
    image, model = add_image(db), add_model(db)
    explanations.add(db, image, model, "LayerCAM", Explanation(MAP, None))
    assert explanations.find(db, image, model, "EigenCAM") is None
    assert explanations.find(db, image, "another", "LayerCAM") is None
    assert explanations.find(db, "0" * 64, model, "LayerCAM") is None
