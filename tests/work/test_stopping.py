"""The stop switch: what nobody sees while a stop stands, what is recorded then, and the plan's own rule."""

import shutil
from dataclasses import replace

import pytest

from cxr_core.errors import BadInput, Conflict, NotAllowed
from cxr_core.records import Label, Method, Mode, Reason
from cxr_core.store import audit
from cxr_core.store.db import opened, transaction
from cxr_core.work.drift import monitoring
from cxr_core.work.models import stopping
from cxr_core.work.reading_room import explaining, recording, reviewing
from cxr_core.work.reading_room.recording import ReadForm
from cxr_core.work.reading_room.reviewing import Filters, Stage
from tests.store.rows import opinion
from tests.work import plans
from tests.work.looking import everything, job_about, of_the_case, told_too_soon
from tests.work.reading_rooms import put, read, said
from tests.work.sites import add_user, new_home, query

WHY = "too many misses on portable films"


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """An opened home, to be copied."""
    return new_home(tmp_path_factory.mktemp("homes"))


@pytest.fixture
def settings(empty, tmp_path):
    shutil.copytree(empty.home, tmp_path / "home")
    return replace(empty, home=tmp_path / "home")


def stop(settings, admin):
    stopping.stop(settings.home, admin, WHY)


def lift(settings, admin):
    stopping.lift(settings.home, admin, "the new version is in use")


def test_a_stop_has_a_reason_and_a_name_until_an_admin_lifts_it(settings, ann, admin):
    with pytest.raises(NotAllowed):
        stopping.stop(settings.home, ann, WHY)
    with pytest.raises(BadInput, match="say why"):
        stopping.stop(settings.home, admin, "  ")
    assert stopping.standing(settings.home, ann) is None
    stopping.stop(settings.home, admin, f" {WHY} ")
    found = stopping.standing(settings.home, ann)
    assert (found.reason, found.stopped_by, found.lifted_at) == (WHY, "admin", None)
    with pytest.raises(NotAllowed):
        stopping.lift(settings.home, ann, "I want it back")
    with pytest.raises(BadInput, match="say why"):
        stopping.lift(settings.home, admin, "")
    lift(settings, admin)
    assert stopping.standing(settings.home, ann) is None
    (past,) = stopping.so_far(settings.home, ann)
    assert (past.lifted_by, past.lifted_because) == ("admin", "the new version is in use")
    events = query(settings, "SELECT actor, action FROM audit WHERE action LIKE '%stop%' ORDER BY id")
    assert events == [{"actor": "admin", "action": "stop"}, {"actor": "admin", "action": "lift stop"}]
    with opened(settings.home) as db:
        audit.verify(db)


def test_of_two_who_stop_or_lift_at_once_the_second_is_told(settings, admin):
    with pytest.raises(Conflict, match="no stop stands"):
        lift(settings, admin)
    stop(settings, admin)
    with pytest.raises(Conflict, match=f"switched off already, by admin: “{WHY}”"):
        stopping.stop(settings.home, admin, "me too")
    assert len(stopping.so_far(settings.home, admin)) == 1


@pytest.mark.parametrize("mode", Mode)
def test_while_a_stop_stands_nobody_is_told_what_the_model_says_whichever_way_they_look(settings, ann, admin, mode):
    before, after = put(settings, 1, mode), put(settings, 2, mode, received_at="2020", patient="patient 1")
    job = job_about(settings, before)
    read(settings, ann, after, Label.NORMAL, Reason.SMALL)
    assert told_too_soon(settings, admin, before, job, of_the_case), "the search finds what is there"
    stop(settings, admin)
    for image in (before, after):
        assert told_too_soon(settings, ann, image, job, everything) == []
        assert told_too_soon(settings, admin, image, job, of_the_case) == []
        for user in (ann, admin):
            with pytest.raises(NotAllowed, match=WHY):
                explaining.ask(settings.home, user, image, Method.LAYER_CAM)
            with pytest.raises(NotAllowed, match=WHY):
                explaining.look(settings.home, user, image, Method.LAYER_CAM, job)
            with pytest.raises(NotAllowed, match=WHY):
                explaining.heatmap(settings.home, user, image, explaining.digest(opinion().heatmap))
            assert "small finding" not in reviewing.history_csv(settings.home, user), (
                "a reason tells what it is against"
            )
    lift(settings, admin)
    assert told_too_soon(settings, admin, before, job, of_the_case)


