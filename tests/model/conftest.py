"""What the tests of training share."""

from __future__ import annotations

import pytest

from cxr_core.model.material import Material
from cxr_core.model.preprocess import Preprocessing
from tests.model.chests import halves


@pytest.fixture(scope="session")
def material():
    """Small pictures that anybody could tell apart; tests must not change it."""
    return Material(halves(40, 48, first=1), halves(16, 48, first=2), Preprocessing())
