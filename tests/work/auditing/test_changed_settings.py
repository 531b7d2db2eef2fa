"""Settings that differ from those of the last start are on record by their names alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cxr_core.work.auditing import changed_settings
from cxr_core.work.auditing.changed_settings import PLAN
from tests.work.sites import new_home, query


@pytest.fixture
def settings(tmp_path):
    found = new_home(tmp_path)
    changed_settings.note(found, "app")
    return found


def recorded(settings):
    found = query(settings, "SELECT subject, details FROM audit WHERE action = 'start with other settings' ORDER BY id")
    return [(row["subject"], json.loads(row["details"])["changed"]) for row in found]


def test_a_first_start_names_what_is_not_as_it_comes(settings):
    assert recorded(settings) == [("app", ["CXR_THREADS"])]


def test_the_same_settings_are_no_row(settings):
    assert changed_settings.note(settings, "app") == []
    assert len(recorded(settings)) == 1


def test_what_changed_is_named_without_its_value(settings):
    other = replace(settings, threads=2, webhook_url="https://host/with-a-secret-token")
    assert changed_settings.note(other, "app") == ["CXR_THREADS", "CXR_WEBHOOK_URL"]
    assert recorded(settings)[-1] == ("app", ["CXR_THREADS", "CXR_WEBHOOK_URL"])
    assert "secret-token" not in str(query(settings, "SELECT * FROM audit")) + str(
        query(settings, "SELECT * FROM site")
    )


def test_a_changed_plan_is_a_changed_setting(settings):
    (settings.home / "retrain-plan.toml").write_text("# another\n")
    assert changed_settings.note(settings, "app") == [PLAN]


def test_each_part_of_the_program_is_compared_with_its_own_last_start(settings):
    assert changed_settings.note(settings, "listener") != []
    assert changed_settings.note(settings, "app") == []