def test_admins_keep_the_figures_over_many_by_which_they_decide_and_readers_do_not(settings, ann, admin):
    read(settings, ann, put(settings), Label.NORMAL, Reason.SMALL)
    stop(settings, admin)
    assert monitoring.agreement(settings.home, ann, 28) == []
    assert [(row.n, row.agreed) for row in monitoring.agreement(settings.home, admin, 28)] == [(1, 0)]


def in_order(settings, user):
    return [row["id"][-1] for row in reviewing.waiting_list(settings.home, user, Filters())]


def test_an_order_by_suspicion_tells_nothing_while_a_stop_stands(settings, ann, admin):
    for number, probability in enumerate((0.1, 0.9, 0.5), 1):
        put(settings, number, probability=probability, received_at=f"2999-01-0{number}")
    with opened(settings.home) as db:
        db.execute("UPDATE worklists SET ordering = 'suspicion' WHERE id = 1")
    assert in_order(settings, ann) == ["2", "3", "1"]
    stop(settings, admin)
    assert in_order(settings, ann) == ["1", "2", "3"]
    assert reviewing.next_case(settings.home, ann)[-1] == "1"


@pytest.mark.parametrize("mode", Mode)
def test_a_case_is_read_as_without_the_model_and_the_first_opinion_is_the_final_one(settings, ann, admin, mode):
    image = put(settings, mode=mode)
    stop(settings, admin)
    case = reviewing.case(settings.home, ann, image)
    assert case.prediction is None
    assert case.stop.reason == WHY
    assert case.stage is (Stage.FIRST if mode is Mode.BLINDED else Stage.OPEN)
    read(settings, ann, image, Label.NORMAL, Reason.SMALL)
    (row,) = query(settings, "SELECT seen, agrees, reason, final FROM reads")
    assert row == {"seen": "nothing", "agrees": None, "reason": None, "final": 1}
    assert reviewing.case(settings.home, ann, image).stage is Stage.DONE
    assert reviewing.counts(settings.home, ann)["waiting"] == 0


