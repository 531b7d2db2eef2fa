"""What the drift bench counts, and the tables that are made of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench import drift as bench
from bench.__main__ import main
from bench.drift import Quiet, Run
from bench.drift_streams import CHANGES
from cxr_core.errors import CxrError
from tools import drift, drift_drawing

HOSPITAL, DETECTOR = CHANGES[0], CHANGES[6]


def days(*places, n=100):
    return np.isin(np.arange(n), places)


def quiet(alarms=(), score=0.0):
    return Quiet(list(alarms), len(alarms), {"plain KS": days(3, 4, 80)}, np.full(100, score), 10, 40)


def run(delay, name=HOSPITAL.cause.name, place="site"):
    return Run(delay, name, place, {"plain KS": days(0, 2, n=5)}, np.array([0, 0, 1, 3, 3.0]), [30, 61, 90, 118])


def test_without_data_it_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setenv("DATA", "somewhere")
    monkeypatch.delenv("SECOND", raising=False)
    assert main(["drift-alarms"]) == 1
    assert "drift-alarms: SECOND not given: make bench DATA=… SECOND=…" in capsys.readouterr().err


def test_a_folder_without_xrays_is_named_as_such(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("DATA", str(tmp_path))
    monkeypatch.setenv("SECOND", str(tmp_path))
    assert main(["drift-delay"]) == 1
    assert "no X-rays found" in capsys.readouterr().err


def test_what_began_within_four_weeks_is_one_alarm():
    assert bench.begun(days(3, 4, 31, 32, 61)) == 2
    assert bench.begun(days(0)) == bench.begun(days(28)) == 1
    assert bench.begun(days()) == 0


@pytest.mark.parametrize(("number", "bound"), [(0, 2.996), (1, 4.744), (10, 16.962)])
def test_the_bound_is_garwoods(number, bound):
    assert bench.most(number, 1) == pytest.approx(bound, abs=0.001)
    assert bench.most(number, 200) == pytest.approx(bound / 200, abs=0.001)


def test_a_threshold_lets_so_many_begin_and_one_below_it_more():
    scores = [np.where(days(50), height, np.nan if number else 0.0) for number, height in enumerate((1.0, 2.0, 3.0))]
    threshold = bench.lowest_threshold(scores, 1)
    assert 2 < threshold <= 2.011
    assert bench.lowest_threshold(scores, 0) > 3


def test_a_line_of_quiet_years_counts_alarms_and_what_others_said():
    line = bench.quiet_line(30, [quiet(["site: blurred"]), quiet(), quiet(), quiet()])
    assert (line["alarms"], line["years"], line["crying"], line["said"]) == (1, 4, 1, {"site: blurred": 1})
    assert line["most_a_year"] == pytest.approx(4.744 / 4, abs=0.001)
    assert line["others"]["plain KS"] == {"alarms": 8, "crying": 12}


def test_a_line_of_a_change_tells_delays_names_and_places():
    found = [run(60), run(90, "another"), run(None, "", "")]
    line = bench.change_line(30, HOSPITAL, found, threshold=2)
    assert (line["delays"], line["named"], line["placed"]) == ([60, 90, None], 1, 2)
    assert line["others"]["plain KS"] == {"delays": [61, 61, 61], "before": 3}
    assert line["others"]["CheXstray's score"] == {"delays": [90, 90, 90], "before": 0}
    placed = bench.change_line(30, DETECTOR, [run(9, DETECTOR.cause.name, "device 2")], 2)
    assert (placed["named"], placed["placed"], placed["right_place"]) == (1, 1, "device 2")


def written(path, *lines):
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


@pytest.fixture
def results(tmp_path):
    changes = [bench.change_line(rate, HOSPITAL, [run(60), run(None, ""), run(90)], 2) for rate in (30, 200)]
    return written(tmp_path / "drift.jsonl", bench.quiet_line(30, [quiet(["site: blurred"]), quiet()]), *changes)


def test_tables_tell_of_every_pace_and_rule(results):
    found, changes = drift.results("quiet", results), drift.results("change", results)
    assert "| 30 | 2 | 1 | 0.500 | 2.372 | 0.1% of days |" in drift.quiet(found)
    assert "1 in 2 years together: 0.500 a year." in drift.quiet(found)
    assert "| plain KS | 2.00; 0.8% of days |" in drift.crying(found)
    assert "| 90 (60 to never); 1 of 3 never | 61 (61 to 61); before it in 3 of 3 | 90 (90 to 90) |" in drift.delays(
        changes
    )
    assert "| pictures from another source | 4 of 6 | site | 6 of 6 | never found (2) |" in drift.names(changes)
    assert drift.paces(changes).splitlines()[0] == "| change | 30 a day | 200 a day |"


def test_what_is_never_found_is_said_so(results):
    line = drift.results("change", results)[0]
    assert "| never |" in drift.delays([{**line, "delays": [None, None]}])
    assert drift_drawing._x(drift.NEVER) == drift_drawing._x(drift_drawing.MOST) > drift_drawing._x(1000)


def test_results_of_another_release_or_none_are_told(results, tmp_path):
    with pytest.raises(CxrError, match="run make bench"):
        drift.results("quiet", tmp_path / "none.jsonl")
    stale = {**drift.results("quiet", results)[0], "release": "0" * 64}
    with pytest.raises(CxrError, match="another release"):
        drift.results("quiet", written(tmp_path / "stale.jsonl", stale))


def test_every_signal_is_in_the_table_of_what_is_watched():
    table = drift.watched()
    assert "| what the image is | Average brightness |" in table
    assert "10% of the images, moved by more than 0.005 |" in table
    assert len(table.splitlines()) == 2 + len(drift.SIGNALS)
