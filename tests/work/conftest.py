"""What the tests of the use cases share."""

from __future__ import annotations

import pytest

from cxr_core.records import Label, Role
from tests.model.chests import public_set
from tests.work.learners import BASE, new_home, read, said, send
from tests.work.sites import add_user


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A home with base data, and thirty images taken in, twenty-four of which were read.

    The reader flags every other Pneumonia that the model saw, and sees all else as it is. With it the images that wait.
    Tests that change it copy it.
    """
    folder = tmp_path_factory.mktemp("site")
    home = new_home(folder / "home", base_data=public_set(folder / "base", BASE))
    images = send(home, range(30))
    for number, image in enumerate(images[:24]):
        shown = Label.PNEUMONIA if number % 2 else Label.NORMAL
        read(home, image, Label.NORMAL if number // 2 % 2 and said(home, image) == Label.PNEUMONIA else shown)
    return home, images[24:]


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """An opened home in which nothing has happened yet; tests copy it."""
    return new_home(tmp_path_factory.mktemp("empty") / "home")


@pytest.fixture
def ann(settings):
    """A radiologist in the test's own home, which is its `settings`."""
    return add_user(settings, name="ann")


@pytest.fixture
def ben(settings):
    """Another radiologist there."""
    return add_user(settings, name="ben")


@pytest.fixture
def admin(settings):
    """An admin there."""
    return add_user(settings, Role.ADMIN, "admin")
