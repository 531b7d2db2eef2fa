"""Ways to compute the forward pass. What is made of it (logit, heatmap, embedding, gate) is the same code for all.

`torch` computes in float32 and is the reference: training, making cards and comparing models use nothing else. The
others serve where they are faster and exact enough (`choice`). One thread at a time may use a runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from cxr_core.errors import SettingsError
from cxr_core.model.folding import folded, in_bfloat16_steps
from cxr_core.model.network import Network, maps_and_traits
from cxr_core.model.precision import has_bfloat16

Pass = Callable[[Tensor], tuple[Tensor, Tensor]]
"""n x 3 x size x size, normalised, to the last block's maps, n x 512 x 7 x 7, and the traits, n x 448; all float32."""


@dataclass(frozen=True)
class Runtime:
    """One way to compute a network's forward pass on this machine."""

    name: str
    run: Pass


def reference(network: Network) -> Runtime:
    """The network itself, as it was trained."""
    return Runtime("torch", lambda batch: maps_and_traits(network, batch))


def offered() -> list[str]:
    """The runtimes that this machine can have: its processor and the packages installed decide."""
    bfloat16, openvino = has_bfloat16(torch.device("cpu")), find_spec("openvino") is not None
    there = {"torch": True, "torch-bf16": bfloat16, "openvino": openvino, "openvino-bf16": openvino and bfloat16}
    return [name for name in RUNTIMES if there[name]]


def make(name: str, network: Network, size: int) -> Runtime:
    """The runtime of that name for a network whose images are size x size; it computes with as many threads as torch.

    Takes up to a few seconds. Raises SettingsError for one that isn't offered.
    """
    if name not in offered():
        raise SettingsError(f"CXR_RUNTIME={name}: this machine can't; it can {', '.join(offered())}, or say auto")
    return Runtime(name, RUNTIMES[name](network, size))


def _torch(network: Network, size: int) -> Pass:
    lean = folded(network)
    return lambda batch: maps_and_traits(lean, batch)


def _torch_bf16(network: Network, size: int) -> Pass:
    lean = in_bfloat16_steps(network).bfloat16()

    def run(batch: Tensor) -> tuple[Tensor, Tensor]:
        maps, traits = maps_and_traits(lean, batch.bfloat16())
        return maps.float(), traits

    return run


def _openvino(network: Network, size: int) -> Pass:
    return _compiled(folded(network), size, "f32")


def _openvino_bf16(network: Network, size: int) -> Pass:
    return _compiled(in_bfloat16_steps(network), size, "bf16")


class _Graph(nn.Module):
    """What OpenVINO is to make its graph from."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """`pixels`: n x size x size x 3, the order in which a batch lies in memory, so that nothing need be copied."""
        return maps_and_traits(self.network, pixels.permute(0, 3, 1, 2))


def _compiled(network: Network, size: int, precision: str) -> Pass:
    from cxr_core.model.quiet_openvino import openvino  # heavy, and not on every machine

    graph = openvino.convert_model(_Graph(network).eval(), example_input=torch.zeros(1, size, size, 3))
    graph.reshape([-1, size, size, 3])
    # Threads that are pinned to a core wait for whatever else runs on it, while another core may be free.
    options = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": torch.get_num_threads(),
               "PERFORMANCE_HINT": "LATENCY", "ENABLE_CPU_PINNING": False}  # fmt: skip
    compiled = openvino.Core().compile_model(graph, "CPU", options)

    def run(batch: Tensor) -> tuple[Tensor, Tensor]:
        # Outputs are copied, since what is shared is overwritten by the next images.
        pixels = batch.permute(0, 2, 3, 1).contiguous().numpy()
        maps, traits = compiled(pixels, share_inputs=True, share_outputs=False).values()
        return torch.from_numpy(maps), torch.from_numpy(traits)

    return run


RUNTIMES: dict[str, Callable[[Network, int], Pass]] = {
    "torch": _torch, "torch-bf16": _torch_bf16, "openvino": _openvino, "openvino-bf16": _openvino_bf16,
}  # fmt: skip
"""What makes each, by the names that CXR_RUNTIME knows."""
