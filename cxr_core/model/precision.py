"""Where training runs, and in which precision: on a GPU if there is one, in bfloat16 where the machine has it."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch


def training_device() -> torch.device:
    """The first GPU, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is quick there, and not emulated."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported())


def mixed(device: torch.device) -> AbstractContextManager[None]:
    """Products in bfloat16 where that is quick; weights, sums and losses stay in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))
