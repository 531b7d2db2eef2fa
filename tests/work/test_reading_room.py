"""The reading room: nobody sees the model's opinion too soon, no case is read by too many, and none waits for ever."""

import threading
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta

import numpy as np
import pytest

from cxr_core import clock
from cxr_core.errors import BadInput, Conflict, NotAllowed
from cxr_core.records import Label, Method, Mode, Ordering, Reason, Role, Side
from cxr_core.store import claims, images, models, predictions
from cxr_core.store.db import opened, transaction
from cxr_core.work import accounts, explaining, listing, monitoring, recording, requests, reviewing, spool
from cxr_core.work.recording import ReadForm
from cxr_core.work.reviewing import Filters, Show, Stage
from tests.store.rows import opinion
from tests.work.sites import add_user, new_home, picture, query, take_in

PROBABILITY = 0.8765432109


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


@pytest.fixture
def ann(settings):
    return add_user(settings, name="ann")


@pytest.fixture
def ben(settings):
    return add_user(settings, name="ben")


@pytest.fixture
def admin(settings):
    return add_user(settings, Role.ADMIN, "admin")


def put(settings, number=1, mode=Mode.CONCURRENT, readers=1, probability=PROBABILITY, label=Label.PNEUMONIA, **more):
    """An image that is to be read so, with an opinion; returns its id."""
    image = f"{number:064x}"
    row = {
        "id": image, "patient": f"patient {number}", "file_sha256": image, "source": "png", "bits": 8,
        "pixel_rows": 100, "pixel_columns": 90, "synthetic": 0, "appearance": {}, "received_at": clock.stamp(),
        "mode": mode.value, "readers": readers, "slots_open": readers, **more,
    }  # fmt: skip
    with opened(settings.home) as db, transaction(db):
        images.add(db, row, Side.TRAIN)
        predictions.add(db, image, models.running(db), opinion(probability, label))
    return image


def said(settings, image):
    with opened(settings.home) as db:
        return predictions.standing(db, image, None)["id"]


def read(settings, user, image, label, reason=None):
    """Record a read as the page does: with the number of the prediction, where one is shown."""
    shown = reviewing.case(settings.home, user, image).prediction
    form = ReadForm(image, shown["id"] if shown else None, label, reason)
    return recording.submit(settings.home, user, form)


def everything(settings, user, image, job):
    """All that a reader can get to see of an image through the use cases, one after the other."""
    home = settings.home
    yield reviewing.case(home, user, image)
    for show in Show:
        yield reviewing.waiting_list(home, user, Filters(show))
        for label in ("Pneumonia", "Normal", "Uncertain", "not analysed"):
            yield [row["id"] for row in reviewing.waiting_list(home, user, Filters(show, label))]
    yield reviewing.opinions(home, user, [image])
    yield reviewing.history(home, user)
    yield reviewing.history_csv(home, user)
    yield requests.verdicts(home, user, [job])
    yield monitoring.watch(home, user, 28).windows
    yield monitoring.agreement(home, user, 28)
    yield reviewing.priors(home, user, image)
    yield [row["card"]["name"] for row in monitoring.model_versions(home, user)]


def told(found):
    """Everything that was found, as text: numbers within arrays, too."""
    if is_dataclass(found):
        return " ".join(told(getattr(found, field.name)) for field in fields(found))
    if isinstance(found, dict):
        return " ".join(f"{name} {told(value)}" for name, value in found.items())
    if isinstance(found, (list, tuple, np.ndarray)):
        return " ".join(map(told, found))
    return str(found)


def job_about(settings, image):
    """An intake job that ended with this image, as its sender asks for it."""
    number = spool.receive(settings.home, b"x", spool.Sender())
    with opened(settings.home) as db:
        result = f'{{"status": "predicted", "image": "{image}", "reasons": ["CANARY"]}}'
        db.execute("UPDATE jobs SET state = 'done', result = ? WHERE id = ?", (result, number))
    return number


def hides(settings, user, image, job):
    """Whether nothing that a reader can get to see tells that the model says Pneumonia, nor how sure it is."""
    for found in everything(settings, user, image, job):
        text = told(found)
        assert "0.87654" not in text
        assert "Pneumonia" not in text
        assert "CANARY" not in text
        assert not (isinstance(found, list) and image in found), "the list narrowed to a label tells it"


