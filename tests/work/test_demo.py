"""The demo: made the way real studies go, whole, repeatable, and mended when its files are gone."""

import shutil
from dataclasses import replace

import pytest

from cxr_core.errors import Conflict
from cxr_core.model import release
from cxr_core.records import JobState, Role
from cxr_core.store import users
from cxr_core.store.db import opened, transaction
from cxr_core.store.secret import site_secret
from cxr_core.work import accounts, people, starting
from cxr_core.work.drift import alarming, monitoring
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import pictures
from cxr_core.work.models import base_data, drafting, registry, retraining
from cxr_core.work.models.change_plan import FILE, shipped
from cxr_core.work.models.drafting import Options
from cxr_core.work.opening import DEMO_SECRET, is_demo
from cxr_core.work.reading_room import reviewing
from cxr_core.work.story import RETRAINED_WITH, STUDIES, base
from cxr_core.work.verifying import verify
from tests.processes import command
from tests.work.sites import files_in, query

LASTING = ("users", "images", "patients", "predictions", "reads", "models", "decisions", "weights", "audit", "site")


@pytest.fixture
def copy(demo, tmp_path):
    """A copy of the demo that a test may change."""
    shutil.copytree(demo.home, tmp_path / "home")
    return replace(demo, home=tmp_path / "home")


def rows_of(settings):
    return {table: query(settings, f"SELECT * FROM {table} ORDER BY 1") for table in LASTING}


def remake(settings):
    """Run the command again, to its end."""
    found = command(settings, "demo", patience=900)
    assert found.returncode == 0, found.stderr


def derived(settings):
    """The files that are made from the studies, with their content."""
    found = files_in(settings, "images") + files_in(settings, "pictures")
    return {path.relative_to(settings.home): path.read_bytes() for path in found}


def test_everything_in_it_verifies(demo):
    found = verify(demo.home, COMMAND_LINE)
    assert found["problems"] == []
    assert (found["images"], found["models"]) == (len(STUDIES), 2)


def test_it_is_a_demo_with_the_demos_key_and_accounts(demo):
    assert is_demo(demo.home)
    assert site_secret(demo.home) != DEMO_SECRET, "what the whole world knows keys synthetic studies alone"
    for name, password in accounts.shown_accounts(demo.home):
        assert accounts.sign_in(demo, name, password)
    with opened(demo.home) as db:
        assert [len(users.with_role(db, role)) for role in (Role.RADIOLOGIST, Role.ADMIN)] == [1, 1]


def test_every_image_is_synthetic_and_says_so(demo):
    assert query(demo, "SELECT DISTINCT synthetic FROM images") == [{"synthetic": 1}]


def test_nearly_every_study_was_judged_by_the_real_model_and_all_can_be_shown(demo):
    found = query(demo, "SELECT i.id, p.status FROM images i LEFT JOIN predictions p ON p.image = i.id")
    assert sum(row["status"] == "predicted" for row in found) >= 0.95 * len(found)
    assert {row["status"] for row in found} <= {"predicted", "not_analysed"}
    assert all(pictures.path(demo.home, COMMAND_LINE, row["id"]).is_file() for row in found)


def test_some_studies_wait_and_the_others_were_read(demo):
    waiting = sum(not study.is_read for study in STUDIES)
    assert waiting > 0
    counted = reviewing.counts(demo.home, COMMAND_LINE)
    assert counted == {"waiting": waiting, "read": len(STUDIES) - waiting, "coming": 0}


def test_its_history_lies_in_the_past_and_in_order(demo):
    for table, column in (("images", "received_at"), ("reads", "made_at"), ("predictions", "made_at")):
        moments = [row["at"] for row in query(demo, f"SELECT {column} AS at FROM {table} ORDER BY rowid")]
        assert moments == sorted(moments)
    days = {row["day"] for row in query(demo, "SELECT substr(received_at, 1, 10) AS day FROM images")}
    assert len(days) > 20


