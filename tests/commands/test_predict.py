"""predict: one JSON line a file, whatever the file is."""

import shutil
import sqlite3

import cv2
import numpy as np
import pytest

from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.model import release
from cxr_core.records import Role
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import stopping
from tests.dicom.films import reread, to_bytes
from tests.model.chests import phantom_chest, png
from tests.work.sites import film, picture, zipped
from tests.work.written import written

FIELDS = {"path", "status", "probability", "label", "reasons", "model", "codes", "put_right"}
FIELDS |= {"text_blanked", "text_left"}


@pytest.fixture
def folder(tmp_path):
    """A folder with good and bad files, by name: what they are."""
    lateral = reread(film(2))
    lateral.ViewPosition = "LL"
    files = {
        "1-film.dcm": film(), "2-lateral.dcm": to_bytes(lateral), "3-letter.dcm": b"Dear colleague,",
        "4-chest.png": picture(), "5-cut.png": picture()[:500], "6-empty.jpg": b"",
        "sub/7-chest.jpg": picture(kind="JPEG", size=256), "sub/8.zip": zipped({"a.png": picture(2), "b.txt": b"Dear"}),
    }  # fmt: skip
    for name, data in files.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "in"


def test_every_file_of_a_folder_gets_a_line(run, folder):
    answer = run("predict", folder)
    assert answer.status == 0
    assert all(set(line) == FIELDS for line in answer.lines)
    found = {line["path"].removeprefix(f"{folder}/"): line["status"] for line in answer.lines}
    assert found == {
        "1-film.dcm": "predicted", "2-lateral.dcm": "not_analysed", "3-letter.dcm": "rejected",
        "4-chest.png": "predicted", "5-cut.png": "rejected", "6-empty.jpg": "rejected", "sub/7-chest.jpg": "predicted",
        "sub/8.zip!a.png": "predicted", "sub/8.zip!b.txt": "rejected",
    }  # fmt: skip


def test_a_line_has_an_opinion_or_a_reason(run, folder):
    for line in run("predict", folder).lines:
        assert line["model"] == release.card()["name"]
        if line["status"] == "predicted":
            assert 0 <= line["probability"] <= 1
            assert line["label"] in ("Normal", "Pneumonia", "Uncertain")
            assert line["reasons"] == []
        else:
            assert (line["probability"], line["label"]) == (None, None)
            assert all(reason.strip() for reason in line["reasons"])
            assert line["reasons"]


def test_a_negative_is_judged_put_right_and_a_turned_film_is_refused_by_its_code(run, tmp_path):
    chest = phantom_chest(1, True, 224)
    (tmp_path / "negative.png").write_bytes(png(255 - chest))
    (tmp_path / "turned.png").write_bytes(png(np.ascontiguousarray(np.rot90(chest, -1))))
    negative, turned = run("predict", tmp_path / "negative.png", tmp_path / "turned.png").lines
    assert (negative["status"], negative["put_right"], negative["codes"]) == ("predicted", "inverted", [])
    assert (turned["status"], turned["put_right"], turned["codes"]) == ("not_analysed", None, ["turned_90"])
    assert "turned by 90 degrees" in turned["reasons"][0]


def test_of_text_in_the_picture_it_is_said_where_it_was_and_whether_the_model_saw_it(run, tmp_path):
    (tmp_path / "a.png").write_bytes(png(written()))
    (tmp_path / "b.png").write_bytes(picture())
    (tmp_path / "c.png").write_bytes(b"")
    answer = run("predict", tmp_path)
    with_text, clean, empty = answer.lines
    assert with_text["status"] != "rejected"
    blanked, left = ([tuple(box) for box in with_text[name]] for name in ("text_blanked", "text_left"))
    assert any(top < 30 < bottom and left_ < 100 < right for top, left_, bottom, right in blanked)
    assert any(top < 390 < bottom and left_ < 300 < right for top, left_, bottom, right in left)
    assert (clean["text_blanked"], clean["text_left"]) == ([], [])
    assert (empty["text_blanked"], empty["text_left"]) == (None, None)
    assert "1 of 3 files: text near an edge of the picture was blanked" in answer.words
    assert "1 of 3 files: there may be text where it can't be taken out unseen" in answer.words


def test_nothing_is_made_in_the_home(run, folder, home):
    run("predict", folder)
    assert not home.exists()