@pytest.mark.parametrize("mode", [Mode.SECOND_READER, Mode.BLINDED])
def test_until_a_reader_has_said_theirs_nothing_tells_them_what_the_model_says(settings, ann, admin, mode):
    image = put(settings, mode=mode)
    job = job_about(settings, image)
    hides(settings, ann, image, job)
    with pytest.raises(NotAllowed):
        explaining.ask(settings.home, ann, image, Method.LAYER_CAM)
    with pytest.raises(NotAllowed):
        explaining.look(settings.home, ann, image, Method.LAYER_CAM, job)
    assert "0.87654" in told(list(everything(settings, admin, image, job))), "the search finds what is there"


def test_a_second_reader_sees_the_model_after_their_own_opinion_and_then_gives_the_final_one(settings, ann):
    image = put(settings, mode=Mode.SECOND_READER)
    case = reviewing.case(settings.home, ann, image)
    assert (case.stage, case.prediction) == (Stage.FIRST, None)
    first = read(settings, ann, image, Label.NORMAL)
    case = reviewing.case(settings.home, ann, image)
    assert (case.stage, case.prediction["probability"]) == (Stage.OPEN, PROBABILITY)
    assert reviewing.counts(settings.home, ann)["waiting"] == 1
    final = read(settings, ann, image, Label.PNEUMONIA)
    assert reviewing.case(settings.home, ann, image).stage is Stage.DONE
    rows = query(settings, "SELECT id, seen, final, agrees, label, supersedes FROM reads ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        (first, "nothing", 0, 0, "Normal", None),
        (final, "directly", 1, 1, "Pneumonia", first),
    ]
    assert reviewing.counts(settings.home, ann) == {"waiting": 0, "read": 1, "coming": 0}
    assert all(row["seconds"] is not None for row in reviewing.history(settings.home, ann)), "both were timed"


def test_a_first_opinion_needs_no_reason_and_stays_as_it_is(settings, ann):
    image = put(settings, mode=Mode.SECOND_READER)
    first = read(settings, ann, image, Label.NORMAL)
    with pytest.raises(Conflict, match="stays as it is"):
        recording.revise(settings.home, ann, first, ReadForm(image, said(settings, image), Label.PNEUMONIA))
    with pytest.raises(BadInput, match="choose a reason"):
        read(settings, ann, image, Label.NORMAL)
    read(settings, ann, image, Label.NORMAL, Reason.SMALL)


def test_another_readers_opinion_reveals_nothing_to_this_one(settings, ann, ben):
    image = put(settings, mode=Mode.SECOND_READER, readers=2)
    read(settings, ann, image, Label.NORMAL)
    read(settings, ann, image, Label.PNEUMONIA)
    case = reviewing.case(settings.home, ben, image)
    assert (case.stage, case.prediction, case.reads) == (Stage.FIRST, None, [])
    assert reviewing.history(settings.home, ben) == []
    (row,) = reviewing.waiting_list(settings.home, ben, Filters())
    assert (row["read"], row["read_label"], row["agrees"], row["label"]) == (None,) * 4


def test_a_blinded_reader_never_sees_the_model(settings, ann, admin):
    image = put(settings, mode=Mode.BLINDED)
    read(settings, ann, image, Label.NORMAL)
    case = reviewing.case(settings.home, ann, image)
    assert (case.stage, case.prediction) == (Stage.DONE, None)
    (mine,) = reviewing.history(settings.home, ann)
    assert (mine["label"], mine["seen"], mine["model_label"], mine["probability"], mine["agrees"]) == (
        "Normal", "nothing", None, None, None,
    )  # fmt: skip
    (known,) = reviewing.history(settings.home, admin)
    assert (known["model_label"], known["agrees"]) == ("Pneumonia", 0)


@pytest.mark.parametrize("label", [Label.PNEUMONIA, Label.NORMAL])
def test_what_a_blinded_reader_records_tells_them_nothing_either(settings, ann, label):
    """Neither a reason that would be kept only where the model differs, nor what a revision answers."""
    image = put(settings, mode=Mode.BLINDED, label=label)
    earlier = put(settings, 2, patient="patient 1", received_at="2020", label=label)
    number = read(settings, ann, image, Label.NORMAL, Reason.SMALL)
    (shown,) = reviewing.case(settings.home, ann, image).reads
    assert (shown["agrees"], shown["reason"], shown["prediction"]) == (None, None, None)
    with pytest.raises(BadInput, match="changes nothing"):
        recording.revise(settings.home, ann, number, ReadForm(image, None, Label.NORMAL, Reason.ROTATION))
    assert "small finding" not in reviewing.history_csv(settings.home, ann)
    assert [prior.opinion for prior in reviewing.priors(settings.home, ann, image)] == [None], earlier


