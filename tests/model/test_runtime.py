"""Every way to compute the forward pass says the same, and none of them talks to anybody."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from cxr_core.errors import SettingsError
from cxr_core.model import runtime
from cxr_core.model.choice import is_exact
from cxr_core.model.folding import centred, folded, in_bfloat16_steps, mean_of, rounded
from cxr_core.model.network import maps_and_traits, normalise, to_file
from cxr_core.model.predict import look
from cxr_core.model.preprocess import Preprocessing, to_grey
from cxr_core.settings import RUNTIMES
from tests.model.chests import phantom_chest, plain
from tests.processes import PATIENCE, ROOT

OFFERED = runtime.offered()
FULL = [name for name in OFFERED if not name.endswith("bf16")]
RULE = Preprocessing()


@pytest.fixture(scope="module")
def grey(shipped):
    films = [plain(phantom_chest(number, number % 2 == 0)) for number in range(5)]
    return np.stack([to_grey(film, shipped.card.preprocessing) for film in films])


@pytest.fixture(scope="module")
def served(shipped):
    """The program's release by each runtime that this machine can have."""
    rule = shipped.card.preprocessing
    return {name: replace(shipped, runtime=runtime.make(name, shipped.network, rule)) for name in OFFERED}


def test_the_settings_know_every_runtime_and_no_other():
    assert tuple(runtime.RUNTIMES) == RUNTIMES
    assert "torch" in OFFERED
    assert set(OFFERED) <= set(RUNTIMES)


@pytest.mark.parametrize("name", OFFERED)
def test_a_runtime_says_what_the_reference_says(shipped, served, grey, name):
    expected, found = look(shipped, grey), look(served[name], grey)
    for field in ("logits", "heatmaps", "embeddings", "traits"):
        ours, theirs = getattr(found, field), getattr(expected, field)
        assert (ours.shape, ours.dtype) == (theirs.shape, np.float32)
        assert apart(ours, theirs) <= precision_of(name), field


@pytest.mark.parametrize("name", FULL)
def test_in_full_precision_it_is_exact_on_every_machine(shipped, served, grey, name):
    """In bfloat16 that depends on the processor's order of sums: there each machine finds out for itself (choice)."""
    expected, found = look(shipped, grey), look(served[name], grey)
    assert is_exact(shipped, expected, found)
    assert np.allclose(found.logits, expected.logits, atol=1e-3)


@pytest.mark.parametrize("name", OFFERED)
def test_what_a_runtime_said_stays_when_it_is_asked_again(served, grey, name):
    first = look(served[name], grey[:2])
    before = [first.logits.copy(), first.traits.copy()]
    alone = look(served[name], grey[4:])
    assert np.array_equal(before[0], first.logits)
    assert np.array_equal(before[1], first.traits)
    assert apart(alone.logits, look(served[name], grey).logits[4:]) <= precision_of(name)


def apart(ours, theirs):
    """How far arrays are from each other, as a share of how large they are."""
    return np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)


def precision_of(name):
    """Bfloat16 keeps 8 bits: 0.4 % a product, and some times that after 20 layers."""
    return 1e-4 if name in FULL else 0.03


@pytest.mark.parametrize("name", ["abacus", ""])
def test_a_runtime_that_is_not_there_is_named_with_those_that_are(shipped, name):
    with pytest.raises(SettingsError, match=f"^CXR_RUNTIME={name}: this machine can't; it can torch"):
        runtime.make(name, shipped.network, RULE)


def test_folding_leaves_the_network_alone_and_its_outputs_alike(shipped):
    before, grey = to_file(shipped.network), torch.rand(2, 64, 64, generator=torch.Generator().manual_seed(1))
    lean = folded(shipped.network, RULE)
    with torch.inference_mode():
        ours = maps_and_traits(lean, centred(grey, mean_of(RULE)))
        for found, expected in zip(ours, maps_and_traits(shipped.network, normalise(grey, RULE)), strict=True):
            assert torch.allclose(found, expected, atol=1e-3)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in lean.modules())
    assert to_file(shipped.network) == before


def test_rounded_weights_are_bfloat16s_and_each_kernel_keeps_its_sum():
    weights = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    steps = rounded(weights)
    assert torch.equal(steps, steps.bfloat16().float())
    assert steps.shape == weights.shape
    largest_step = weights.abs().amax((2, 3)) * 2**-7
    assert ((steps - weights).sum((2, 3)).abs() <= largest_step).all()
    plain_error = (weights.bfloat16().float() - weights).sum((2, 3)).abs().mean()
    assert (steps - weights).sum((2, 3)).abs().mean() < plain_error


def test_every_convolution_of_the_bfloat16_network_is_in_its_steps(shipped):
    convolutions = [m for m in in_bfloat16_steps(shipped.network, RULE).modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) == 20
    assert all(torch.equal(each.weight, each.weight.bfloat16().float()) for each in convolutions)


WATCHED = """
import json, sys
seen = []
def note(event, details):
    if event.split(".")[0] == "socket" or event in ("subprocess.Popen", "os.fork", "os.posix_spawn", "os.system"):
        seen.append(event)
sys.addaudithook(note)
{what}
print(json.dumps(seen))
"""
SERVING = """
import torch
from cxr_core.model import runtime
from cxr_core.model.network import new_network
from cxr_core.model.preprocess import Preprocessing
torch.set_num_threads(1)
for name in runtime.offered():
    served = runtime.make(name, new_network("none", 1), Preprocessing(size=64))
    with torch.inference_mode():
        served.run(torch.zeros(1, 64, 64))
assert "openvino" in sys.modules
assert not [name for name, module in sys.modules.items() if name.startswith("openvino_telemetry") and module]
"""


def watched(what, home):
    """What Python code does of that which could reach the network: sockets, and processes that might open some."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED.replace("{what}", what)], cwd=ROOT, capture_output=True, text=True,
        timeout=PATIENCE, env={"HOME": str(home), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.skipif("openvino" not in OFFERED, reason="openvino isn't installed")
def test_openvino_is_kept_from_phoning_home_even_where_nobody_ever_said_no(tmp_path):
    assert watched(SERVING, tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_whoever_did_phone_would_be_seen(tmp_path):
    seen = watched("import socket, subprocess; socket.socket(); subprocess.run(['true'])", tmp_path)
    assert {"socket.__new__", "subprocess.Popen"} <= set(seen)
