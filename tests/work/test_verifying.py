"""Whatever was changed behind the program's back is named."""

import pytest

from cxr_core.model import release
from cxr_core.store import models
from cxr_core.store.db import opened
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.verifying import verify
from tests.store.rows import without_triggers
from tests.work.sites import files_in, new_home, picture, take_in


@pytest.fixture
def settings(tmp_path):
    found = new_home(tmp_path)
    take_in(found, picture(1), picture(2))
    return found


def test_what_is_whole_has_no_problems(settings):
    expected = {"audit_events": 5, "images": 2, "models": 1, "problems": [], "not_checked": []}
    assert verify(settings.home, COMMAND_LINE) == expected


def test_a_changed_image_file_is_named(settings):
    path = files_in(settings, "images")[0]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (problem,) = verify(settings.home, COMMAND_LINE)["problems"]
    assert path.stem[:12] in problem
    assert "has changed on disk" in problem


def test_a_missing_image_file_is_named(settings):
    path = files_in(settings, "images")[0]
    path.unlink()
    (problem,) = verify(settings.home, COMMAND_LINE)["problems"]
    assert path.stem[:12] in problem
    assert "is missing" in problem


def test_a_tampered_audit_row_is_named_and_the_rest_still_checked(settings):
    without_triggers(settings.home)
    with opened(settings.home) as db:
        db.execute("UPDATE audit SET actor = 'somebody else' WHERE id = 2")
    files_in(settings, "images")[0].unlink()
    problems = verify(settings.home, COMMAND_LINE)["problems"]
    assert len(problems) == 2
    assert problems[0].startswith("audit row 2 ")


def add_candidate(settings, tensors=b"tensors"):
    with opened(settings.home) as db:
        name = models.add_weights(db, tensors)
        parent = release.card()["name"]
        models.add(db, {**release.card(), "name": "cxr-resnet18-2", "parent": parent, "weights_sha256": name})


def test_tampered_weights_are_named(settings):
    add_candidate(settings)
    assert verify(settings.home, COMMAND_LINE)["problems"] == []
    with opened(settings.home) as db:
        db.execute("UPDATE weights SET tensors = x'00'")
    assert verify(settings.home, COMMAND_LINE)["problems"] == [
        "model cxr-resnet18-2: its weights are not those its card was written for"
    ]


def test_missing_weights_are_named(settings):
    add_candidate(settings)
    with opened(settings.home) as db:
        db.execute("DELETE FROM weights")
    assert verify(settings.home, COMMAND_LINE)["problems"] == ["model cxr-resnet18-2: its weights are missing"]


def test_a_card_for_other_weights_is_named(settings):
    add_candidate(settings)
    with opened(settings.home) as db:
        db.execute("UPDATE models SET card = replace(card, weights_sha256, ?) WHERE name LIKE '%2'", ("0" * 64,))
    assert "cxr-resnet18-2" in verify(settings.home, COMMAND_LINE)["problems"][0]