def test_after_a_blinded_read_nothing_tells_the_model_either(settings, ann):
    image = put(settings, mode=Mode.BLINDED)
    read(settings, ann, image, Label.NORMAL)
    hides(settings, ann, image, job_about(settings, image))


def test_a_job_that_is_not_about_this_heatmap_is_nobodys_to_look_at(settings, ann):
    hidden, open_ = put(settings, 1, Mode.BLINDED), put(settings, 2)
    job = job_about(settings, hidden)
    assert explaining.look(settings.home, ann, open_, Method.LAYER_CAM, job).job is None


def test_agreement_on_a_case_that_two_read_is_not_told_to_the_other(settings, ann, ben, admin):
    image = put(settings, readers=2)
    read(settings, ann, image, Label.NORMAL, Reason.SMALL)
    assert monitoring.agreement(settings.home, ben, 28) == []
    assert [(row.n, row.agreed) for row in monitoring.agreement(settings.home, admin, 28)] == [(1, 0)]


def test_in_a_concurrent_list_it_is_there_at_once_and_the_read_says_so(settings, ann):
    image = put(settings)
    assert reviewing.case(settings.home, ann, image).prediction["probability"] == PROBABILITY
    read(settings, ann, image, Label.PNEUMONIA)
    assert query(settings, "SELECT seen, final FROM reads") == [{"seen": "directly", "final": 1}]


# ---- claims and double reading


def test_a_case_that_somebody_has_open_is_offered_to_nobody_else(settings, ann, ben):
    image, other = put(settings, 1), put(settings, 2)
    assert recording.claim(settings.home, ann, image)
    assert reviewing.next_case(settings.home, ben) == other
    assert reviewing.counts(settings.home, ben)["waiting"] == 1
    assert not recording.claim(settings.home, ben, image)
    assert reviewing.case(settings.home, ben, image).stage is Stage.TAKEN
    with pytest.raises(Conflict, match="no more readers"):
        read(settings, ben, image, Label.PNEUMONIA)
    assert reviewing.next_case(settings.home, ann) == image


def test_a_claim_ends_by_itself_or_when_its_reader_goes_on_records_or_signs_out(settings, ann, ben):
    first, second, third, fourth = (put(settings, number) for number in range(1, 5))
    with clock.at(clock.now() - timedelta(minutes=claims.LEASE_MINUTES, seconds=1)):
        recording.claim(settings.home, ann, first)
    assert recording.claim(settings.home, ben, first)
    recording.claim(settings.home, ann, second)
    recording.give_up(settings.home, ann, second)
    assert recording.claim(settings.home, ben, second)
    recording.claim(settings.home, ann, third)
    read(settings, ann, third, Label.PNEUMONIA)
    assert query(settings, "SELECT image FROM claims WHERE reader = ?", ann.id) == []
    recording.claim(settings.home, ann, fourth)
    token = accounts.sign_in(settings, "ann", "a long password")
    accounts.sign_out(settings, token)
    assert recording.claim(settings.home, ben, fourth)


