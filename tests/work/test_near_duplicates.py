"""No patient, image or near-duplicate stands on two sides of a training set, whatever was read."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from cxr_core.model.fingerprint import NEAR, distance, near_pairs
from cxr_core.records import CLASSES, Label, Side
from cxr_core.store import fingerprints, images, models, predictions, training_sets
from cxr_core.store.db import opened, rows, transaction
from cxr_core.work.models.drafting import Options, draft
from cxr_core.work.models.near_duplicates import on_one_side
from cxr_core.work.reading_room import recording
from tests.work.learners import new_home, opinion_of, row_of
from tests.work.sites import picture, take_in

IMAGES, PATIENTS, FILMS = 40, 14, 16


def scattered(chance, film):
    """A fingerprint near to that of a film, as one that was saved again has."""
    bits = np.unpackbits(np.frombuffer(np.random.default_rng(film).bytes(64), np.uint8))
    bits[chance.choice(bits.size, NEAR // 4, replace=False)] ^= 1
    return np.packbits(bits).tobytes()


def history(home, seed):
    """Images of a few films and patients at random, read at random by two, some of them blind and twice."""
    chance = np.random.default_rng(seed)
    sides = [Side(str(chance.choice([side.value for side in Side]))) for _ in range(PATIENTS)]
    for number in range(IMAGES):
        patient, twice = int(chance.integers(PATIENTS)), bool(chance.integers(2))
        row = row_of(number, readers=2 if twice else 1)
        row |= {"patient": f"patient {patient}", "fingerprint": scattered(chance, int(chance.integers(FILMS)))}
        if twice:
            row["mode"] = "blinded"
        with opened(home.path) as db, transaction(db):
            images.add(db, row, sides[patient])
            said = Label(str(chance.choice([label.value for label in CLASSES])))
            predictions.add(db, row["id"], models.running(db), opinion_of(said))
        for reader in (home.radiologist, home.second)[: 1 + twice]:
            if chance.random() < 0.8:
                record(home, reader, row["id"], Label(str(chance.choice([label.value for label in CLASSES]))))


def record(home, reader, image, label):
    with opened(home.path) as db:
        prediction = predictions.standing(db, image, None)
    reason = recording.Reason.SMALL if prediction["label"] != label else None
    recording.submit(home.path, reader, recording.ReadForm(image, prediction["id"], label, reason))


@pytest.mark.parametrize("seed", range(8))
def test_no_patient_image_or_near_duplicate_stands_on_two_sides(tmp_path, seed):
    home = new_home(tmp_path / "home")
    history(home, seed)
    found = draft(home.settings, home.admin, Options(replay=50))
    assert found.items
    assert len({item["image"] for item in found.items}) == len(found.items)
    sides_of = {}
    for item in found.items:
        sides_of.setdefault(found.about[item["image"]]["patient"], set()).add(item["side"])
    assert all(len(sides) == 1 for sides in sides_of.values())
    with opened(home.path) as db:
        known = fingerprints.of(db, [item["image"] for item in found.items])
        training_sets_add(db, found.items)
    made = [known[item["image"]] for item in found.items]
    for one, other in near_pairs(made):
        assert found.items[one]["side"] == found.items[other]["side"]
    left_out = {item["image"] for item in found.left_out}
    assert left_out.isdisjoint(item["image"] for item in found.items)
    read_of = rows_of(home, "SELECT DISTINCT image FROM current_reads WHERE final")
    assert left_out | {item["image"] for item in found.items} <= {row["image"] for row in read_of}


def training_sets_add(db, items):
    """The database takes the set, with its own guard over patients and sides."""
    with transaction(db):
        training_sets.add(db, {"parent": None, "items": items}, None)


def rows_of(home, sql):
    with opened(home.path) as db:
        return rows(db, sql)


def test_of_near_duplicates_those_stay_that_are_learnt_from(tmp_path):
    home, chance = new_home(tmp_path / "home"), np.random.default_rng(0)
    items = []
    for number, side in enumerate((Side.LOCKED, Side.TRAIN, Side.VALIDATION, Side.LOCKED)):
        film = 1 if number < 3 else 2
        with opened(home.path) as db, transaction(db):
            images.add(db, {**row_of(number), "fingerprint": scattered(chance, film)}, side)
        items.append({"image": row_of(number)["id"], "side": side.value, "origin": "agreed"})
    with opened(home.path) as db:
        kept, left_out = on_one_side(db, home.settings, items, {}, [])
    assert [item["side"] for item in kept] == ["train", "locked"]
    assert {item["why"] for item in left_out} == {"a near-duplicate of it is on the train side"}
    assert len(left_out) == 2


def test_the_database_itself_refuses_a_patient_on_another_side(tmp_path):
    home = new_home(tmp_path / "home")
    with opened(home.path) as db:
        with transaction(db):
            images.add(db, row_of(1), Side.LOCKED)
        item = {"image": row_of(1)["id"], "label": "Normal", "origin": "audited"}
        for side in ("train", "validation", "calibration"):
            with pytest.raises(sqlite3.IntegrityError, match="on the side that the patient belongs to"):
                training_sets_add(db, [{**item, "side": side}])
        with pytest.raises(sqlite3.IntegrityError, match="on the side"):
            training_sets_add(db, [{**item, "image": "f" * 64, "side": "train"}])
        training_sets_add(db, [{**item, "side": "locked"}])
        for change in ("UPDATE training_items SET side = 'train'", "DELETE FROM training_items"):
            with pytest.raises(sqlite3.IntegrityError, match="never changed"):
                db.execute(change)


def test_an_image_that_came_in_before_gets_its_fingerprint_when_it_is_asked_for(tmp_path):
    home = new_home(tmp_path / "home")
    (taken,) = take_in(home.settings, picture(1))
    with opened(home.path) as db:
        (row,) = rows(db, "SELECT id, file_sha256, fingerprint FROM images")
        with transaction(db):
            db.execute("UPDATE images SET fingerprint = NULL")
        item = {"image": taken.image, "content": row["file_sha256"], "side": "train", "origin": "agreed"}
        assert on_one_side(db, home.settings, [item], {}, []) == ([item], [])
        (made,) = fingerprints.of(db, [taken.image]).values()
    assert distance(made, row["fingerprint"]) <= NEAR // 8


def test_what_the_running_model_learnt_from_counts_though_it_is_no_item_now(tmp_path):
    home, chance = new_home(tmp_path / "home"), np.random.default_rng(0)
    for number, side in enumerate((Side.TRAIN, Side.LOCKED)):
        with opened(home.path) as db, transaction(db):
            images.add(db, {**row_of(number), "fingerprint": scattered(chance, 1)}, side)
    item = {"image": row_of(1)["id"], "side": "locked", "origin": "audited"}
    with opened(home.path) as db:
        assert on_one_side(db, home.settings, [item], {}, []) == ([item], [])
        learnt = [{"image": row_of(0)["id"], "side": "train"}]
        kept, left_out = on_one_side(db, home.settings, [item], {}, learnt)
    assert (kept, [each["image"] for each in left_out]) == ([], [item["image"]])


def test_the_negative_of_a_film_is_the_same_film(tmp_path):
    home, film = new_home(tmp_path / "home"), scattered(np.random.default_rng(0), 1)
    items = []
    for number, side in enumerate((Side.TRAIN, Side.LOCKED)):
        seen = film if side is Side.TRAIN else bytes(255 - byte for byte in film)
        with opened(home.path) as db, transaction(db):
            images.add(db, {**row_of(number), "fingerprint": seen}, side)
        items.append({"image": row_of(number)["id"], "side": side.value, "origin": "agreed"})
    with opened(home.path) as db:
        kept, _ = on_one_side(db, home.settings, items, {}, [])
    assert kept == items[:1]
