"""A fresh, migrated home for each test of the store."""

from __future__ import annotations

import pytest

from cxr_core.store.db import opened
from cxr_core.store.migrations import migrate


@pytest.fixture
def home(tmp_path):
    migrate(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def db(home):
    with opened(home) as database:
        yield database