def test_of_fifty_readers_at_once_one_records_the_first_read(settings):
    image = put(settings)
    readers = [add_user(settings, name=f"reader {number}") for number in range(50)]
    form, begin, done = ReadForm(image, said(settings, image), Label.PNEUMONIA), threading.Barrier(50), []

    def record(user):
        begin.wait()
        with suppress(Conflict):
            done.append(recording.submit(settings.home, user, form))

    threads = [threading.Thread(target=record, args=(user,)) for user in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert query(settings, "SELECT id FROM reads") == [{"id": done[0]}]


def test_a_first_opinion_whose_claim_lapsed_gives_way_to_who_read_meanwhile(settings, ann, ben):
    image = put(settings, mode=Mode.SECOND_READER)
    read(settings, ann, image, Label.NORMAL)
    recording.give_up(settings.home, ann, image)
    for _ in range(2):
        read(settings, ben, image, Label.PNEUMONIA)
    assert reviewing.case(settings.home, ann, image).stage is Stage.TAKEN
    assert not recording.claim(settings.home, ann, image)
    with pytest.raises(Conflict, match="no more readers"):
        read(settings, ann, image, Label.PNEUMONIA)
    assert query(settings, "SELECT label FROM current_reads WHERE final") == [{"label": "Pneumonia"}]


def test_where_two_read_each_finds_their_own_read_on_the_list(settings, ann, ben, admin):
    image = put(settings, readers=2)
    read(settings, ann, image, Label.NORMAL, Reason.SMALL)
    read(settings, ben, image, Label.PNEUMONIA)
    labels = [
        reviewing.waiting_list(settings.home, user, Filters(Show.ALL))[0]["read_label"] for user in (ann, ben, admin)
    ]
    assert labels == ["Normal", "Pneumonia", "Pneumonia"]


@pytest.mark.parametrize(("second", "wanted"), [(Label.PNEUMONIA, 0), (Label.NORMAL, 1)])
def test_two_read_and_where_they_differ_a_third_decides(settings, ann, ben, second, wanted):
    image = put(settings, mode=Mode.BLINDED, readers=2)
    cid, dan = add_user(settings, name="cid"), add_user(settings, name="dan")
    read(settings, ann, image, Label.PNEUMONIA)
    assert reviewing.counts(settings.home, ann)["waiting"] == 0
    assert reviewing.counts(settings.home, ben)["waiting"] == 1
    read(settings, ben, image, second)
    assert reviewing.counts(settings.home, cid)["waiting"] == wanted
    if wanted:
        read(settings, cid, image, Label.NORMAL)
    with pytest.raises(Conflict):
        read(settings, dan, image, Label.NORMAL)
    assert query(settings, "SELECT slots_open FROM images") == [{"slots_open": 0}]


def test_two_may_read_at_the_same_time_and_a_third_may_not(settings, ann, ben):
    image = put(settings, mode=Mode.BLINDED, readers=2)
    assert recording.claim(settings.home, ann, image)
    assert recording.claim(settings.home, ben, image)
    assert not recording.claim(settings.home, add_user(settings, name="cid"), image)


def test_time_without_a_hand_that_moves_is_not_counted(settings, ann):
    image, start = put(settings), clock.now()
    moments = [0, 15, 30, 600, 615]  # the reader was called away for nearly ten minutes
    for number, after in enumerate(moments):
        with clock.at(start + timedelta(seconds=after)):
            recording.beat(settings.home, ann, image) if number else recording.claim(settings.home, ann, image)
    with clock.at(start + timedelta(seconds=618)):
        read(settings, ann, image, Label.PNEUMONIA)
    (spent,) = query(settings, "SELECT seconds FROM reads")
    assert spent["seconds"] == pytest.approx(15 + 15 + claims.IDLE_SECONDS + 15 + 3)


def test_a_second_readers_two_opinions_are_timed_apart(settings, ann):
    image, start = put(settings, mode=Mode.SECOND_READER), clock.now()
    with clock.at(start):
        recording.claim(settings.home, ann, image)
    for after, label in ((10, Label.NORMAL), (14, Label.PNEUMONIA)):
        with clock.at(start + timedelta(seconds=after)):
            read(settings, ann, image, label)
    assert [row["seconds"] for row in query(settings, "SELECT seconds FROM reads ORDER BY id")] == [10, 4]


# ---- taking back


def signed_in(settings, name):
    return accounts.sign_in(settings, name, "a long password")


def test_a_read_is_taken_back_until_its_reader_signs_out(settings, ann, ben):
    image = put(settings)
    token = signed_in(settings, "ann")
    number = read(settings, ann, image, Label.PNEUMONIA)
    with pytest.raises(NotAllowed, match="only its reader"):
        recording.undo(settings.home, ben, number)
    recording.undo(settings.home, ann, number)
    assert reviewing.counts(settings.home, ann) == {"waiting": 1, "read": 0, "coming": 0}
    assert reviewing.case(settings.home, ann, image).stage is Stage.OPEN
    again = read(settings, ann, image, Label.PNEUMONIA)
    assert [row["withdrawn"] for row in reviewing.history(settings.home, ann)] == [0, 1, 0]
    accounts.sign_out(settings, token)
    signed_in(settings, "ann")
    with pytest.raises(NotAllowed, match="until you sign out"):
        recording.undo(settings.home, ann, again)


def test_a_revision_is_not_taken_back(settings, ann):
    image = put(settings)
    signed_in(settings, "ann")
    number = read(settings, ann, image, Label.PNEUMONIA)
    form = ReadForm(image, said(settings, image), Label.PNEUMONIA, comment="sure")
    revision = recording.revise(settings.home, ann, number, form)
    with pytest.raises(Conflict, match="revised again"):
        recording.undo(settings.home, ann, revision)


def test_what_was_seen_stays_seen_when_a_read_is_taken_back(settings, ann):
    image = put(settings, mode=Mode.SECOND_READER)
    signed_in(settings, "ann")
    recording.undo(settings.home, ann, read(settings, ann, image, Label.NORMAL))
    assert reviewing.case(settings.home, ann, image).stage is Stage.OPEN
    read(settings, ann, image, Label.PNEUMONIA)
    assert query(settings, "SELECT seen FROM reads ORDER BY id DESC LIMIT 1") == [{"seen": "directly"}]


# ---- lists and their order


def change(settings, admin, number, **changes):
    (before,) = [each for each in listing.worklists(settings.home, admin) if each.id == number]
    listing.change(settings.home, admin, replace(before, **changes))


def order(settings, user, number=1):
    return [row["id"] for row in reviewing.waiting_list(settings.home, user, Filters(worklist=number))]


def test_a_list_goes_by_suspicion_uncertainty_or_waiting_time_and_next_follows_it(settings, ann, admin):
    sure, unsure, healthy = (put(settings, number, probability=p) for number, p in ((1, 0.97), (2, 0.52), (3, 0.04)))
    orders = {
        Ordering.WAITING: [sure, unsure, healthy],
        Ordering.SUSPICION: [sure, unsure, healthy],
        Ordering.UNCERTAINTY: [unsure, healthy, sure],
    }
    for ordering, expected in orders.items():
        change(settings, admin, 1, ordering=ordering)
        assert order(settings, ann) == expected
        walked = [reviewing.next_case(settings.home, ann)]
        while following := reviewing.next_case(settings.home, ann, walked[-1]):
            walked.append(following)
        assert walked == expected


@pytest.mark.parametrize("ordering", [Ordering.SUSPICION, Ordering.UNCERTAINTY])
def test_a_hidden_case_on_a_list_that_goes_by_the_model_stands_where_that_tells_nothing(settings, ann, admin, ordering):
    """The list was read otherwise when the case came in."""
    change(settings, admin, 1, ordering=ordering)
    for number, probability in ((1, 0.9), (2, 0.3)):
        put(settings, number, probability=probability)
    hidden = {put(settings, 10 + n, Mode.SECOND_READER, probability=p) for n, p in enumerate((0.02, 0.5, 0.99))}
    places = [place for place, image in enumerate(order(settings, ann)) if image in hidden]
    assert [image for image in order(settings, ann) if image in hidden] == sorted(hidden), "by waiting time alone"
    assert places == list(range(places[0], places[0] + 3))
    assert reviewing.next_case(settings.home, ann, sorted(hidden)[0]) == sorted(hidden)[1]


def test_whatever_a_list_goes_by_who_waits_too_long_goes_first(settings, ann, admin):
    change(settings, admin, 1, ordering=Ordering.SUSPICION, longest_wait_hours=2)
    put(settings, 1, probability=0.99)
    long_ago = clock.stamp(clock.now() - timedelta(hours=3))
    longer = clock.stamp(clock.now() - timedelta(hours=4))
    late, later = (
        put(settings, 2, probability=0.01, received_at=long_ago),
        put(settings, 3, probability=0.02, received_at=longer),
    )
    assert order(settings, ann)[:2] == [later, late]
    rows = reviewing.waiting_list(settings.home, ann, Filters())
    assert [row["overdue"] for row in rows] == [1, 1, 0]
    assert reviewing.next_case(settings.home, ann, later) == late


@pytest.mark.parametrize("mode", [Mode.SECOND_READER, Mode.BLINDED])
@pytest.mark.parametrize("ordering", [Ordering.SUSPICION, Ordering.UNCERTAINTY])
def test_an_order_that_tells_is_refused_where_the_opinion_is_hidden(settings, admin, mode, ordering):
    with pytest.raises(BadInput, match="that order tells"):
        change(settings, admin, 1, mode=mode, ordering=ordering)


@pytest.mark.parametrize("changes", [{"share": 1.2}, {"twice": -0.1}, {"longest_wait_hours": 0}])
def test_what_makes_no_sense_for_a_list_is_refused(settings, admin, changes):
    with pytest.raises(BadInput):
        change(settings, admin, 2, **changes)


def test_a_share_of_what_comes_in_is_drawn_for_the_audit_and_a_share_is_read_twice(settings, admin):
    change(settings, admin, 2, share=0.3)
    change(settings, admin, 1, twice=0.5, mode=Mode.SECOND_READER)
    with opened(settings.home) as db:
        drawn = [listing.drawn(db, b"secret", f"{number:064x}") for number in range(2000)]
        assert drawn[:50] == [listing.drawn(db, b"secret", f"{number:064x}") for number in range(50)]
    audit = [row for row in drawn if row["worklist"] == 2]
    assert 0.26 < len(audit) / 2000 < 0.34
    assert all((row["mode"], row["readers"]) == ("blinded", 2) for row in audit)
    reading = [row for row in drawn if row["worklist"] == 1]
    assert {row["mode"] for row in reading} == {"second reader"}
    assert 0.45 < sum(row["readers"] == 2 for row in reading) / len(reading) < 0.55
    assert all(row["slots_open"] == row["readers"] for row in drawn)


def test_a_change_holds_for_what_comes_in_afterwards_and_is_on_record(settings, ann, admin):
    (before,) = take_in(settings, picture(1))
    change(settings, admin, 1, mode=Mode.BLINDED)
    (after,) = take_in(settings, picture(2))
    assert reviewing.case(settings.home, ann, before.image).prediction is not None
    assert reviewing.case(settings.home, ann, after.image).prediction is None
    (event,) = query(settings, "SELECT actor, subject, details FROM audit WHERE action = 'change worklist'")
    assert (event["actor"], event["subject"]) == ("admin", "Reading")
    assert "blinded" in event["details"]


# ---- what readers do


def test_what_readers_did_is_told_of_all_together_with_their_own_opinion_first(settings, ann, ben, admin):
    image = put(settings, mode=Mode.SECOND_READER, readers=2)
    read(settings, ann, image, Label.NORMAL)
    number = read(settings, ann, image, Label.PNEUMONIA)
    recording.revise(
        settings.home, ann, number, ReadForm(image, said(settings, image), Label.PNEUMONIA, comment="sure")
    )
    read(settings, ben, image, Label.NORMAL)
    blind = put(settings, 2, Mode.BLINDED)
    read(settings, ben, blind, Label.NORMAL)
    (month,) = monitoring.conduct(settings.home, admin)
    assert month.reads == 2, "a first opinion alone isn't a reader's last word"
    assert (month.towards.count, month.towards.n) == (1, 1)
    assert (month.agreed.count, month.agreed.n) == (1, 1)
    with pytest.raises(NotAllowed):
        monitoring.conduct(settings.home, ann)


# ---- priors


def test_earlier_x_rays_of_a_patient_come_with_the_opinion_of_the_version_that_gave_it(settings, ann):
    days = [clock.stamp(clock.now() - timedelta(days=back)) for back in (9, 5, 0)]
    oldest, middle, newest = (put(settings, n + 1, patient="p", received_at=day) for n, day in enumerate(days))
    put(settings, 9, patient="another", received_at=days[0])
    found = reviewing.priors(settings.home, ann, newest)
    assert [prior.image for prior in found] == [middle, oldest]
    assert found[0].opinion["probability"] == PROBABILITY
    assert found[0].opinion["model"] == monitoring.running_model(settings.home, ann)
    assert reviewing.priors(settings.home, ann, oldest) == []


def test_the_opinion_on_an_earlier_x_ray_is_hidden_as_that_x_rays_own(settings, ann, admin):
    put(settings, 1, Mode.BLINDED, patient="p", received_at=clock.stamp(clock.now() - timedelta(days=1)))
    newest = put(settings, 2, patient="p")
    assert [prior.opinion for prior in reviewing.priors(settings.home, ann, newest)] == [None]
    assert reviewing.priors(settings.home, admin, newest)[0].opinion is not None
