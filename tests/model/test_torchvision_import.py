"""torchvision beside a torch that can't load its compiled operators."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from cxr_core.model import torchvision_import


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def operators_load():
    """Whether a plain `import torchvision` works in this environment."""
    return run("import torchvision").returncode == 0


def test_torchvision_and_gradcam_import_after_it_however_often_it_is_imported():
    ran = run(
        "import cxr_core.model.torchvision_import, torchvision.models, pytorch_grad_cam\n"
        "import cxr_core.model.torchvision_import, torchvision.ops, torchvision.transforms.v2\n"
        "print(torchvision.models.resnet18().fc.in_features)"
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "512"), ran.stderr


def test_operators_are_declared_only_where_the_compiled_ones_can_not_load(operators_load):
    declared = torchvision_import._declared is not None
    assert declared is not operators_load
    assert torchvision_import.compiled_operators_load() is operators_load


def test_a_declared_operator_can_be_described_and_not_called(operators_load):
    if operators_load:
        pytest.skip("the compiled operators of torchvision load here, so none is declared")
    ran = run("import torchvision")
    assert "torchvision::nms does not exist" in ran.stderr
    assert str(torch.ops.torchvision.nms.default._schema).startswith("torchvision::nms(Tensor dets, Tensor scores")
    with pytest.raises(NotImplementedError):
        torch.ops.torchvision.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