def test_a_retrain_really_ran_and_was_decided_on_by_its_gate(demo):
    decided = [row for row in monitoring.decisions(demo.home, COMMAND_LINE) if row["model"] != release.card()["name"]]
    (second,) = (version for version in registry.family(demo.home, COMMAND_LINE) if version.parent)
    gate = second.card["metrics"]["gate"]
    assert [row["action"] for row in decided] == ["promote" if gate["passed"] else "refuse"]
    assert len(gate["compared"]) == 2
    assert retraining.newest_job(demo.home, COMMAND_LINE) is None, "it is part of the demo's own job"
    assert second.card["recipe"]["trained"] == "head"


def test_readers_disagreed_now_and_then_also_after_the_retrain(demo):
    since = monitoring.decisions(demo.home, COMMAND_LINE)[-1]["decided_at"]
    flagged = query(demo, "SELECT made_at, reason FROM reads WHERE agrees = 0")
    assert all(row["reason"] for row in flagged)
    assert any(row["made_at"] < since for row in flagged)
    assert any(row["made_at"] > since for row in flagged)


def test_the_base_data_stand_ready_for_the_next_retrain(demo):
    drafted = drafting.draft(demo, COMMAND_LINE, Options())
    assert sum(row["images"] for row in drafted.table() if row["origin"] == base_data.BASE) > 0
    assert len(files_in(demo, base_data.DEMO_BASE)) == len(base()) + 1
    assert all("training side was flagged" in missing for missing in drafted.missing)


def test_its_retrain_was_judged_by_a_plan_of_its_own_and_says_so(demo):
    made = next(version for version in registry.family(demo.home, COMMAND_LINE) if version.training_set)
    gate = made.card["metrics"]["gate"]
    assert (gate["plan_name"], gate["demo"], gate["plan"]) == ("DEMO", True, shipped("demo").sha256)
    assert made.card["data"]["plan"] == shipped("demo").sha256
    (decided,) = query(demo, "SELECT plan FROM decisions WHERE model = ?", made.name)
    assert decided["plan"] == shipped("demo").sha256


def test_the_default_plan_refuses_the_same_retrain(copy):
    with opened(copy.home) as db, transaction(db):
        db.execute("DELETE FROM decisions WHERE action != 'install'")  # as it was before the demo's retrain
    admin = people.admin_named(copy.home, COMMAND_LINE, None)
    assert drafting.draft(copy, admin, RETRAINED_WITH).objections == []
    (copy.home / FILE).write_text(shipped("default").text, encoding="utf-8")
    missing = drafting.draft(copy, admin, RETRAINED_WITH).missing
    assert any("the plan default wants 20 flagged images on the training side, there are" in each for each in missing)
    with pytest.raises(Conflict, match="the plan default wants 2 readers of them"):
        retraining.start(copy, admin, RETRAINED_WITH)


def test_making_it_again_changes_nothing(copy):
    before, files = rows_of(copy), derived(copy)
    remake(copy)
    assert rows_of(copy) == before
    assert derived(copy) == files


def test_a_demo_that_has_its_history_but_no_files_gets_them_made_again(copy):
    before, files = rows_of(copy), derived(copy)
    for folder in ("images", "pictures", base_data.DEMO_BASE):
        shutil.rmtree(copy.home / folder)
    remake(copy)
    assert derived(copy) == files
    assert rows_of(copy) == before
    assert verify(copy.home, COMMAND_LINE)["problems"] == []
    assert starting.demo_job(copy.home).state is JobState.DONE


def test_the_machine_that_is_set_up_otherwise_has_raised_an_alarm_that_is_told_of_it(demo):
    known = "SELECT device FROM reference_tallies"
    (newcomer,) = query(demo, f"SELECT DISTINCT device FROM images WHERE device NOT IN ({known})")
    (found,) = alarming.standing(demo.home, COMMAND_LINE)
    assert (found.place, found.alarm.guess) == ({"device": newcomer["device"]}, "another machine or protocol")
    sent = query(demo, "SELECT id FROM images WHERE device = ?", newcomer["device"])
    assert found.before and set(found.now) <= {row["id"] for row in sent}
