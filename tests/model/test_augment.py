"""Random changes to training pictures, each alone and all together."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch

from cxr_core.model.augment.batch import augment
from cxr_core.model.augment.options import Augmentation
from cxr_core.model.augment.texture import blur

NOTHING = {field.name: 0.0 for field in fields(Augmentation)}


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


def changed(grey, seed=1, **strengths):
    """`grey` with these changes alone."""
    return augment(grey, Augmentation(**{**NOTHING, **strengths}), generator(seed))


@pytest.fixture
def grey():
    return torch.rand(8, 64, 64, generator=generator(0))


@pytest.fixture
def ramps():
    """Pictures that grow brighter from left to right, each over a range of its own."""
    low = torch.linspace(0, 0.3, 40).view(-1, 1, 1)
    return (low + (0.9 - 2 * low) * torch.linspace(0, 1, 64)).expand(40, 64, 64).clone()


def test_nothing_switched_on_changes_nothing(grey):
    assert torch.allclose(changed(grey), grey, atol=1e-4)


def test_what_comes_out_is_a_picture_of_the_same_shape_in_0_to_1(grey):
    strong = augment(grey, Augmentation(histogram=1, field=0.5, noise=0.5, contrast=1), generator())
    assert strong.shape == grey.shape
    assert strong.min() >= 0
    assert strong.max() <= 1
    assert not torch.allclose(strong, grey, atol=0.1)


@pytest.mark.parametrize("name", list(NOTHING))
def test_every_change_changes_something_by_itself(grey, name):
    assert not torch.allclose(changed(grey, **{name: 0.5}), grey, atol=0.01)


def test_a_flip_mirrors_left_and_right(grey):
    assert torch.allclose(changed(grey, flip=1), grey.flip(-1), atol=1e-4)


def test_about_the_asked_share_is_flipped():
    left = torch.zeros(400, 32, 32)
    left[:, :, :8] = 1
    assert (changed(left, flip=0.25)[:, 16, -1] > 0.5).float().mean().item() == pytest.approx(0.25, abs=0.06)


def test_a_turn_keeps_the_middle_and_stays_within_its_bound():
    picture = torch.zeros(50, 65, 65)
    picture[:, 32, :] = 1
    turned = changed(picture, degrees=10)
    assert (turned[:, 32, 32] > 0.9).all()
    at_the_edge = turned[:, :, 62].argmax(1) - 32
    assert 0 < at_the_edge.abs().max() <= 6  # 30 columns out, tan(10 degrees) is 5.3 rows
    assert at_the_edge.min() < 0 < at_the_edge.max()


def test_scale_enlarges_and_shrinks_within_its_bound():
    picture = torch.zeros(50, 64, 64)
    picture[:, 16:48, 16:48] = 1
    areas = changed(picture, scale=0.1).sum((1, 2)) / 32**2
    assert 1 / 1.13**2 < areas.min() < 0.95
    assert 1.05 < areas.max() < 1.13**2


def test_aspect_makes_one_side_longer_and_the_other_shorter_and_keeps_the_area():
    picture = torch.zeros(50, 128, 128)
    picture[:, 48:80, 48:80] = 1
    seen = changed(picture, aspect=0.3)
    width, height = seen[:, 64, :].sum(1), seen[:, :, 64].sum(1)
    assert torch.allclose(width * height, torch.full((50,), 32.0**2), rtol=0.1)
    assert width.min() < 28 < 36 < width.max() < 32 * 1.4


def test_a_shift_stays_within_its_share_of_half_the_width():
    picture = torch.zeros(80, 100, 100)
    picture[:, 50, 50] = 1
    place = changed(picture, shift=0.2).flatten(1).argmax(1)
    rows, columns = place // 100 - 50, place % 100 - 50
    assert all(8 <= moved.abs().max() <= 10 for moved in (rows, columns))


def test_gamma_leaves_black_and_white_and_changes_what_is_between():
    picture = torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 3).expand(20, 3, 3).clone()
    middle = changed(picture, gamma=0.3)[:, 1]
    assert torch.allclose(middle[:, 0], torch.zeros(20), atol=1e-3)
    assert torch.allclose(middle[:, 2], torch.ones(20), atol=1e-3)
    assert 0.5**1.35 - 1e-3 <= middle[:, 1].min() < 0.5 < middle[:, 1].max() <= 0.5**0.74 + 1e-3


@pytest.mark.parametrize("strength", [{"gamma": 0.5}, {"contrast": 0.4}, {"histogram": 1.0}], ids=str)
def test_tone_keeps_brighter_what_is_brighter(ramps, strength):
    row = changed(ramps, **strength)[:, 32]
    assert (row.diff(dim=1) >= -1e-4).all()
    assert not torch.allclose(row, ramps[:, 32], atol=0.02)


def test_a_histogram_transfer_takes_another_pictures_values_and_keeps_its_own_shape(ramps):
    seen = changed(ramps, histogram=1.0)
    spans = ramps.amax((1, 2)) - ramps.amin((1, 2))
    taken = seen.amax((1, 2)) - seen.amin((1, 2))
    assert spans.min() - 1e-3 <= taken.min() <= taken.max() <= spans.max() + 1e-3
    assert (taken - spans).abs().max() > 0.2


def test_sharpness_blurs_some_pictures_and_sharpens_others(grey):
    many = grey.repeat(10, 1, 1) * 0.4 + 0.3
    spread = changed(many, sharpness=0.8).std((1, 2)) / many.std((1, 2))
    assert spread.min() < 0.8 < 1.2 < spread.max()


def test_a_blur_keeps_the_mean_and_has_the_deviation_that_was_asked_for():
    point = torch.zeros(1, 41, 41)
    point[0, 20, 20] = 1
    spread = blur(point, 2.0)[0]
    offsets = torch.arange(41.0) - 20
    assert spread.sum().item() == pytest.approx(1, abs=1e-4)
    assert (spread.sum(0) * offsets**2).sum().sqrt().item() == pytest.approx(2, rel=0.05)


def test_noise_stays_below_its_deviation():
    deviation = changed(torch.full((40, 64, 64), 0.5), noise=0.1).std((1, 2))
    assert deviation.min() < 0.03 < 0.07 < deviation.max() < 0.105


def test_collimation_covers_edges_and_never_the_middle():
    seen = changed(torch.full((200, 50, 50), 0.4321), collimation=1.0)
    covered = (seen - 0.4321).abs() > 1e-4
    assert not covered[:, 8:-8, 8:-8].any()
    assert 0.5 < covered.flatten(1).any(1).float().mean() < 1
    assert (seen[covered] == 0).float().mean() > 0.5  # most collimators leave black


def test_erasing_covers_rectangles_in_one_grey_each():
    seen = changed(torch.full((100, 64, 64), 0.4321), erasing=0.5)
    greys = torch.tensor([len(picture.round(decimals=3).unique()) for picture in seen])
    assert set(greys.tolist()) <= {1, 2, 3}  # the picture, and at most two rectangles
    assert (greys > 1).float().mean().item() == pytest.approx(0.5, abs=0.15)


def test_the_generator_alone_decides(grey):
    torch.manual_seed(1)
    first = augment(grey, Augmentation(), generator(4))
    torch.manual_seed(2)
    assert torch.equal(augment(grey, Augmentation(), generator(4)), first)
    assert not torch.equal(augment(grey, Augmentation(), generator(5)), first)


def test_what_goes_in_is_left_as_it_was(grey):
    before = grey.clone()
    augment(grey, Augmentation(histogram=1, erasing=1, collimation=1), generator())
    assert torch.equal(grey, before)
