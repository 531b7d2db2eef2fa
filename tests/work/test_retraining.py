"""Retraining as the admin asks for it: the plan, the start, the end before the end."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from dataclasses import replace

import pytest

from cxr_core.errors import BadInput, Conflict
from cxr_core.model import dataset
from cxr_core.model.dataset import find_samples, split_file, write_split
from cxr_core.records import CLASSES, JobState, Label, Role, Side
from cxr_core.store import audit, training_sets, users
from cxr_core.store.db import opened, rows, transaction
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import base_data, checkpoints, retraining
from cxr_core.work.models.drafting import Options, draft
from cxr_core.work.models.retraining import start
from cxr_core.work.reading_room import recording
from tests.work import plans
from tests.work.learners import FIRST, add_model, agreed, copied, flagged, passed, read, refused, store_image

ENOUGH = {Side.TRAIN: 40, Side.VALIDATION: 5, Side.CALIBRATION: 19, Side.LOCKED: 20}


def base_of(folder, each):
    """A base folder of files that are never opened as pictures, with its split."""
    split, number = {}, 0
    for side, count in each.items():
        for label in CLASSES:
            for _ in range(count):
                number += 1
                path = folder / label.upper() / f"person{number}_x.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(f"{label} {number}".encode())
                split[hash_of(path)] = side
    write_split(split, split_file(folder))
    return folder


def hash_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return base_of(tmp_path_factory.mktemp("base"), ENOUGH)


@pytest.fixture
def home(empty, base, tmp_path):
    """A home with base data."""
    found = copied(empty, tmp_path / "home")
    return replace(found, settings=replace(found.settings, base_data=base))


@pytest.fixture
def alone(home):
    """The same without base data."""
    return replace(home, settings=replace(home.settings, base_data=None))


def origins(drafted):
    return Counter(item["origin"] for item in drafted.items)


def replayed(drafted):
    return [item for item in drafted.items if item["side"] == Side.TRAIN and item["origin"] != "flagged"]


def test_an_empty_home_is_told_all_that_must_come_first(alone):
    missing = draft(alone.settings, alone.admin, Options()).missing
    assert missing[0].startswith("nothing to learn")
    assert "the plan easy wants 2 patients with Normal to learn from on the training side, there are 0" in missing
    assert "validation: 5 Pneumonia images are needed, there are 0" in missing
    assert "calibration: 19 Normal images are needed, there are 0" in missing
    assert len(missing) == 7


def test_with_base_data_one_flag_is_enough(home):
    assert [text[:16] for text in draft(home.settings, home.admin, Options()).missing] == ["nothing to learn"]
    image = flagged(home, 1)
    drafted = draft(home.settings, home.admin, Options())
    assert drafted.missing == []
    (item,) = [item for item in drafted.items if item["origin"] == "flagged"]
    assert (item["image"], item["label"], item["side"], len(item["reads"])) == (image, "Pneumonia", "train", 1)


def test_a_flag_on_a_side_that_does_not_train_is_nothing_to_learn_from(home):
    flagged(home, 1, Side.VALIDATION)
    flagged(home, 2, Side.CALIBRATION)
    drafted = draft(home.settings, home.admin, Options())
    assert drafted.missing[0].startswith("nothing to learn")
    assert origins(drafted)["flagged"] == 2


def test_locked_patients_and_quarrels_are_left_out_and_the_plan_says_why(home):
    locked, quarrel = flagged(home, 1, Side.LOCKED), flagged(home, 2, readers=2)
    read(home, quarrel, Label.NORMAL, home.second)
    drafted = draft(home.settings, home.admin, Options())
    assert {entry["image"] for entry in drafted.left_out} == {locked, quarrel}
    assert any("locked" in entry["why"] for entry in drafted.left_out)
    assert any("disagree with each other" in entry["why"] for entry in drafted.left_out)
    assert not {locked, quarrel} & {item["image"] for item in drafted.items}


def test_a_locked_image_never_trains_whatever_it_comes_from(home):
    for number, side in enumerate(Side):
        flagged(home, 10 + number, side)
        agreed(home, 20 + number, side)
    drafted = draft(home.settings, home.admin, Options(replay=50))
    locked = {item["image"] for item in drafted.items if item["side"] == Side.LOCKED}
    split = dataset.read_split(split_file(home.settings.base_data))
    assert locked == {sha256 for sha256, side in split.items() if side is Side.LOCKED}
    for item in drafted.items:
        assert item["side"] == split.get(item["image"], item["side"])


def test_what_the_model_refused_is_left_out_and_counted_until_it_is_asked_for(home):
    flagged(home, 1)
    old, turned = refused(home, 2), refused(home, 3, ("turned",))
    drafted = draft(home.settings, home.admin, Options())
    assert {entry["image"] for entry in drafted.left_out} == {old, turned}
    assert drafted.refused() == {"age": 1, "turned": 1}
    assert any("refused it for age" in entry["why"] for entry in drafted.left_out)
    drafted = draft(home.settings, home.admin, Options(refused_for=("age",)))
    assert drafted.refused() == {"turned": 1}
    (item,) = [item for item in drafted.items if item["image"] == old]
    assert (item["origin"], item["label"], item["side"]) == ("refused", "Pneumonia", "train")


def test_what_was_put_right_before_the_model_looked_is_put_right_before_it_learns(home):
    for number, put_right in ((1, "inverted"), (2, None)):
        read(home, store_image(home, number, put_right=put_right), Label.PNEUMONIA)
    items = {int(item["image"], 16): item for item in draft(home.settings, home.admin, Options()).items}
    assert (items[1]["put_right"], items[2]["put_right"]) == ("inverted", None)


def test_an_image_refused_for_two_reasons_needs_both_to_be_asked_for(home):
    image = refused(home, 1, ("view", "age"))
    assert draft(home.settings, home.admin, Options(refused_for=("age",))).refused() == {"view, age": 1}
    asked = draft(home.settings, home.admin, Options(refused_for=("age", "view")))
    assert image in {item["image"] for item in asked.items}


def test_one_image_that_the_model_refused_is_enough_to_learn_from_and_is_learnt_once(home):
    image = refused(home, 1)
    assert draft(home.settings, home.admin, Options()).missing != []
    assert draft(home.settings, home.admin, Options(refused_for=("age",))).missing == []
    _trained_on(home, "cxr-resnet18-2", [{"image": image, "label": "Pneumonia"}])
    drafted = draft(home.settings, home.admin, Options(replay=50, refused_for=("age",)))
    assert drafted.missing[0].startswith("nothing to learn")
    assert [item["origin"] for item in drafted.items if item["image"] == image] == ["refused before"]


def test_a_locked_patients_refused_image_stays_locked(home):
    refused(home, 1, side=Side.LOCKED)
    (entry,) = draft(home.settings, home.admin, Options(refused_for=("age",))).left_out
    assert "locked" in entry["why"]


@pytest.mark.parametrize("kind", ["turned", "inverted", "modality", "body part", "mood"])
def test_what_lies_wrong_or_is_no_chest_can_not_be_asked_for(kind):
    with pytest.raises(BadInput, match=kind):
        Options(refused_for=(kind,))


def test_of_two_readers_who_differ_a_third_decides(home):
    image = flagged(home, 1, readers=2)
    read(home, image, Label.NORMAL, home.second)
    with opened(home.path) as db:
        third = users.add(db, "third", Role.RADIOLOGIST, "a long password", by="a test")
    read(home, image, Label.PNEUMONIA, third)
    (item,) = [item for item in draft(home.settings, home.admin, Options()).items if item["image"] == image]
    assert (item["label"], len(item["reads"])) == ("Pneumonia", 2)


def test_two_readers_who_agree_make_one_item(home):
    image = flagged(home, 1, readers=2)
    read(home, image, Label.PNEUMONIA, home.second)
    (item,) = [item for item in draft(home.settings, home.admin, Options()).items if item["image"] == image]
    assert len(item["reads"]) == 2


@pytest.mark.parametrize(("replay", "flags", "expected"), [(0, 2, 0), (1, 2, 64), (4, 2, 64), (4, 18, 72), (50, 2, 80)])
def test_replay_is_the_asked_share_balanced_and_at_most_all_there_is(home, replay, flags, expected):
    for number in range(flags):
        flagged(home, 1 + number)
    found = Counter(item["label"] for item in replayed(draft(home.settings, home.admin, Options(replay=replay))))
    assert found.total() == expected
    assert found[Label.NORMAL] == found[Label.PNEUMONIA]


def test_agreed_cases_are_replayed_beside_base_data(home):
    flagged(home, 1)
    flagged(home, 2)
    image = agreed(home, 3)
    drafted = draft(home.settings, home.admin, Options(replay=50))
    assert [item["image"] for item in drafted.items if item["origin"] == "agreed"] == [image]


def test_the_same_state_gives_the_same_plan_and_every_image_is_in_it_once(home):
    flagged(home, 1)
    first = draft(home.settings, home.admin, Options())
    assert draft(home.settings, home.admin, Options()) == first
    assert max(Counter(item["image"] for item in first.items).values()) == 1
    assert sum(row["images"] for row in first.table()) == len(first.items)


def test_what_the_running_model_has_learnt_is_not_flagged_again(home):
    image = flagged(home, 1)
    _trained_on(home, "cxr-resnet18-2", [{"image": image, "label": "Pneumonia"}])
    drafted = draft(home.settings, home.admin, Options(replay=50))
    assert drafted.missing[0].startswith("nothing to learn")
    assert [item["origin"] for item in drafted.items if item["image"] == image] == ["flagged before"]


def test_a_case_that_was_learnt_with_the_other_label_is_flagged_anew(home):
    image = agreed(home, 1)
    _trained_on(home, "cxr-resnet18-2", [{"image": image, "label": "Normal"}])
    with opened(home.path) as db:
        (recorded,) = rows(db, "SELECT * FROM reads")
    form = recording.ReadForm(image, recorded["prediction"], Label.PNEUMONIA, recording.Reason.SMALL)
    recording.revise(home.path, home.radiologist, recorded["id"], form)
    drafted = draft(home.settings, home.admin, Options())
    assert [item["origin"] for item in drafted.items if item["image"] == image] == ["flagged"]
    assert drafted.missing == []


def test_rolling_back_makes_flags_count_again(home):
    image = flagged(home, 1)
    _trained_on(home, "cxr-resnet18-2", [{"image": image, "label": "Pneumonia"}])
    retraining.roll_back(home.path, home.admin, FIRST, "worse in practice")
    assert draft(home.settings, home.admin, Options()).missing == []


def _trained_on(home, name, items):
    """A running model that was trained on `items` (image and label)."""
    items = [{**item, "side": "train", "origin": "flagged"} for item in items]
    with opened(home.path) as db, transaction(db):
        training_set = training_sets.add(db, {"parent": FIRST, "items": items}, home.admin.id)
    add_model(home, name, gate=passed(FIRST), training_set=training_set)
    retraining.promote(home.path, home.admin, name, "better")


def test_an_image_that_no_split_knows_goes_where_its_patients_others_are(base, tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(base, folder)
    split = dataset.read_split(split_file(folder))
    for sample in find_samples([folder]):
        sample.path.with_name(f"{sample.patient}_second.png").write_bytes(b"second " + sample.path.read_bytes())
    (folder / "NORMAL" / "somebody-else.png").write_bytes(b"new")
    samples = find_samples([folder])
    sides = base_data.base_sides(folder, samples)
    assert set(sides) == {sample.sha256 for sample in samples}
    by_patient = {}
    for sample in samples:
        by_patient.setdefault(sample.patient, set()).add(sides[sample.sha256])
    assert all(len(found) == 1 for found in by_patient.values())
    assert all(sides[sha256] is side for sha256, side in split.items())


@pytest.mark.parametrize(
    "wrong",
    [{"trained": "tail"}, {"epochs": 0}, {"epochs": 101}, {"learning_rate": 1.0}, {"replay": 51}, {"replay": -1}],
)
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(BadInput):
        Options(**wrong)


def test_starting_fixes_the_plan_in_a_manifest_and_queues_the_job(home):
    image = flagged(home, 1)
    drafted = draft(home.settings, home.admin, Options(epochs=3))
    number = start(home.settings, home.admin, Options(epochs=3))
    job = retraining.newest_job(home.path, COMMAND_LINE)
    assert (job.id, job.state) == (number, JobState.QUEUED)
    flagged(home, 2)
    with opened(home.path) as db:
        manifest = training_sets.get(db, job.payload["training_set"])
        assert audit.verify(db) > 0
    assert (manifest["parent"], manifest["options"]["epochs"]) == (FIRST, 3)
    assert manifest["items"] == sorted(drafted.items, key=lambda item: (item["side"], item["image"]))
    assert image in {item["image"] for item in manifest["items"]}


def test_a_start_without_what_it_needs_says_what_is_missing(alone):
    flagged(alone, 1)
    with pytest.raises(Conflict, match="calibration: 19 Normal images are needed, there are 0"):
        start(alone.settings, alone.admin, Options())
    assert retraining.newest_job(alone.path, COMMAND_LINE) is None


def test_there_is_one_retrain_at_a_time_and_a_cancelled_one_makes_room(home):
    flagged(home, 1)
    first = start(home.settings, home.admin, Options())
    with pytest.raises(Conflict, match="under way"):
        start(home.settings, home.admin, Options())
    checkpoints.place(home.path, first).write_bytes(b"an epoch")
    retraining.cancel(home.path, home.admin, first)
    assert retraining.newest_job(home.path, COMMAND_LINE).error == "cancelled by Ada"
    assert list((home.path / "checkpoints").iterdir()) == []
    with pytest.raises(Conflict, match="ended already"):
        retraining.cancel(home.path, home.admin, first)
    assert start(home.settings, home.admin, Options()) > first


def test_a_draft_that_was_overtaken_is_not_fixed(home):
    flagged(home, 1)
    drafted = draft(home.settings, home.admin, Options())
    flagged(home, 2)
    with opened(home.path) as db, transaction(db), pytest.raises(Conflict, match="changed meanwhile: start again"):
        retraining.fix(db, home.admin, Options(), drafted)


def test_what_the_gate_will_refuse_for_is_told_beforehand(home):
    flagged(home, 1)
    assert draft(home.settings, home.admin, Options()).foreseen == []
    plans.write(home.path, flagged_kept_out="2", locked_per_class="200")
    flagged(home, 2, side=Side.VALIDATION)
    drafted = draft(home.settings, home.admin, Options())
    assert drafted.objections == []
    assert drafted.foreseen[0] == "the gate wants 2 flagged images of patients kept out of training, there are 1"
    assert all("200 locked patients with" in text for text in drafted.foreseen[1:])
    assert len(drafted.foreseen) == 3