def test_what_was_on_the_screen_before_the_stop_was_seen(settings, ann, admin):
    open_, revealed = put(settings, 1), put(settings, 2, Mode.SECOND_READER)
    shown = reviewing.case(settings.home, ann, open_).prediction["id"]
    read(settings, ann, revealed, Label.PNEUMONIA)
    stop(settings, admin)
    recording.submit(settings.home, ann, ReadForm(open_, shown, Label.NORMAL, Reason.SMALL))
    read(settings, ann, revealed, Label.PNEUMONIA)
    rows = query(settings, "SELECT seen, agrees, final FROM reads ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [("nothing", 1, 0), ("directly", 0, 1), ("directly", 1, 1)]


def test_a_revision_during_a_stop_keeps_what_its_reader_had_seen_and_why_they_disagreed(settings, ann, admin):
    image = put(settings)
    number = read(settings, ann, image, Label.NORMAL, Reason.SMALL)
    stop(settings, admin)
    form = ReadForm(image, said(settings, image), Label.NORMAL, None, "left base")
    number = recording.revise(settings.home, ann, number, form)
    recording.revise(settings.home, ann, number, ReadForm(image, said(settings, image), Label.PNEUMONIA))
    rows = query(settings, "SELECT seen, agrees, reason FROM reads ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        ("directly", 0, "small finding"), ("directly", 0, "small finding"), ("directly", 1, None),
    ]  # fmt: skip


def test_after_the_stop_a_read_given_during_it_is_revised_beside_the_opinion(settings, ann, admin):
    image = put(settings)
    stop(settings, admin)
    number = read(settings, ann, image, Label.NORMAL)
    lift(settings, admin)
    with pytest.raises(BadInput, match="choose a reason"):
        recording.revise(settings.home, ann, number, ReadForm(image, said(settings, image), Label.NORMAL, None, "so"))
    recording.revise(settings.home, ann, number, ReadForm(image, said(settings, image), Label.PNEUMONIA))
    rows = query(settings, "SELECT seen, agrees FROM reads ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [("nothing", None), ("directly", 1)]


def audited(settings, readers, numbers, model=Label.PNEUMONIA, found=Label.PNEUMONIA):
    """Images that two read blinded and found the same, of which the model says `model`."""
    for number in numbers:
        image = put(settings, number, Mode.BLINDED, readers=2, label=model)
        for reader in readers:
            read(settings, reader, image, found)


@pytest.fixture
def small(settings):
    """A plan that asks for few images, so that the test is quick."""
    plans.write(settings.home, fewest_pneumonias="5")


def test_below_the_floor_the_rule_stops_in_the_transaction_of_the_read_that_shows_it(settings, ann, ben, small):
    audited(settings, (ann, ben), range(1, 4))
    audited(settings, (ann, ben), range(4, 6), model=Label.UNCERTAIN)
    audited(settings, (ann, ben), range(6, 8), model=Label.NORMAL, found=Label.NORMAL)
    audited(settings, (ann, ben), [8], model=Label.NORMAL)
    assert stopping.standing(settings.home, ann) is None, (
        "four pneumonias of which the model said something are too few"
    )
    audited(settings, (ann, ben), [9], model=Label.NORMAL)
    found = stopping.standing(settings.home, ann)
    assert found.stopped_by is None
    assert "of 5 pneumonias" in found.reason
    assert "calls 3 so: a sensitivity of 0.60 (95 % interval 0.23 to 0.88), below the floor of 0.80" in found.reason
    assert "Not counted: 2" in found.reason
    (event,) = query(settings, "SELECT actor, action FROM audit WHERE action = 'stop'")
    assert event == {"actor": "program", "action": "stop"}


def test_at_the_floor_nothing_is_stopped(settings, ann, ben, small):
    audited(settings, (ann, ben), range(1, 9))
    audited(settings, (ann, ben), range(9, 11), model=Label.NORMAL)
    assert stopping.standing(settings.home, ann) is None


def test_where_two_differ_the_third_decides_what_is_audited(settings, ann, ben, admin, small):
    carl = add_user(settings, name="carl")
    audited(settings, (ann, ben), range(1, 5))
    for number in (5, 6):
        image = put(settings, number, Mode.BLINDED, readers=2, label=Label.NORMAL)
        read(settings, ann, image, Label.NORMAL)
        read(settings, ben, image, Label.PNEUMONIA)
        assert stopping.standing(settings.home, ann) is None
        read(settings, carl, image, Label.PNEUMONIA)
    assert "of 6 pneumonias" in stopping.standing(settings.home, ann).reason


def test_a_revision_that_shows_it_stops_too(settings, ann, ben, small):
    audited(settings, (ann, ben), range(1, 5))
    audited(settings, (ann,), [5, 6], model=Label.NORMAL)
    numbers = [read(settings, ben, f"{number:064x}", Label.NORMAL) for number in (5, 6)]
    for number, image in zip(numbers, (5, 6), strict=True):
        assert stopping.standing(settings.home, ann) is None
        recording.revise(settings.home, ben, number, ReadForm(f"{image:064x}", None, Label.PNEUMONIA))
    assert stopping.standing(settings.home, ann) is not None


def test_only_what_two_read_without_the_model_is_audited(settings, ann, small):
    for number in range(1, 8):
        read(settings, ann, put(settings, number, Mode.BLINDED, label=Label.NORMAL), Label.PNEUMONIA)
        read(settings, ann, put(settings, number + 20, label=Label.NORMAL), Label.PNEUMONIA, Reason.SMALL)
    assert stopping.standing(settings.home, ann) is None


def test_once_lifted_the_rule_counts_from_there_on(settings, ann, ben, admin, small):
    audited(settings, (ann, ben), range(1, 6), model=Label.NORMAL)
    audited(settings, (ann, ben), range(6, 9), model=Label.NORMAL)
    lift(settings, admin)
    audited(settings, (ann, ben), range(9, 13), model=Label.NORMAL)
    assert stopping.standing(settings.home, ann) is None
    audited(settings, (ann, ben), [13], model=Label.NORMAL)
    assert "of 5 pneumonias" in stopping.standing(settings.home, ann).reason
    assert len(stopping.so_far(settings.home, ann)) == 2


def test_a_stop_that_cannot_be_recorded_leaves_the_read_unrecorded_too(settings, ann, ben, small):
    audited(settings, (ann, ben), range(1, 5), model=Label.NORMAL)
    image = put(settings, 5, Mode.BLINDED, readers=2, label=Label.NORMAL)
    read(settings, ann, image, Label.PNEUMONIA)
    with opened(settings.home) as db, transaction(db):
        db.execute("CREATE TRIGGER full BEFORE INSERT ON stops BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    before = query(settings, "SELECT count(*) AS n FROM reads")
    with pytest.raises(Exception, match="disk full"):
        read(settings, ben, image, Label.PNEUMONIA)
    assert query(settings, "SELECT count(*) AS n FROM reads") == before


def test_a_plan_that_can_not_be_followed_keeps_no_read_from_being_recorded(settings, ann, ben, small):
    (settings.home / "retrain-plan.toml").write_text("name = ", encoding="utf-8")
    audited(settings, (ann, ben), range(1, 9), model=Label.NORMAL)
    assert stopping.standing(settings.home, ann) is None
    assert len(query(settings, "SELECT id FROM reads")) == 16
