"""Which runtime serves: the one that is set, else the quickest exact one, sought when nobody waits."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.dicom.reading import read
from cxr_core.errors import SettingsError
from cxr_core.model import choice, dataset, release, runtime
from cxr_core.model.choice import BOUND
from cxr_core.model.gate.likeness import features
from cxr_core.model.predict import BATCH, look
from cxr_core.model.preprocess import to_grey
from cxr_core.records import Side
from cxr_core.settings import Settings
from cxr_core.work.doing import Desk
from cxr_core.work.models import gathering, learning, quickening
from tests.work.sites import picture

NEAR = 0.2
"""Of the strangeness at which the gate refuses, in logits."""


def desk_with(model, **settings):
    return Desk(Settings(**settings), "tester", models={model.card.name: model})


def test_a_runtime_that_is_set_is_used_and_nothing_is_sought(shipped, tmp_path):
    settings = Settings(runtime="torch")
    assert quickening.as_set(settings, shipped).runtime.name == "torch"
    assert quickening.for_files(settings, shipped, [tmp_path]).runtime.name == "torch"
    desk = desk_with(shipped, runtime="torch")
    assert not next(quickening.improving(desk, lambda: True))


@pytest.mark.skipif(len(runtime.offered()) == len(runtime.RUNTIMES), reason="this machine has every runtime")
def test_a_runtime_that_this_machine_cannot_have_stops_with_its_name(shipped):
    (missing, *_) = set(runtime.RUNTIMES) - set(runtime.offered())
    with pytest.raises(SettingsError, match=f"CXR_RUNTIME={missing}"):
        quickening.as_set(Settings(runtime=missing), shipped)


def test_for_a_few_files_nothing_is_sought(shipped, tmp_path):
    (tmp_path / "a.png").write_bytes(picture())
    assert quickening.for_files(Settings(), shipped, [tmp_path]) is shipped


def test_a_desk_seeks_only_at_leisure_and_ends_with_what_was_found(shipped):
    desk, leisure = desk_with(shipped), []
    improving = quickening.improving(desk, lambda: bool(leisure))
    assert [next(improving) for _ in range(3)] == [False] * 3
    assert desk.models[shipped.card.name] is shipped
    leisure.append(True)
    assert next(improving)
    leisure.clear()
    assert [next(improving) for _ in range(3)] == [False] * 3
    leisure.append(True)
    steps = 1
    while next(improving):
        steps += 1
    assert steps == quickening.COUNT + len(runtime.offered())
    found = desk.models[shipped.card.name]
    assert (found.card, found.network) == (shipped.card, shipped.network)
    assert found.runtime is None or found.runtime.name in runtime.offered()


def test_a_model_that_comes_to_the_desk_later_has_its_turn(shipped, monkeypatch):
    monkeypatch.setattr(quickening, "_seeking", lambda model: iter([model]))
    desk = desk_with(shipped)
    improving = quickening.improving(desk, lambda: True)
    assert [next(improving), next(improving)] == [True, False]
    desk.models["later"] = shipped
    assert [next(improving), next(improving)] == [True, False]


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("CXR_BASE_DATA"), reason="CXR_BASE_DATA doesn't name the public data set")
def test_on_locked_patients_every_runtime_answers_as_the_reference_does(shipped):
    """Each that may be chosen: probabilities within the bound; label and gate the same, but for those near a limit."""
    samples = dataset.find_samples([Path(os.environ["CXR_BASE_DATA"])])
    samples = learning.on_side(samples, Side.LOCKED, release.split())
    rule, calibration, plain = shipped.card.preprocessing, shipped.card.calibration, replace(shipped, runtime=None)
    grey = gathering.prepare(gathering.readable(samples), rule).examples.grey
    expected, limits = said(shipped, grey), (calibration.normal_up_to, calibration.pneumonia_from)
    near = np.min([abs(expected["probability"] - limit) for limit in (*limits, calibration.threshold)], axis=0) <= BOUND
    close = abs(expected["strangeness"] - shipped.card.gate.likeness.strangest) <= NEAR
    numbers = range(quickening.FIRST, quickening.FIRST + quickening.COUNT)
    studies = [Phantom(number, opacity=number % 2 == 1, rows=quickening.ROWS).data for number in numbers]
    tried = np.stack([to_grey(read(data).radiograph, rule) for data in studies])
    models = [replace(shipped, runtime=runtime.make(name, shipped.network, rule)) for name in runtime.offered()]
    exact = [model for model in models if choice.is_exact(plain, look(plain, tried), look(model, tried))]
    assert len(exact) >= 2
    for model in exact:
        name, found = model.served_by.name, said(model, grey)
        assert abs(found["probability"] - expected["probability"]).max() <= BOUND, name
        assert ((found["label"] == expected["label"]) | near).all(), name
        assert ((found["forced"] == expected["forced"]) | near).all(), name
        assert ((found["admitted"] == expected["admitted"]) | close).all(), name


def said(model, grey):
    """Of n images (0..255): probability, label, forced label, the gate's verdict and what it rests on."""
    outputs = [look(model, grey[start : start + BATCH] / np.float32(255)) for start in range(0, len(grey), BATCH)]
    calibration, likeness = model.card.calibration, model.card.gate.likeness
    probability = calibration.probability(np.concatenate([part.logits for part in outputs]))
    judged = [likeness.judge(features(part.traits, part.embeddings)) for part in outputs]
    return {
        "probability": probability,
        "label": np.array([calibration.label(float(p)) for p in probability]),
        "forced": probability >= calibration.threshold,
        "admitted": np.concatenate([likeness.admits(part) for part in judged]),
        "strangeness": np.concatenate([part.strangeness for part in judged]),
    }
