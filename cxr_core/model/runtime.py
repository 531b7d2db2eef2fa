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
from cxr_core.model.folding import centred, folded, in_bfloat16_steps, mean_of
from cxr_core.model.network import Network, maps_and_traits, normalise
from cxr_core.model.precision import has_bfloat16
from cxr_core.model.preprocess import Preprocessing

Pass = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Images, n x size x size in 0..1, to the last block's maps, n x 512 x 7 x 7, and the traits, n x 448; all float32."""


@dataclass(frozen=True)
class Runtime:
    """One way to compute a network's forward pass on this machine."""

    name: str
    run: Pass


def reference(network: Network, rule: Preprocessing) -> Runtime:
    """The network itself, as it was trained."""
    return Runtime("torch", lambda grey: maps_and_traits(network, normalise(grey, rule)))


def offered() -> list[str]:
    """The runtimes that this machine can have: its processor and the packages installed decide."""
    bfloat16, openvino = has_bfloat16(torch.device("cpu")), find_spec("openvino") is not None
    there = {"torch": True, "torch-bf16": bfloat16, "openvino": openvino, "openvino-bf16": openvino and bfloat16}
    return [name for name in RUNTIMES if there[name]]


def make(name: str, network: Network, rule: Preprocessing) -> Runtime:
    """The runtime of that name for a network and its images; it computes with as many threads as torch.

    Takes up to a few seconds. Raises SettingsError for one that isn't offered, and ImportError or RuntimeError where
    its package is there, but doesn't work.
    """
    if name not in offered():
        raise SettingsError(f"CXR_RUNTIME={name}: this machine can't; it can {', '.join(offered())}, or say auto")
    return Runtime(name, RUNTIMES[name](network, rule))


def _torch(network: Network, rule: Preprocessing) -> Pass:
    lean, mean = folded(network, rule), mean_of(rule)
    return lambda grey: maps_and_traits(lean, centred(grey, mean))


def _torch_bf16(network: Network, rule: Preprocessing) -> Pass:
    lean, mean = in_bfloat16_steps(network, rule).bfloat16(), mean_of(rule)

    def run(grey: Tensor) -> tuple[Tensor, Tensor]:
        maps, traits = maps_and_traits(lean, centred(grey, mean).bfloat16())
        return maps.float(), traits

    return run


def _openvino(network: Network, rule: Preprocessing) -> Pass:
    return _compiled(_Graph(folded(network, rule), rule), "f32")


def _openvino_bf16(network: Network, rule: Preprocessing) -> Pass:
    return _compiled(_Graph(in_bfloat16_steps(network, rule), rule), "bf16")


class _Graph(nn.Module):
    """What OpenVINO is to make its graph from.

    Centring is part of it: if torch did that with threads of its own, they would wait for more in a loop for a
    millisecond, on the cores that OpenVINO needs now.
    """

    mean: Tensor

    def __init__(self, network: Network, rule: Preprocessing) -> None:
        super().__init__()
        self.network = network
        self.size = rule.size
        self.register_buffer("mean", mean_of(rule))

    def forward(self, grey: Tensor) -> tuple[Tensor, Tensor]:
        return maps_and_traits(self.network, centred(grey, self.mean))


def _compiled(graph: _Graph, precision: str) -> Pass:
    from cxr_core.model.quiet_openvino import FAILURES, openvino  # heavy, and not on every machine

    try:
        converted = openvino.convert_model(graph.eval(), example_input=torch.zeros(1, graph.size, graph.size))
    except FAILURES as error:
        raise RuntimeError(f"OpenVINO can't convert the network: {error}") from error
    converted.reshape([-1, graph.size, graph.size])
    # Threads that are pinned to a core wait for whatever else runs on it, while another core may be free.
    options = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": torch.get_num_threads(),
               "PERFORMANCE_HINT": "LATENCY", "ENABLE_CPU_PINNING": False}  # fmt: skip
    compiled = openvino.Core().compile_model(converted, "CPU", options)

    def run(grey: Tensor) -> tuple[Tensor, Tensor]:
        # Outputs are copied, since what is shared is overwritten by the next images.
        maps, traits = compiled(grey.contiguous().numpy(), share_inputs=True, share_outputs=False).values()
        return torch.from_numpy(maps), torch.from_numpy(traits)

    return run


RUNTIMES: dict[str, Callable[[Network, Preprocessing], Pass]] = {
    "torch": _torch, "torch-bf16": _torch_bf16, "openvino": _openvino, "openvino-bf16": _openvino_bf16,
}  # fmt: skip
"""What makes each, by the names that CXR_RUNTIME knows."""
