"""Random changes to training pictures, each alone and all together."""

from __future__ import annotations

import pytest
import torch

from cxr_core.model.augment import Augmentation, augment

NOTHING = Augmentation(flip=0, degrees=0, scale=0, gamma=0)


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def grey():
    return torch.rand(8, 64, 64, generator=generator(0))


def test_nothing_switched_on_changes_nothing(grey):
    assert torch.allclose(augment(grey, NOTHING, generator()), grey, atol=1e-4)


def test_what_comes_out_is_a_picture_of_the_same_shape_in_0_to_1(grey):
    changed = augment(grey, Augmentation(degrees=30, scale=0.4, gamma=1), generator())
    assert changed.shape == grey.shape
    assert (changed.min(), changed.max() <= 1) == (0, True)
    assert not torch.allclose(changed, grey, atol=0.1)


def test_a_flip_mirrors_left_and_right(grey):
    flipped = augment(grey, Augmentation(flip=1, degrees=0, scale=0, gamma=0), generator())
    assert torch.allclose(flipped, grey.flip(-1), atol=1e-4)


def test_about_the_asked_share_is_flipped():
    left = torch.zeros(400, 32, 32)
    left[:, :, :8] = 1
    changed = augment(left, Augmentation(flip=0.25, degrees=0, scale=0, gamma=0), generator())
    assert (changed[:, 16, -1] > 0.5).float().mean().item() == pytest.approx(0.25, abs=0.06)


def test_a_turn_keeps_the_middle_and_stays_within_its_bound():
    picture = torch.zeros(50, 65, 65)
    picture[:, 32, :] = 1
    turned = augment(picture, Augmentation(flip=0, degrees=10, scale=0, gamma=0), generator())
    assert (turned[:, 32, 32] > 0.9).all()
    at_the_edge = turned[:, :, 62].argmax(1) - 32
    assert 0 < at_the_edge.abs().max() <= 6  # 30 columns out, tan(10 degrees) is 5.3 rows
    assert at_the_edge.min() < 0 < at_the_edge.max()


def test_scale_enlarges_and_shrinks_within_its_bound():
    picture = torch.zeros(50, 64, 64)
    picture[:, 16:48, 16:48] = 1
    areas = augment(picture, Augmentation(flip=0, degrees=0, scale=0.1, gamma=0), generator()).sum((1, 2)) / 32**2
    assert 1 / 1.12**2 < areas.min() < 1 < areas.max() < 1 / 0.88**2


def test_gamma_leaves_black_and_white_and_changes_what_is_between():
    picture = torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 3).expand(20, 3, 3).repeat(1, 1, 1)
    changed = augment(picture, Augmentation(flip=0, degrees=0, scale=0, gamma=0.3), generator())[:, 1]
    assert torch.allclose(changed[:, 0], torch.zeros(20), atol=1e-3)
    assert torch.allclose(changed[:, 2], torch.ones(20), atol=1e-3)
    assert 0.5**1.35 - 1e-3 <= changed[:, 1].min() < 0.5 < changed[:, 1].max() <= 0.5**0.74 + 1e-3


def test_the_generator_alone_decides(grey):
    torch.manual_seed(1)
    first = augment(grey, Augmentation(), generator(4))
    torch.manual_seed(2)
    assert torch.equal(augment(grey, Augmentation(), generator(4)), first)
    assert not torch.equal(augment(grey, Augmentation(), generator(5)), first)


def test_what_goes_in_is_left_as_it_was(grey):
    before = grey.clone()
    augment(grey, Augmentation(), generator())
    assert torch.equal(grey, before)
