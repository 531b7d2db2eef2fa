"""Grad-CAM of a network that ends in global average pooling and one linear layer, in closed form.

There the gradient of a class's logit with respect to every cell of a feature map is that class's
weight of the map over the number of cells, so Grad-CAM (Selvaraju et al. 2017, equations 1 and 2)
needs no backward pass: it is the ReLU of the weighted sum of the maps the forward pass made anyway.
"""

from __future__ import annotations

import cv2
import numpy as np
from torch import Tensor, relu

from cxr_core.records import Floats


def grad_cam(maps: Tensor, class_weights: Tensor) -> Tensor:
    """n x 7 x 7 evidence for a class: n x 512 x 7 x 7 feature maps, that class's 512 weights.

    In units of that class's own logit: without the ReLU, the cells would add up to it less its bias. An opinion's
    logit is the difference between two, and what speaks against the other class isn't in the map.
    """
    cells = maps.shape[-1] * maps.shape[-2]
    return relu((maps * class_weights.view(1, -1, 1, 1)).sum(1)) / cells


def on_scale(heatmap: Floats, scale: float, size: int) -> Floats:
    """A heatmap as the viewer draws it: enlarged bilinearly to size x size, 1 where it reaches `scale`, 0 at nothing.

    Nothing is stretched to its own extremes, so a weak map looks weak and two films can be compared.
    """
    enlarged = cv2.resize(heatmap, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.clip(enlarged / scale, 0, 1).astype(np.float32)
