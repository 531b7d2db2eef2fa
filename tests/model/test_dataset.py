"""Whose picture it is, and on which side of the split its patient lies."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from cxr_core.errors import ModelError
from cxr_core.model.dataset import (
    SHARES,
    Sample,
    draw_side,
    find_samples,
    patient_of,
    read_split,
    split_by_patient,
    write_split,
)
from cxr_core.records import Side


def sample(patient, sha256=None, label=0):
    return Sample(Path(f"{patient}.png"), label, sha256 or f"hash of {patient}", patient)


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("person12_bacteria_1.jpeg", "person12"),
        ("person1_virus_11.jpeg", "person1"),
        ("IM-0115-0001.jpeg", "IM-0115"),
        ("NORMAL2-IM-0587-0001-0002.jpeg", "IM-0587"),
        ("00000001_000.png", "00000001"),
        ("a-chest-of-mine.png", "a-chest-of-mine"),
        ("person.png", "person"),
    ],
)
def test_a_file_name_tells_the_patient(name, patient):
    assert patient_of(Path("NORMAL") / name) == patient


def test_samples_are_the_pictures_of_both_folders_with_their_labels(tmp_path):
    for place in ("NORMAL/b.png", "NORMAL/a.JPEG", "PNEUMONIA/person3_x.dcm", "PNEUMONIA/notes.txt", "OTHER/c.png"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(place.encode())
    found = find_samples([tmp_path])
    assert [(entry.path.name, entry.label, entry.patient) for entry in found] == [
        ("a.JPEG", 0, "a"), ("b.png", 0, "b"), ("person3_x.dcm", 1, "person3"),
    ]  # fmt: skip


def test_a_folder_without_labelled_pictures_is_refused(tmp_path):
    with pytest.raises(ModelError, match="NORMAL/ and PNEUMONIA/"):
        find_samples([tmp_path])


def test_all_images_of_a_patient_are_on_one_side():
    samples = [sample(f"p{n}", f"{n}-{image}") for n in range(200) for image in range(3)]
    sides = split_by_patient(samples, seed=1)
    for n in range(200):
        assert len({sides[f"{n}-{image}"] for image in range(3)}) == 1


def test_patients_who_share_an_identical_file_stay_together_through_any_chain():
    chain = [entry for n in range(40) for entry in (sample(f"p{n}", f"shared {n}"), sample(f"p{n + 1}", f"shared {n}"))]
    others = [sample(f"q{n}") for n in range(100)]
    for seed in range(10):
        sides = split_by_patient([*others, *chain], seed)
        assert len({sides[entry.sha256] for entry in chain}) == 1
        assert len(set(sides.values())) == len(Side)


def test_the_split_does_not_depend_on_the_order_of_the_files():
    samples = [sample(f"p{n % 70}", f"hash {n % 90}") for n in range(300)]
    sides = split_by_patient(samples, seed=7)
    for shuffle in range(5):
        random.Random(shuffle).shuffle(samples)
        assert split_by_patient(samples, seed=7) == sides


def test_a_seed_gives_its_own_split_every_time():
    samples = [sample(f"p{n}") for n in range(300)]
    assert split_by_patient(samples, 1) == split_by_patient(samples, 1)
    assert split_by_patient(samples, 1) != split_by_patient(samples, 2)


def test_adding_patients_moves_nobody():
    samples = [sample(f"p{n}") for n in range(300)]
    before, after = split_by_patient(samples[:200], 1), split_by_patient(samples, 1)
    assert all(after[sha256] is side for sha256, side in before.items())


def test_the_sides_have_about_their_shares():
    drawn = Counter(draw_side(f"patient {n}".encode()) for n in range(20_000))
    assert sum(SHARES.values()) == pytest.approx(1)
    for side, share in SHARES.items():
        assert drawn[side] / 20_000 == pytest.approx(share, abs=0.01)


def test_a_split_comes_back_from_its_file_whatever_the_order_it_was_made_in(tmp_path):
    split = split_by_patient([sample(f"p{n}") for n in range(50)], 1)
    write_split(split, tmp_path / "a.csv")
    write_split(dict(reversed(split.items())), tmp_path / "b.csv")
    assert read_split(tmp_path / "a.csv") == split
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
