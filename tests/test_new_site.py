"""The experiment at a new site: nobody is on both sides of it, and its table stands for all of its rows."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict

import pytest

from cxr_core.errors import CxrError
from cxr_core.model.dataset import find_samples
from cxr_core.records import CLASSES
from tests.model.chests import phantom_chest, png
from tests.work.sites import query
from tools.ablation.folds import halves
from tools.new_site.rows import ROWS, TRIED
from tools.new_site.run import Judged, compared, new_site, take_in_and_read, the_release
from tools.new_site.table import answers, gained, reads, results

PATIENTS = range(24)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """A folder of 24 patients, named as ChestX-ray8's are, where every third has the label of the other class."""
    folder = tmp_path_factory.mktemp("hospital")
    for label, name in enumerate(CLASSES):
        (folder / name.upper()).mkdir()
        for number in [number for number in PATIENTS if number % 2 == label]:
            shows = bool(label) != (number % 3 == 0)
            path = folder / name.upper() / f"{number:08d}_000.png"
            path.write_bytes(png(phantom_chest(500 + number, shows)))
    return folder


def test_halves_share_no_patient_and_leave_nobody_out(hospital):
    samples = find_samples([hospital])
    read, unseen = halves(samples)
    assert {item.patient for item in read}.isdisjoint(item.patient for item in unseen)
    assert sorted(item.sha256 for item in (*read, *unseen)) == sorted(item.sha256 for item in samples)
    assert min(len(read), len(unseen)) > len(PATIENTS) // 4


def test_several_images_of_a_patient_are_in_one_half(hospital):
    first = find_samples([hospital])
    read, unseen = halves([*first, *first])
    assert {item.patient for item in read}.isdisjoint(item.patient for item in unseen)


def test_a_reader_says_what_the_folder_says_and_flags_what_the_model_says_otherwise(hospital, tmp_path):
    read, _ = halves(find_samples([hospital]))
    site = new_site(tmp_path / "home", hospital, seed=0)
    counted = take_in_and_read(site, read)
    told = query(
        site.settings, "SELECT r.label, p.label AS said FROM reads r JOIN predictions p ON p.id = r.prediction"
    )
    assert Counter(row["label"] for row in told) == Counter(CLASSES[item.label] for item in read)
    assert counted["agreed"] == sum(row["said"] == row["label"] for row in told) > 0
    assert counted["flagged"] == sum(row["said"] in CLASSES and row["said"] != row["label"] for row in told) > 0
    drawn = query(site.settings, "SELECT count(*) AS patients FROM patients")
    assert drawn == [{"patients": len({item.patient for item in read})}]


def test_the_release_gains_and_loses_nothing_against_itself(hospital):
    judged = Judged.of(find_samples([hospital]))
    found = compared(the_release(), judged)
    assert found["before"] == found["after"]
    assert (found["change"], *found["change_ci95"]) == (0, 0, 0)
    assert (found["images"], found["patients"]) == (len(PATIENTS), len(PATIENTS))
    assert 0 < found["before"]["auc"] < 1


def row(name, seed, **more):
    before = {"auc": 0.5, "sensitivity": 0.75, "specificity": 0.25, "ece": 0.5}
    site = {
        "images": 9, "patients": 7, "before": before, "after": {**before, "auc": 0.625}, "change": 0.125,
        "change_ci95": [0.1, 0.15],
    }  # fmt: skip
    return {
        "row": name, "seed": seed, "options": asdict(ROWS[name]), "learnt": {"flagged": 5, "base data": 20},
        "reads": {"flagged": 5, "agreed": 6}, "new": site, "old": site, "gate": {"passed": True, "reasons": []}, **more,
    }  # fmt: skip


def written(path, rows):
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


EVERY = [row(name, seed) for name, seed in TRIED]


def test_the_table_tells_of_each_retrain_what_it_gained_and_what_the_gate_said(tmp_path):
    refused = {"passed": False, "reasons": ["it lost"]}
    path = written(tmp_path / "new_site.jsonl", [*EVERY[:-1], {**EVERY[-1], "gate": refused}])
    lines = gained(results(path)).splitlines()[2:]
    assert len(lines) == len(EVERY)
    assert "| 5 flagged, 20 base data | 0.500 → 0.625 | +0.125 (+0.100 to +0.150) |" in lines[0]
    assert lines[0].endswith("| passed |")
    assert lines[-1].endswith("| it lost |")
    assert "Of 11 X-rays that were sent in: 6 agreed, 5 flagged." in reads(results(path))
    assert "| 0.750 → 0.750 | 0.250 → 0.250 | 0.500 → 0.500 |" in answers(results(path)).splitlines()[2]


@pytest.mark.parametrize("missing", [0, len(EVERY) - 1])
def test_there_is_no_table_without_every_row_and_seed(tmp_path, missing):
    path = written(tmp_path / "new_site.jsonl", EVERY[:missing] + EVERY[missing + 1 :])
    with pytest.raises(CxrError, match="run `make new-site`") as refused:
        results(path)
    assert EVERY[missing]["row"] in str(refused.value)


def test_results_of_options_that_a_row_no_longer_has_are_refused(tmp_path):
    stale = {**EVERY[0], "options": {**EVERY[0]["options"], "epochs": 99}}
    with pytest.raises(CxrError, match="has other options now"):
        results(written(tmp_path / "new_site.jsonl", [stale, *EVERY[1:]]))
