"""Deciding on a candidate: promote, refuse, roll back, and who may."""

from __future__ import annotations

import pytest

from cxr_core.errors import BadInput, Conflict, NotAllowed
from cxr_core.records import Role
from cxr_core.store import jobs, models, predictions
from cxr_core.store.db import opened, rows
from cxr_core.work import people
from cxr_core.work.drift import monitoring
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import retraining, shadowing
from cxr_core.work.models.change_plan import FILE, kept
from cxr_core.work.models.drafting import Options
from cxr_core.work.models.retraining import REPREDICT, start
from tests.work import plans
from tests.work.learners import FIRST, add_model, copied, flagged, passed, store_image


@pytest.fixture
def home(empty, tmp_path):
    return copied(empty, tmp_path / "home")


def test_only_an_admin_starts_cancels_and_decides(home):
    flagged(home, 1)
    add_model(home, "cxr-resnet18-2", gate=passed(FIRST))
    who = home.radiologist
    for forbidden in (
        lambda: start(home.settings, who, Options()),
        lambda: retraining.cancel(home.path, who, 1),
        lambda: retraining.promote(home.path, who, "cxr-resnet18-2", "because"),
        lambda: retraining.refuse(home.path, who, "cxr-resnet18-2", "because"),
        lambda: retraining.roll_back(home.path, who, FIRST, "because"),
    ):
        with pytest.raises(NotAllowed):
            forbidden()
    with opened(home.path) as db:
        assert models.running(db) == FIRST
        assert jobs.newest(db, retraining.RETRAIN) == []


def test_promoting_puts_a_candidate_to_use_and_has_what_waits_read_again(home):
    waiting = store_image(home, 1)
    add_model(home, "cxr-resnet18-2", gate=passed(FIRST))
    assert retraining.candidate(home.path, COMMAND_LINE)["name"] == "cxr-resnet18-2"
    retraining.promote(home.path, home.admin, "cxr-resnet18-2", " fewer misses ")
    assert retraining.candidate(home.path, COMMAND_LINE) is None
    with opened(home.path) as db:
        assert models.running(db) == "cxr-resnet18-2"
        assert models.decisions(db)[-1]["reason"] == "fewer misses"
        (job,) = jobs.newest(db, REPREDICT)
        assert job.payload == {"model": "cxr-resnet18-2"}
        assert predictions.standing(db, waiting, None)["model"] == FIRST


@pytest.mark.parametrize(
    ("gate", "why"),
    [
        ({"passed": False, "reasons": ["a loss can't be excluded"], "compared": []}, "a loss can't be excluded"),
        (None, "has no gate report"),
        (passed("cxr-resnet18-7"), f"was not held against {FIRST}"),
    ],
)
def test_a_candidate_whose_gate_does_not_vouch_for_it_is_not_put_to_use(home, gate, why):
    add_model(home, "cxr-resnet18-2", gate=gate)
    with pytest.raises(Conflict, match=why):
        retraining.promote(home.path, home.admin, "cxr-resnet18-2", "I want it")
    with opened(home.path) as db:
        assert models.running(db) == FIRST
        assert jobs.newest(db, REPREDICT) == []


def test_a_candidate_that_was_compared_with_an_older_model_must_be_made_again(home):
    for name in ("cxr-resnet18-2", "cxr-resnet18-3"):
        add_model(home, name, gate=passed(FIRST))
    retraining.promote(home.path, home.admin, "cxr-resnet18-2", "better")
    with pytest.raises(Conflict, match="not held against cxr-resnet18-2, which runs now"):
        retraining.promote(home.path, home.admin, "cxr-resnet18-3", "better still")


@pytest.mark.parametrize("decide", [retraining.promote, retraining.refuse])
def test_a_decision_needs_a_reason_and_is_made_once(home, decide):
    add_model(home, "cxr-resnet18-2", gate=passed(FIRST))
    with pytest.raises(BadInput, match="say why"):
        decide(home.path, home.admin, "cxr-resnet18-2", "  ")
    decide(home.path, home.admin, "cxr-resnet18-2", "because")
    for again in (retraining.promote, retraining.refuse):
        with pytest.raises(Conflict, match="decided on already"):
            again(home.path, home.admin, "cxr-resnet18-2", "because")


def test_one_rolls_back_to_what_was_in_use_and_to_nothing_else(home):
    for number in (2, 3, 4):
        rivals = (FIRST,) if number == 2 else ("cxr-resnet18-2", FIRST)
        add_model(home, f"cxr-resnet18-{number}", gate=passed(*rivals))
    retraining.promote(home.path, home.admin, "cxr-resnet18-2", "better")
    retraining.promote(home.path, home.admin, "cxr-resnet18-3", "better still")
    retraining.refuse(home.path, home.admin, "cxr-resnet18-4", "no gain")
    assert retraining.earlier_models(home.path, COMMAND_LINE) == ["cxr-resnet18-2", FIRST]
    for wrong in ("cxr-resnet18-3", "cxr-resnet18-4", "nobody"):
        with pytest.raises(Conflict, match="can't be rolled back to"):
            retraining.roll_back(home.path, home.admin, wrong, "because")
    retraining.roll_back(home.path, home.admin, FIRST, "misses devices")
    with opened(home.path) as db:
        assert models.running(db) == FIRST
        assert models.decisions(db)[-1]["action"] == "roll back"
    assert retraining.earlier_models(home.path, COMMAND_LINE) == ["cxr-resnet18-3", "cxr-resnet18-2"]


