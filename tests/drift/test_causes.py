"""What usually causes a pattern of changes: each cause by its own sign, and the surest sign first."""

import pytest

from cxr_core.drift import causes
from cxr_core.drift.catalogue import HEADERS, MANUFACTURERS, REFUSALS, SIGNALS, TURNS
from cxr_core.drift.causes import CAUSES, UNKNOWN, likely

SIGNS = [
    (causes.INVERTED, {"put right: inverted": 0.03}),
    (causes.INVERTED, {"refused for: inverted": 0.03}),
    (causes.HEADER, {"age: missing": 0.4}),
    (causes.HEADER, {"manufacturer: missing": 0.4, "manufacturer: Siemens": -0.4}),
    (causes.MACHINE, {"manufacturer: Siemens": 0.2}),
    (causes.MACHINE, {"modality: CR": 0.2, "modality: DX": -0.2}),
    (causes.MACHINE, {"kvp": -0.3}),
    (causes.MACHINE, {"station: never seen": 0.03, "station: known": -0.03}),
    (causes.MACHINE, {"equipment: never seen": 0.3, "mean": 0.3, "contrast": 0.3}),
    (causes.HEADER, {"station: missing": 0.4, "station: known": -0.4}),
    (causes.NOT_CHESTS, {"refused for: no frontal chest X-ray": 0.05}),
    (causes.NOT_CHESTS, {"refused for: view": 0.05}),
    (causes.PREPROCESSING, {"axis3": -0.4, "mean": 0.02}),
    (causes.CASE_MIX, {"probability": 0.2, "mean": 0.1}),
    (causes.BLURRED, {"sharpness": -0.5, "contrast": 0.2}),
    (causes.DETECTOR, {"noise": 0.5, "contrast": 0.2}),
    (causes.SOURCE, {"mean": 0.3, "border": 0.3, "elongation": -0.3}),
    (causes.EXPOSURE, {"mean": -0.3, "p99": -0.3}),
    (causes.ERRING, {"of the ill: Normal": 0.2, "of the ill: Pneumonia": -0.2}),
    (causes.ERRING, {"agreed: disagreed": 0.15}),
    (causes.ERRING, {"left over": -0.12}),
    (UNKNOWN, {}),
    (UNKNOWN, {"border": 0.3}),
    (UNKNOWN, {"station: never seen": 0.01, "equipment: never seen": -0.3}),
    (UNKNOWN, {"put right: inverted": 0.01, "kvp": 0.05, "age: missing": 0.05, "mean": 0.05, "probability": 0.05}),
]


@pytest.mark.parametrize(("cause", "changes"), SIGNS)
def test_each_cause_by_its_sign(cause, changes):
    assert likely(changes) is cause


def test_every_cause_has_a_sign():
    assert {cause.name for cause, _ in SIGNS} == set(CAUSES)


@pytest.mark.parametrize(
    ("first", "then"),
    [(causes.INVERTED, causes.EXPOSURE), (causes.HEADER, causes.MACHINE), (causes.MACHINE, causes.SOURCE),
     (causes.PREPROCESSING, causes.CASE_MIX), (causes.BLURRED, causes.EXPOSURE), (causes.CASE_MIX, causes.ERRING),
     (causes.DETECTOR, causes.EXPOSURE)],
)  # fmt: skip
def test_of_two_patterns_at_once_the_surer_sign_is_told(first, then):
    signs = dict(SIGNS)
    assert likely({**signs[then], **signs[first]}) is first


def test_less_of_what_is_a_sign_is_none():
    fewer = {"put right: inverted": -0.3, "refused for: view": -0.3, "age: missing": -0.4, "noise": -0.05}
    assert likely(fewer) is UNKNOWN


def test_the_signs_are_spelt_as_the_signals_are():
    assert {"inverted"} <= set(TURNS) & set(REFUSALS)
    assert {"no frontal chest X-ray", "view", "body part", "turned"} <= set(REFUSALS)
    assert "Siemens" in MANUFACTURERS
    assert all(word in SIGNALS[name].words for name, word in (sign.split(": ") for sign in causes._WRONG))
    assert {"manufacturer", "modality", "kvp", "exposure", "age"} <= {signal.name for signal in HEADERS}
