"""The closed form of Grad-CAM, held against the library's, which needs a backward pass."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from cxr_core.model.explain import grad_cam, on_scale
from cxr_core.model.network import maps_and_traits, new_network, normalise
from cxr_core.model.predict import PNEUMONIA, forward
from cxr_core.model.preprocess import Preprocessing, to_grey
from tests.model.chests import chest, plain

# After the network's module, which makes torchvision importable for it.
from pytorch_grad_cam import GradCAM  # isort: skip
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # isort: skip

RULE = Preprocessing()


@pytest.fixture(scope="module")
def grey():
    """Chests, a ramp, noise, and a flat film."""
    chests = [to_grey(plain(chest(n, n % 2 == 0)), RULE) for n in range(4)]
    ramp = np.linspace(0, 1, 224, dtype=np.float32)[None].repeat(224, 0)
    noise = np.random.default_rng(0).random((224, 224), np.float32)
    return np.stack([*chests, ramp, noise, np.zeros_like(noise)])


def library_pictures(network, grey):
    """What grad-cam draws; the images go through one by one, outside inference mode."""
    with GradCAM(model=network, target_layers=[network.layer4[-1]]) as cam:
        drawn = [
            cam(
                input_tensor=normalise(torch.from_numpy(image[None]), RULE), targets=[ClassifierOutputTarget(PNEUMONIA)]
            )
            for image in grey
        ]
    assert len(drawn) == len(grey)  # the library's `with` swallows an IndexError
    return np.concatenate(drawn)


def as_the_library_scales(heatmap):
    """Min-max, enlarged bilinearly, min-max again; an all-zero map stays zero."""
    return min_max(cv2.resize(min_max(heatmap), (224, 224), interpolation=cv2.INTER_LINEAR))


def min_max(image):
    shifted = image - image.min()
    return shifted / (1e-7 + shifted.max())


def test_the_heatmap_is_the_one_that_grad_cam_draws(shipped, grey):
    ours = forward(shipped.network, grey, RULE).heatmaps
    pictures = np.stack([as_the_library_scales(heatmap) for heatmap in ours])
    reference = library_pictures(shipped.network, grey)
    assert reference.max() > 0.99
    assert np.abs(pictures - reference).max() < 1e-5


def test_it_is_the_same_for_any_weights(grey):
    network = new_network("none", seed=3).eval()
    ours = forward(network, grey[:2], RULE).heatmaps
    pictures = np.stack([as_the_library_scales(heatmap) for heatmap in ours])
    assert np.abs(pictures - library_pictures(network, grey[:2])).max() < 1e-5


def test_without_the_relu_the_cells_add_up_to_the_logit_less_its_bias(shipped, grey):
    network = shipped.network
    with torch.no_grad():
        batch = normalise(torch.from_numpy(grey), RULE)
        maps, _ = maps_and_traits(network, batch)
        weights = network.fc.weight[PNEUMONIA]
        unclipped = grad_cam(maps, weights) - grad_cam(maps, -weights)
        evidence = network(batch)[:, PNEUMONIA] - network.fc.bias[PNEUMONIA]
    assert torch.allclose(unclipped.sum((1, 2)), evidence, atol=1e-4)


def test_evidence_is_never_negative_and_is_seven_by_seven(shipped, grey):
    heatmaps = forward(shipped.network, grey, RULE).heatmaps
    assert heatmaps.shape == (len(grey), 7, 7)
    assert heatmaps.min() >= 0


def test_a_map_is_drawn_on_its_scale_and_never_stretched():
    heatmap = np.full((7, 7), 0.1, np.float32)
    heatmap[1, 5] = 0.3
    drawn = on_scale(heatmap, 0.4, 224)
    assert drawn.shape == (224, 224)
    assert (drawn.min(), drawn.max()) == (pytest.approx(0.25), pytest.approx(0.75, abs=0.02))
    row, column = np.unravel_index(drawn.argmax(), drawn.shape)
    assert (row // 32, column // 32) == (1, 5)


def test_what_is_beyond_the_scale_is_its_end_and_nothing_stays_black():
    assert on_scale(np.full((7, 7), 3.0, np.float32), 0.4, 14).min() == 1
    assert not on_scale(np.zeros((7, 7), np.float32), 0.4, 14).any()
