"""Other heatmaps than Grad-CAM, drawn by the library (pytorch_grad_cam) when a reader asks for one.

Each has a unit of its own that compares with no other map, so they are drawn relative to their own peak.
Grad-CAM++ (Chattopadhay et al. 2018) and LayerCAM (Jiang et al. 2021) weigh by gradients, Score-CAM (Wang et al. 2020)
by what the answer is when only a part of the image is seen, and EigenCAM (Muhammad and Yeasin 2020) shows what stands
out to the network whatever the answer. All look at the last block, like Grad-CAM: 7 x 7 cells.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from contextlib import redirect_stderr
from typing import Any

import numpy as np
import torch

from cxr_core.errors import ModelError
from cxr_core.model.network import normalise
from cxr_core.model.predict import PNEUMONIA, Model
from cxr_core.records import Floats, Method

CELLS = 7
_IN_THE_LIBRARY = {
    Method.GRAD_CAM_PLUS_PLUS: "GradCAMPlusPlus",
    Method.LAYER_CAM: "LayerCAM",
    Method.EIGEN_CAM: "EigenCAM",
    Method.SCORE_CAM: "ScoreCAM",
}
Progress = Callable[[int, int], None]
"""Called with how many passes are done, and how many there are."""


def draw(model: Model, grey: Floats, method: Method, tell: Progress) -> Floats:
    """The 7 x 7 map of pneumonia by another method than Grad-CAM, 0..1, of one image (size x size, 0..1).

    Raises ModelError if the library fails. Its hooks hang on a copy of the network: on a shared one they would mix
    with other callers'.
    """
    import pytorch_grad_cam  # takes a second, for which no worker should wait
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    network = copy.deepcopy(model.network)
    passes, done = 1 + (network.fc.in_features if method is Method.SCORE_CAM else 0), 0

    def count(_: Any, __: Any, outputs: torch.Tensor) -> None:
        nonlocal done
        done += len(outputs)
        tell(done, passes)

    network.register_forward_hook(count)
    batch = normalise(torch.from_numpy(grey[None]), model.card.preprocessing)
    library = getattr(pytorch_grad_cam, _IN_THE_LIBRARY[method])(model=network, target_layers=[network.layer4[-1]])
    with redirect_stderr(io.StringIO()), library as cam:  # Score-CAM draws progress bars
        cam.get_target_width_height = lambda _: (CELLS, CELLS)  # else the library enlarges the cells
        drawn: Floats = cam(input_tensor=batch, targets=[ClassifierOutputTarget(PNEUMONIA)])[0].astype(np.float32)
        return drawn
    raise ModelError(f"{method} could not be drawn")  # the library's context swallows an IndexError
