"""evaluate: one JSON object with every figure that is promised, over every readable file."""

import json

import pytest

from cxr_core.model import dataset, release
from cxr_core.model.beside import split_path
from cxr_core.records import Side
from tests.dicom.films import reread, to_bytes
from tests.model.chests import phantom_chest, write_chest
from tests.work.sites import film

PROMISED = {
    "n", "auc", "auc_ci95", "accuracy", "sensitivity", "specificity", "confusion", "report", "selective", "refused",
    "uncertain_rate", "ece", "ece_ci95", "threshold", "model",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for number in range(6):
        for opacity in (False, True):
            write_chest(tmp_path / "set", 2 * number + opacity, opacity, 128, draw=phantom_chest)
    return tmp_path / "set"


def one(answer):
    assert answer.status == 0, answer.words
    (found,) = answer.lines
    return found


def test_every_promised_figure_is_there(run, folder):
    found = one(run("evaluate", folder))
    assert set(found) >= PROMISED
    (tn, fp), (fn, tp) = found["confusion"]
    assert tn + fp == fn + tp == 6
    assert found["n"] == 12
    assert found["accuracy"] == pytest.approx((tn + tp) / 12)
    assert (found["sensitivity"], found["specificity"]) == pytest.approx((tp / 6, tn / 6))
    assert (found["refused"], found["model"]) == (0, release.card()["name"])
    assert found["threshold"] == release.card()["calibration"]["threshold"]
    for label in ("Normal", "Pneumonia"):
        assert set(found["report"][label]) == {"precision", "recall", "f1-score", "support"}
    assert set(found["selective"]) == {"n", "auc", "accuracy"}
    assert found["selective"]["n"] == pytest.approx(12 * (1 - found["uncertain_rate"]))
    for edges, value in ((found["auc_ci95"], found["auc"]), (found["ece_ci95"], found["ece"])):
        assert 0 <= edges[0] <= edges[1] <= 1
        assert 0 <= value <= 1


def test_a_file_that_can_not_be_read_is_counted_and_left_out(run, folder):
    plain = one(run("evaluate", folder))
    (folder / "NORMAL" / "letter.png").write_bytes(b"Dear colleague,")
    found = one(run("evaluate", folder))
    assert found == {**plain, "refused": 1}


def test_what_the_gate_refuses_counts_in_the_forced_figures_only(run, folder):
    plain = one(run("evaluate", folder))
    lateral = reread(film())
    lateral.ViewPosition = "LL"
    (folder / "NORMAL" / "lateral.dcm").write_bytes(to_bytes(lateral))
    found = one(run("evaluate", folder))
    assert (found["n"], found["refused"]) == (13, 1)
    assert sum(map(sum, found["confusion"])) == 13
    assert found["selective"] == plain["selective"]


def test_a_folder_of_one_class_has_figures_where_there_are_any(run, folder):
    for path in (folder / "PNEUMONIA").iterdir():
        path.unlink()
    found = one(run("evaluate", folder))
    assert (found["auc"], found["sensitivity"]) == (None, None)
    assert 0 <= found["specificity"] <= 1


@pytest.mark.parametrize("content", [{}, {"NORMAL/letter.png": b"Dear colleague,"}])
def test_a_folder_without_a_readable_xray_is_one_line(run, tmp_path, content):
    (tmp_path / "none" / "NORMAL").mkdir(parents=True)
    for name, data in content.items():
        (tmp_path / "none" / name).write_bytes(data)
    answer = run("evaluate", tmp_path / "none")
    assert (answer.status, answer.lines) == (1, [])
    assert len(answer.words.strip().splitlines()[-1]) > 20
    assert "Traceback" not in answer.words


def test_a_side_that_the_split_does_not_know_is_one_line(run, folder):
    answer = run("evaluate", folder, "--side", "locked")
    assert answer.status == 1
    assert "none of these files is on the locked side" in answer.words


def test_a_side_is_that_of_the_models_own_split(run, folder, tmp_path):
    samples = dataset.find_samples([folder])
    copy = tmp_path / "model.safetensors"
    copy.write_bytes(release.WEIGHTS.read_bytes())
    copy.with_suffix(".card.json").write_text(json.dumps(release.card()))
    dataset.write_split({sample.sha256: Side.LOCKED for sample in samples[::2]}, split_path(copy))
    found = one(run("evaluate", folder, "--side", "locked", "--model", copy))
    assert found["n"] == len(samples[::2])