@pytest.fixture(scope="module")
def ill():
    """A film that the model calls Pneumonia, with a heatmap that can be shown."""
    return phantom(3001, True, rows=448)


def test_heatmaps_are_written_as_pictures_or_it_is_said_why_not(run, folder, tmp_path, ill):
    (folder / "0-ill.dcm").write_bytes(ill)
    answer = run("predict", folder, "--heatmaps", tmp_path / "maps")
    assert all({"heatmap", "heatmap_doubt"} <= set(line) for line in answer.lines)
    for line in answer.lines:
        judged = line["status"] == "predicted"
        assert (line["heatmap"] is not None) == (judged and line["heatmap_doubt"] is None)
        assert (line["heatmap_doubt"] is not None) <= judged
        assert line["label"] != "Normal" or "Normal" in line["heatmap_doubt"]
    named = [line["heatmap"] for line in answer.lines if line["heatmap"]]
    assert str(tmp_path / "maps" / "00001-0-ill.png") in named
    assert sorted(str(path) for path in (tmp_path / "maps").iterdir()) == named
    assert all(cv2.imread(path).shape == (448, 448, 3) for path in named)


def test_the_heatmap_of_a_file_with_a_very_long_name_is_written(run, folder, tmp_path, ill):
    (folder / f"{'x' * 250}.dcm").write_bytes(ill)
    run("predict", folder / f"{'x' * 250}.dcm", "--heatmaps", tmp_path / "maps")
    assert len(list((tmp_path / "maps").iterdir())) == 1


def test_a_weights_file_can_be_the_model(run, folder, tmp_path):
    for part in release.WEIGHTS.parent.iterdir():
        shutil.copy(part, tmp_path / part.name)
    answer = run("predict", folder / "4-chest.png", "--model", tmp_path / release.WEIGHTS.name)
    assert answer.lines == run("predict", folder / "4-chest.png").lines


def test_the_homes_model_is_used_by_name(run, folder):
    run("migrate")
    plain = run("predict", folder / "1-film.dcm")
    assert run("predict", folder / "1-film.dcm", "--model", release.card()["name"]).lines == plain.lines


@pytest.mark.parametrize("is_there", [False, True])
def test_a_model_that_is_not_there_is_one_line(run, folder, home, is_there):
    if is_there:
        run("migrate")
    answer = run("predict", folder, "--model", "cxr-resnet18-99")
    assert (answer.status, answer.lines) == (1, [])
    assert "there is no model cxr-resnet18-99" in answer.words
    assert home.exists() == is_there


def test_weights_without_a_card_are_refused(run, folder, tmp_path):
    shutil.copy(release.WEIGHTS, tmp_path / "bare.safetensors")
    answer = run("predict", folder, "--model", tmp_path / "bare.safetensors")
    assert answer.status == 1
    assert "no card beside it" in answer.words


def test_a_stop_is_one_line_with_who_when_and_why_but_a_file_of_weights_is_nobodys_home(run, folder, home):
    run("migrate")
    admin = people.add_user(home, COMMAND_LINE, "eve", Role.ADMIN, "a password for eve")
    stopping.stop(home, admin, "it misses too much")
    for more in ((), ("--model", release.card()["name"])):
        answer = run("predict", folder / "4-chest.png", *more)
        assert (answer.status, answer.lines) == (1, [])
        assert "switched off since" in answer.words and "by eve: “it misses too much”" in answer.words
    assert run("predict", folder / "4-chest.png", "--model", release.WEIGHTS).status == 0


def test_a_path_that_is_not_there_is_one_line_before_anything_else(run, folder):
    answer = run("predict", folder, folder / "gone.dcm")
    assert (answer.status, answer.lines) == (1, [])
    assert answer.words.strip() == f"cxr_core predict: {folder / 'gone.dcm'}: there is no such file or folder"


def test_a_database_that_is_none_is_one_line(run, folder, home):
    home.mkdir()
    (home / "feedback.db").write_bytes(b"not a database, but long enough to be one" * 100)
    answer = run("predict", folder)
    assert answer.status == 1
    assert len(answer.words.strip().splitlines()) == 1


def test_a_database_that_was_never_migrated_is_refused_with_the_remedy(run, folder, home):
    home.mkdir()
    sqlite3.connect(home / "feedback.db").close()
    answer = run("predict", folder)
    assert answer.status == 1
    assert "run `python -m cxr_core migrate`" in answer.words
