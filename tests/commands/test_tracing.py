"""lineage and erase on the command line."""

from __future__ import annotations

import pytest

from cxr_core.model import release
from cxr_core.settings import Settings
from tests.work.sites import files_in, picture


@pytest.fixture
def image(run, tmp_path):
    """An X-ray of Doe-17, taken in; its id."""
    (tmp_path / "x.png").write_bytes(picture(1))
    return run("import", tmp_path / "x.png", "--patient", "Doe-17").lines[0]["image"]


def test_lineage_tells_of_images_patients_and_models(run, image):
    (opinion,) = run("lineage", image).lines
    assert opinion["prediction"]["model"] == release.card()["name"] == opinion["versions"][0]["name"]
    (patient,) = run("lineage", "Doe-17").lines
    assert [row["id"] for row in patient["images"]] == [image]
    assert patient["patient"] == opinion["patient"]
    (model,) = run("lineage", release.card()["name"]).lines
    assert model["descendants"] == []


def test_without_yes_nothing_goes(run, image):
    answer = run("erase", "Doe-17", "--reason", "asked for")
    (found,) = answer.lines
    assert (answer.status, found["erased"], found["images"], found["models"]) == (0, False, [image], [])
    assert "nothing was erased: say --yes" in answer.words
    assert run("lineage", image).status == 0


def test_with_yes_it_goes_and_the_home_is_whole(run, image, home):
    (found,) = run("erase", "Doe-17", "--reason", "asked for", "--yes").lines
    assert (found["erased"], found["finished"], found["rows"]["images"]) == (True, True, 1)
    (left,) = run("lineage", image).lines
    assert (left["images"], left["erased"][0]["reason"], left["erased"][0]["erased_by"]) == ([], "asked for", None)
    assert run("verify").lines[0]["problems"] == []
    assert files_in(Settings(home=home), "images") == files_in(Settings(home=home), "pictures") == []


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (("erase", "Doe-17"), 2, "--reason"),
        (("erase", "Moe-20", "--reason", "asked for", "--yes"), 1, "no such patient"),
        (("erase", "Doe-17", "--reason", " ", "--yes"), 1, "say why"),
        (("lineage", "Moe-20"), 1, "no such patient"),
    ],
)
def test_what_can_not_be_done_is_said(run, image, arguments, status, why):
    answer = run(*arguments)
    assert (answer.status, answer.lines) == (status, [])
    assert why in answer.words


def test_where_there_is_no_home_none_is_made(run, home):
    assert run("lineage", "Doe-17").status == run("erase", "Doe-17", "--reason", "asked for").status == 1
    assert not home.exists()
