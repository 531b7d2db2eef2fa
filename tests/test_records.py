"""The vocabulary: values that are stored and shown must not drift."""

import dataclasses
import inspect
from pathlib import Path

import numpy as np
import pytest

from cxr_core import records
from cxr_core.records import CLASSES, JobState, Label, Role, Side, Tone

RECORDS = [found for _, found in inspect.getmembers(records, dataclasses.is_dataclass)]


def test_normal_comes_before_pneumonia():
    assert CLASSES == (Label.NORMAL, Label.PNEUMONIA)
    assert [label.value for label in Label] == ["Normal", "Pneumonia", "Uncertain"]


def test_what_the_database_checks_is_what_the_program_says():
    store = Path(records.__file__).parent / "store"
    text = "".join((store / name).read_text(encoding="utf-8") for name in ("m001_initial.sql", "m010_accounts.sql"))
    assert "role IN ('{}')".format("', '".join(Role)) in text
    assert "side IN ('{}')".format("', '".join(Side)) in text
    assert "label IN ('{}')".format("', '".join(CLASSES)) in text
    assert "state IN ('{}')".format("', '".join(JobState)) in text
    assert "WHERE state IN ('{}')".format("', '".join(state for state in JobState if state.is_open)) in text


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_records_can_not_be_changed(record):
    assert record.__dataclass_params__.frozen


def test_a_tone_clips_what_lies_outside_its_table():
    tone = Tone(np.array([0, 0.5, 1], np.float32), lowest=-1)
    assert tone(np.array([-5, -1, 0, 1, 9])).tolist() == [0, 0, 0.5, 1, 1]
