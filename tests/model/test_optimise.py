"""How weights move, on problems whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from cxr_core.errors import ModelError
from cxr_core.model.network import new_network
from cxr_core.model.optimise import follow, optimiser_of, set_pace, step
from cxr_core.model.recipe import Recipe

RECIPE = Recipe(stages=((32, 10),))
NOTHING = torch.nn.Identity()
"""The network of a loss that needs none."""


def bowl(weight):
    """A loss with its lowest point at 3."""
    return ((weight - 3) ** 2).sum()


@pytest.mark.parametrize("sharpness", [0.0, 0.1])
def test_steps_lead_to_the_lowest_point(sharpness):
    weight = torch.zeros(2, requires_grad=True)
    optimiser = torch.optim.SGD([weight], 0.1)
    losses = [float(step(NOTHING, optimiser, lambda: bowl(weight), sharpness)) for _ in range(60)]
    assert losses[0] == 18
    assert losses[-1] < 0.05
    assert torch.allclose(weight.detach(), torch.full((2,), 3.0), atol=0.15)


def test_a_sharpness_aware_step_looks_uphill_and_starts_from_where_it_was():
    weight = torch.tensor([1.0], requires_grad=True)
    step(NOTHING, torch.optim.SGD([weight], 0.1), lambda: bowl(weight), sharpness=0.5)
    assert weight.item() == pytest.approx(1 - 0.1 * 2 * (0.5 - 3))  # the slope at 0.5, half a step uphill from 1


def test_a_step_with_a_look_uphill_keeps_the_statistics_of_a_plain_one():
    def statistics(sharpness):
        network = new_network("none", 1).train()
        images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
        optimiser = torch.optim.SGD(network.parameters(), 0.1)
        step(network, optimiser, lambda: functional.cross_entropy(network(images), torch.tensor([0, 1] * 2)), sharpness)
        return dict(network.named_buffers())

    plain, sharp = statistics(0.0), statistics(0.5)
    assert all(torch.equal(plain[name], sharp[name]) for name in plain)


def test_the_pace_warms_up_and_falls_to_a_hundredth():
    optimiser = optimiser_of(new_network("none", 1), replace(RECIPE, body_share=0.1))
    paces = []
    for epoch in (0, 0.5, 1, 5, 10):
        set_pace(optimiser, RECIPE, epoch)
        paces.append(optimiser.param_groups[0]["lr"] / RECIPE.learning_rate)
        assert optimiser.param_groups[1]["lr"] == pytest.approx(0.1 * optimiser.param_groups[0]["lr"])
    assert paces[0] == pytest.approx(0.05)
    assert paces[0] < paces[1] < paces[2] > paces[3] > paces[4]
    assert paces[4] == pytest.approx(0.01)


@pytest.mark.parametrize(("name", "kind"), [("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)])
def test_the_optimiser_is_the_recipes(name, kind):
    found = optimiser_of(new_network("none", 1), replace(RECIPE, optimiser=name, weight_decay=0.01))
    assert isinstance(found, kind)
    assert {group["weight_decay"] for group in found.param_groups} == {0.01}


def test_an_unknown_optimiser_is_refused_by_name():
    with pytest.raises(ModelError, match="optimiser 'lion': choose one of adam, adamw, sgd"):
        replace(RECIPE, optimiser="lion")


def test_an_average_follows_slowly_once_it_is_old_and_quickly_while_it_is_young():
    average, network = new_network("none", 1), new_network("none", 2)
    start, goal = average.fc.weight.clone(), network.fc.weight
    follow(average, network, 0.99, steps=0)
    assert torch.allclose(average.fc.weight, torch.lerp(start, goal, 0.9), atol=1e-6)
    before = average.fc.weight.clone()
    follow(average, network, 0.99, steps=100_000)
    assert torch.allclose(average.fc.weight, torch.lerp(before, goal, 0.01), atol=1e-6)


def test_an_average_counts_its_batches_as_the_network_does():
    average, network = new_network("none", 1), new_network("none", 2)
    network.bn1.num_batches_tracked += 7
    follow(average, network, 0.99, steps=5)
    assert int(average.bn1.num_batches_tracked) == 7
