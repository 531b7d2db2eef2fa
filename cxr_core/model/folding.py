"""Copies of a network that compute the same with less work: norms folded into convolutions, weights in bfloat16."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from cxr_core.model.network import Network
from cxr_core.model.preprocess import Preprocessing

PAIRS = (("conv1", "bn1"), ("conv2", "bn2"), ("0", "1"))
"""Where torchvision's ResNet has a batch norm behind a convolution; the last is in a downsampling."""


def mean_of(rule: Preprocessing) -> Tensor:
    """What `centred` subtracts, 1 x 3 x 1 x 1."""
    return torch.tensor(rule.mean).view(1, 3, 1, 1)


def centred(grey: Tensor, mean: Tensor) -> Tensor:
    """n x size x size in 0..1 to n x 3 x size x size, less ImageNet's mean: what a folded network takes."""
    return (grey.unsqueeze(1) - mean).contiguous(memory_format=torch.channels_last)


def folded(network: Network, rule: Preprocessing) -> Network:
    """A copy whose convolutions do the work of their batch norms, the first one that of the input's deviation, too.

    It takes `centred` images; only the last bits of what it gives differ.
    """
    lean: Network = copy.deepcopy(network).eval().requires_grad_(False)
    for module in list(lean.modules()):
        for conv, norm in PAIRS:
            if isinstance(getattr(module, norm, None), nn.BatchNorm2d):
                setattr(module, conv, fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm)))
                setattr(module, norm, nn.Identity())
    lean.conv1.weight.div_(torch.tensor(rule.std).view(1, 3, 1, 1))
    return lean.to(memory_format=torch.channels_last)


def in_bfloat16_steps(network: Network, rule: Preprocessing) -> Network:
    """A folded copy, still float32, whose convolutions have weights that bfloat16 holds exactly."""
    lean = folded(network, rule)
    for module in lean.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.copy_(rounded(module.weight))
    return lean


def rounded(weights: Tensor) -> Tensor:
    """`weights` (out x in x rows x columns) in steps of bfloat16, each weight taking over its predecessor's error.

    So the sum of a kernel stays what it was, to a step, and X-rays are smooth: what counts is the sum. This is error
    diffusion (Floyd and Steinberg 1976). With each weight rounded for itself, logits move three times as far.
    """
    flat = weights.reshape(weights.shape[0] * weights.shape[1], -1)
    steps, error = torch.empty_like(flat), torch.zeros(len(flat))
    for place in range(flat.shape[1]):
        wanted = flat[:, place] + error
        steps[:, place] = wanted.bfloat16().float()
        error = wanted - steps[:, place]
    return steps.reshape(weights.shape)
