"""Twenty retrains past the real gate don't lead downhill."""

from cxr_core.work.models.change_plan import shipped
from tools.retrain_simulation import FIRST_AUC, TOO_FAR, Setting, row, run

GATE = shipped("default").gate


def test_a_model_too_far_below_the_first_release_gets_through_in_at_most_two_of_a_hundred_runs():
    found = row(Setting(mean=-0.01, images=1000), runs=100)
    assert found["too_far_below"] <= 0.02
    assert 0 < found["accepted"] < 1


def test_without_a_gate_most_do():
    found = [run(seed, Setting(mean=-0.01, images=665, gated=False), GATE) for seed in range(10)]
    assert all(each.lowest < FIRST_AUC - TOO_FAR and each.accepted == 20 for each in found)
