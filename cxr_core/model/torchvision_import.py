"""Makes `import torchvision` work where its compiled operators can't load.

torchvision's operators on the package index are linked against CUDA. Beside a CPU-only torch they
can't load, and the import stops with "operator torchvision::nms does not exist", because torchvision's
Python part describes two of those operators to the compiler. This project calls neither, so it is
enough to declare them: models, transforms and grad-cam then work, and calling `nms` still fails, as
it should. Where the compiled operators load, nothing is declared.

Import this module before torchvision, and before anything that imports it.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def compiled_operators_load() -> bool:
    """Whether torchvision's own compiled operators can be loaded beside this torch."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return False
    try:
        for library in Path(spec.origin).parent.glob("_C.*"):
            torch.ops.load_library(library)
    except OSError:
        return False
    return hasattr(torch.ops.torchvision, "nms")


def declare_operators() -> torch.library.Library:
    """Declare the operators by their schemas alone; they exist as long as the returned object does."""
    library = torch.library.Library("torchvision", "DEF")
    for operator in OPERATORS:
        library.define(operator)
    return library


_declared = None if compiled_operators_load() else declare_operators()