def test_what_the_plan_does_not_list_is_refused_and_put_on_record(home):
    flagged(home, 1)
    plans.write(home.path, trained='["head"]', epochs="[1, 5]")
    with pytest.raises(NotAllowed, match=r"doesn.t list training last block: it .* epochs 10: it allows 1 to 5"):
        start(home.settings, home.admin, Options("last block"))
    with opened(home.path) as db:
        (event,) = rows(db, "SELECT * FROM audit WHERE action = 'ask for a retrain against the plan'")
        assert jobs.newest(db, retraining.RETRAIN) == []
        assert kept(db, event["subject"]).changes.trained == ("head",)


def test_a_second_admin_must_approve_where_the_plan_says_so(home):
    plans.write(home.path, approvals="2")
    second = people.add_user(home.path, COMMAND_LINE, "Bea", Role.ADMIN, "long enough")
    add_model(home, "cxr-resnet18-2", gate=passed(FIRST))
    assert not retraining.promote(home.path, home.admin, "cxr-resnet18-2", "fewer misses")
    found = retraining.approvals(home.path, COMMAND_LINE, "cxr-resnet18-2")
    assert (found.names, found.wanted) == (("Ada",), 1)
    assert monitoring.running_model(home.path, COMMAND_LINE) == FIRST
    assert retraining.candidate(home.path, COMMAND_LINE)["name"] == "cxr-resnet18-2"
    with pytest.raises(Conflict, match="you have approved it already; 1 more must, each somebody else"):
        retraining.promote(home.path, home.admin, "cxr-resnet18-2", "still")
    assert retraining.promote(home.path, second, "cxr-resnet18-2", "agreed")
    assert monitoring.running_model(home.path, COMMAND_LINE) == "cxr-resnet18-2"


def test_who_may_approve_is_who_the_plan_names(home):
    plans.write(home.path, approvers='["Bea"]')
    add_model(home, "cxr-resnet18-2", gate=passed(FIRST))
    with pytest.raises(NotAllowed, match="the plan easy leaves approving to Bea"):
        retraining.promote(home.path, home.admin, "cxr-resnet18-2", "fewer misses")
    assert monitoring.running_model(home.path, COMMAND_LINE) == FIRST


def test_a_candidate_that_one_has_approved_can_still_be_refused(home):
    plans.write(home.path, approvals="2")
    add_model(home, "cxr-resnet18-2", gate=passed(FIRST))
    retraining.promote(home.path, home.admin, "cxr-resnet18-2", "fewer misses")
    retraining.refuse(home.path, home.admin, "cxr-resnet18-2", "seen too late")
    assert retraining.candidate(home.path, COMMAND_LINE) is None
    with pytest.raises(Conflict, match="decided on already"):
        retraining.promote(home.path, home.admin, "cxr-resnet18-2", "after all")


def test_after_a_roll_back_a_candidate_that_was_only_held_against_the_bad_model_must_be_made_again(home):
    add_model(home, "cxr-resnet18-2", gate=passed(FIRST))
    retraining.promote(home.path, home.admin, "cxr-resnet18-2", "better")
    add_model(home, "cxr-resnet18-3", gate=passed("cxr-resnet18-2", FIRST))
    retraining.roll_back(home.path, home.admin, FIRST, "it was bad")
    with pytest.raises(Conflict, match=f"not held against {FIRST}, which runs now"):
        retraining.promote(home.path, home.admin, "cxr-resnet18-3", "as good as that one")


def test_a_release_that_came_with_an_update_is_no_candidate(home):
    add_model(home, "cxr-resnet18-2", gate=passed(FIRST))
    add_model(home, "cxr-resnet18-r9", parent=None)
    assert retraining.candidate(home.path, COMMAND_LINE)["name"] == "cxr-resnet18-2"
    for decide in (retraining.promote, retraining.refuse):
        with pytest.raises(Conflict, match="is a release of the program"):
            decide(home.path, home.admin, "cxr-resnet18-r9", "because")
    with pytest.raises(Conflict, match="is a release of the program"):
        shadowing.start(home.path, home.admin, "cxr-resnet18-r9", "because")


def test_a_plan_that_can_not_be_read_stops_no_decision_that_goes_by_another(home):
    add_model(home, "cxr-resnet18-2", gate=passed(FIRST))
    retraining.promote(home.path, home.admin, "cxr-resnet18-2", "better")
    (home.path / FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match=f"{FILE} can't be read"):
        retraining.preview(home.settings, home.admin, Options())
    retraining.roll_back(home.path, home.admin, FIRST, "misses devices")
    assert monitoring.running_model(home.path, COMMAND_LINE) == FIRST
