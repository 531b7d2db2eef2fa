"""What a user would write instead: pydicom, torchvision transforms, eager ResNet18, pytorch_grad_cam, overlay."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
import torch
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from cxr_core.model import predict, release, torchvision_import  # noqa: F401  (before torchvision)

from pytorch_grad_cam import GradCAM  # isort: skip
from pytorch_grad_cam.utils.image import show_cam_on_image  # isort: skip
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # isort: skip
from torchvision import transforms  # isort: skip

PREPARE = transforms.Compose(
    [
        transforms.ToPILImage(),
        transforms.Resize((224, 224)),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
)


class Reference:
    """The usual script, with the shipped weights and its model kept loaded."""

    def __init__(self) -> None:
        self.network = predict.load_file(release.WEIGHTS).network.to(memory_format=torch.contiguous_format)
        self.cam = GradCAM(self.network, [self.network.layer4[-1]])

    def study(self, data: bytes) -> tuple[float, np.ndarray]:
        """Probability of pneumonia and the overlay of one DICOM file."""
        image = self.image(data)
        batch = PREPARE(image).unsqueeze(0)
        with torch.no_grad():
            probability = float(torch.softmax(self.network(batch), 1)[0, 1])
        heatmap = self.cam(batch, targets=[ClassifierOutputTarget(1)])[0]
        shown = np.asarray(transforms.Resize((224, 224))(transforms.ToPILImage()(image)), np.float32) / 255
        return probability, show_cam_on_image(shown, heatmap, use_rgb=True)

    def image(self, data: bytes) -> np.ndarray:
        """Rows x columns x 3, uint8, windowed and scaled over the whole picture."""
        ds = pydicom.dcmread(BytesIO(data))
        values = apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds).astype(np.float32)
        if ds.PhotometricInterpretation == "MONOCHROME1":
            values = values.max() - values
        scaled = (255 * (values - values.min()) / max(1, np.ptp(values))).astype(np.uint8)
        return np.repeat(scaled[:, :, None], 3, 2)
