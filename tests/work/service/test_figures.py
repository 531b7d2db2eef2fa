"""The figures are what Prometheus' own parser takes, and tell what is there."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cxr_core import clock
from cxr_core.records import Lane, Role
from cxr_core.settings import Settings
from cxr_core.store import gauges, jobs, workers
from cxr_core.store.db import opened
from cxr_core.work import accounts, vouching
from cxr_core.work.keeping import last_backup
from cxr_core.work.opening import open_home
from cxr_core.work.service import figures
from tests.store.rows import PASSWORD, add_image, add_user

MONITORING = Path(__file__).parents[3] / "docs" / "monitoring.md"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path):
    open_home(tmp_path)
    return Settings(home=tmp_path, free_mb=0)


def parsed(settings):
    """Samples by name and labels, after the parser has checked every line."""
    found = {}
    for family in text_string_to_metric_families(figures.figures(settings)):
        assert family.documentation
        assert family.type in ("gauge", "counter")
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def test_an_empty_home_has_every_figure(settings):
    found = parsed(settings)
    names = {name for name, *_ in found}
    assert names >= {
        "cxr_info", "cxr_ready", "cxr_jobs", "cxr_jobs_failed_total", "cxr_workers", "cxr_listeners",
        "cxr_disk_free_bytes", "cxr_database_bytes", "cxr_sessions", "cxr_sign_ins_failed_total", "cxr_cases_waiting",
        "cxr_oldest_waiting_case_seconds", "cxr_images_total", "cxr_alarms_open", "cxr_deliveries",
    }  # fmt: skip
    assert not {"cxr_last_backup_timestamp_seconds", "cxr_worker_heartbeat_age_seconds"} & names
    assert found["cxr_ready", ("what", "reading_worker")] == 0
    assert found["cxr_ready", ("what", "model")] == 1


def test_every_rule_of_the_documentation_can_hold_in_a_home_where_nothing_was_done_yet(settings):
    """Prometheus compares nothing with what is absent: such a rule would never hold."""
    present = {(name, label) for name, *labels in parsed(settings) for label in [*labels, None]}
    text = MONITORING.read_text(encoding="utf-8").partition("| rule |")[2].partition("\n\n")[0]
    rules = re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
    assert len(rules) > 5
    for rule in rules:
        for metric, name, value in re.findall(r"(cxr_\w+)(?:{(\w+)=\"(\w+)\"})?", rule):
            there = (metric, (name, value) if name else None) in present
            assert there or f"or absent({metric})" in rule, f"{metric} is absent at first: say `or absent({metric})`"


def test_every_metric_begins_with_the_programs_name_and_no_label_names_anybody(settings):
    with opened(settings.home) as db:
        add_user(db, "Quimby")
        add_image(db, 1, patient="quimby-4711")
    text = figures.figures(settings)
    assert "uimby" not in text
    assert all(line.startswith(("# HELP cxr_", "# TYPE cxr_", "cxr_")) for line in text.splitlines())


def test_queues_workers_and_failures_are_told_by_lane(settings):
    with opened(settings.home) as db:
        with clock.at(NOON):
            numbers = [jobs.ask(db, jobs.Request("intake", Lane.READING, {})) for _ in range(4)]
        for _ in range(2):
            jobs.claim(db, Lane.READING, "w")
        jobs.fail(db, numbers[0], "w", "it broke")
        workers.register(db, "w", Lane.READING, "1")
    found = parsed(settings)
    assert found["cxr_jobs", ("lane", "reading"), ("state", "queued")] == 2
    assert found["cxr_jobs", ("lane", "reading"), ("state", "running")] == 1
    assert found["cxr_jobs", ("lane", "learning"), ("state", "queued")] == 0
    assert found["cxr_jobs_failed_total", ("lane", "reading")] == 1
    assert found["cxr_jobs_oldest_queued_seconds", ("lane", "reading")] > 3600
    assert found["cxr_workers", ("lane", "reading")] == 1
    assert found["cxr_worker_heartbeat_age_seconds", ("lane", "reading")] < 60


def test_sign_ins_and_sessions_are_counted_and_the_chain_is_read_on_and_not_anew(settings):
    with opened(settings.home) as db:
        add_user(db, "ann", Role.RADIOLOGIST)
    for password in ("wrong", PASSWORD, "wrong"):
        accounts.sign_in(settings, "ann", password)
    assert parsed(settings)["cxr_sign_ins_failed_total",] == 2
    accounts.sign_in(settings, "nobody", "wrong")
    vouching.refuse(settings)
    found = parsed(settings)
    assert found["cxr_sign_ins_failed_total",] == 4
    assert found["cxr_sessions",] == 1
    with opened(settings.home) as db:
        last = figures._counted[settings.home][1]
        assert gauges.events(db, figures.FAILED_SIGN_INS, last) == (0, last)


def test_what_waits_longest_and_the_last_backup_are_told(settings):
    with opened(settings.home) as db:
        add_image(db, 1)
        add_image(db, 2)
        last_backup.note_made(db, clock.stamp(NOON), settings.home.parent)
    found = parsed(settings)
    assert found["cxr_cases_waiting",] == found["cxr_images_total",] == 2
    assert found["cxr_oldest_waiting_case_seconds",] > 86_400
    assert (found["cxr_last_backup_timestamp_seconds",], found["cxr_backup_failed",]) == (NOON.timestamp(), 0)
    last_backup.note_failed(settings.home, "no room")
    found = parsed(settings)
    assert (found["cxr_last_backup_timestamp_seconds",], found["cxr_backup_failed",]) == (NOON.timestamp(), 1)
