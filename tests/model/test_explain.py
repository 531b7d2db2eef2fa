"""The closed form of Grad-CAM, held against the library's, which needs a backward pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cxr_core.model.explain import as_picture, grad_cam
from cxr_core.model.network import feature_maps, new_network, normalise
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


def test_the_heatmap_is_the_one_that_grad_cam_draws(shipped, grey):
    ours = forward(shipped.network, grey, RULE).heatmaps
    pictures = np.stack([as_picture(heatmap, 224) for heatmap in ours])
    reference = library_pictures(shipped.network, grey)
    assert reference.max() > 0.99
    assert np.abs(pictures - reference).max() < 1e-5


def test_it_is_the_same_for_any_weights(grey):
    network = new_network("none", seed=3).eval()
    ours = forward(network, grey[:2], RULE).heatmaps
    pictures = np.stack([as_picture(heatmap, 224) for heatmap in ours])
    assert np.abs(pictures - library_pictures(network, grey[:2])).max() < 1e-5


def test_without_the_relu_the_cells_add_up_to_the_logit_less_its_bias(shipped, grey):
    network = shipped.network
    with torch.no_grad():
        batch = normalise(torch.from_numpy(grey), RULE)
        maps = feature_maps(network, batch)
        weights = network.fc.weight[PNEUMONIA]
        unclipped = grad_cam(maps, weights) - grad_cam(maps, -weights)
        evidence = network(batch)[:, PNEUMONIA] - network.fc.bias[PNEUMONIA]
    assert torch.allclose(unclipped.sum((1, 2)), evidence, atol=1e-4)


def test_evidence_is_never_negative_and_is_seven_by_seven(shipped, grey):
    heatmaps = forward(shipped.network, grey, RULE).heatmaps
    assert heatmaps.shape == (len(grey), 7, 7)
    assert heatmaps.min() >= 0


def test_a_map_where_nothing_speaks_for_the_class_stays_black():
    assert not as_picture(np.zeros((7, 7), np.float32), 224).any()


def test_a_picture_fills_0_to_1_and_puts_the_peak_where_the_map_has_it():
    heatmap = np.zeros((7, 7), np.float32)
    heatmap[1, 5] = 0.2
    drawn = as_picture(heatmap, 224)
    assert (drawn.min(), round(float(drawn.max()), 5)) == (0, 1)
    row, column = np.unravel_index(drawn.argmax(), drawn.shape)
    assert (row // 32, column // 32) == (1, 5)
