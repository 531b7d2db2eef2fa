"""Homes for the tests of safe keeping."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.records import CLASSES, Label
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.privacy import identity
from cxr_core.work.reading_room import recording
from tests.work.keeping.backups import COMMENT
from tests.work.sites import add_user, new_home, picture, query, take_in


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    """A home with a key that seals, an account, six images of three patients, and a read."""
    folder = tmp_path_factory.mktemp("kept")
    settings = new_home(folder, identity_key=folder / "identity.key", free_mb=0)
    identity.make_key(settings.home, COMMAND_LINE, settings.identity_key)
    reader = add_user(settings, name="ann")
    for patient in ("A", "B", "C"):
        take_in(settings, *(picture(ord(patient) + 10 * each, size=96) for each in range(2)), patient=patient)
    said = query(settings, "SELECT id, image, label FROM predictions ORDER BY label IS NULL, id")[0]
    label = Label(said["label"]) if said["label"] in tuple(CLASSES) else Label.NORMAL
    recording.submit(
        settings.home, reader, recording.ReadForm(said["image"], said["id"], label, comment=COMMENT, seconds=3)
    )
    return settings


@pytest.fixture
def settings(furnished, tmp_path):
    """A copy of it, to be changed."""
    shutil.copytree(furnished.home, tmp_path / "home")
    return replace(furnished, home=tmp_path / "home")


@pytest.fixture
def a_year_later():
    """The rest of the test is then: what is in the audit log is old enough to be cut off."""
    with clock.at(clock.now() + timedelta(days=400)):
        yield
