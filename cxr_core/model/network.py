"""torchvision's ResNet18 with two outputs, and the one forward pass that says everything."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from cxr_core.errors import ModelError
from cxr_core.model import torchvision_import  # noqa: F401  (must come before torchvision)
from cxr_core.model.preprocess import Preprocessing

from torchvision.models import ResNet18_Weights, resnet18  # isort: skip
from torchvision.models.resnet import ResNet  # isort: skip

Network: TypeAlias = ResNet
"""What everything here calls a network: torchvision's ResNet."""


def new_network(base: str, seed: int) -> Network:
    """A ResNet18 with 2 outputs from `base`: `none`, `imagenet` (fetched by torchvision), or a file.

    Raises ModelError if the file isn't such a network.
    """
    torch.manual_seed(seed)
    network = resnet18(weights=ResNet18_Weights.IMAGENET1K_V1 if base == "imagenet" else None)
    network.fc = nn.Linear(network.fc.in_features, 2)
    if base not in ("none", "imagenet"):
        load_tensors(network, _tensors(_existing(base).read_bytes(), base), base)
    return network


def to_file(network: Network, parent: Network | None = None) -> bytes:
    """The network's tensors as safetensors, floats in half precision; beside a parent, only what differs from it."""
    half = {name: _half(tensor) for name, tensor in network.state_dict().items()}
    if parent is not None:
        before = {name: _half(tensor) for name, tensor in parent.state_dict().items()}
        half = {name: tensor for name, tensor in half.items() if not torch.equal(tensor, before[name])}
    return save(half)


def from_files(*files: bytes, name: str) -> Network:
    """The network of a release's file and, in order, its descendants' changes; raises ModelError unless they fit."""
    tensors: dict[str, Tensor] = {}
    for file in files:
        tensors |= _tensors(file, name)
    network = new_network("none", seed=0)
    load_tensors(network, tensors, name)
    return network.eval().to(memory_format=torch.channels_last)


def _tensors(file: bytes, name: str) -> dict[str, Tensor]:
    try:
        tensors = load(file)
    except SafetensorError as error:
        raise ModelError(f"{name} is not a safetensors file: {error}") from error
    return {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}


def _half(tensor: Tensor) -> Tensor:
    return tensor.half().contiguous() if tensor.is_floating_point() else tensor.contiguous()


def load_tensors(network: Network, tensors: dict[str, Tensor], name: str) -> None:
    """Fill `network` with `tensors` (any float type); raises ModelError unless all of them fit."""
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise ModelError(f"{name} does not hold the weights of a ResNet18 with 2 outputs: {error}") from error


def normalise(grey: Tensor, rule: Preprocessing) -> Tensor:
    """n x size x size in 0..1 to n x 3 x size x size with ImageNet's mean and deviation."""
    mean, std = (
        torch.tensor(each).view(1, 3, 1, 1).to(grey.device, non_blocking=True) for each in (rule.mean, rule.std)
    )
    return (grey.unsqueeze(1) - mean).div_(std).contiguous(memory_format=torch.channels_last)


def maps_and_traits(network: Network, batch: Tensor) -> tuple[Tensor, Tensor]:
    """The last block's output, n x 512 x 7 x 7, and the traits, n x 448: channel means of the blocks before it.

    For an input of n x 3 x 224 x 224, as normalise gives it.
    Earlier blocks still know what the last one has learnt to overlook, such as that this is no X-ray at all.
    """
    x = network.maxpool(network.relu(network.bn1(network.conv1(batch))))
    traits = []
    for block in (network.layer1, network.layer2, network.layer3):
        x = block(x)
        traits.append(x.mean((2, 3), dtype=torch.float32))
    return network.layer4(x), torch.cat(traits, 1)


def _existing(path: str) -> Path:
    if not Path(path).is_file():
        raise ModelError(f"--base {path}: there is no such file (or say none, or imagenet)")
    return Path(path)
