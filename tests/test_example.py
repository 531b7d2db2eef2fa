"""feedback.db.example: opened with today's schema, and a home that is started from it is whole again."""

import shutil
from pathlib import Path

import pytest

from cxr_core.settings import Settings
from cxr_core.store import migrations
from cxr_core.store.db import FILE, opened, rows
from cxr_core.work import accounts
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.opening import is_demo, open_home
from cxr_core.work.reading_room import reviewing
from cxr_core.work.verifying import verify
from tests.processes import command

EXAMPLE = Path(__file__).parents[1] / "feedback.db.example"
LARGEST = 15 * 2**20


@pytest.fixture
def home(tmp_path):
    shutil.copy(EXAMPLE, tmp_path / FILE)
    return tmp_path


def test_it_has_todays_schema(home):
    with opened(home) as db:
        assert migrations.pending(db) == [], "it is stale: `make example` writes it anew"
    migrations.check(home)
    assert migrations.migrate(home) == []


def test_it_is_small_and_signs_nobody_in(home):
    assert EXAMPLE.stat().st_size < LARGEST
    with opened(home) as db:
        assert rows(db, "SELECT * FROM sessions") == rows(db, "SELECT * FROM workers") == []


def test_a_home_started_from_it_gets_every_file_again_and_verifies(home):
    open_home(home)
    assert is_demo(home)
    assert accounts.shown_accounts(home)
    before = verify(home, COMMAND_LINE)
    assert len(before["problems"]) == before["images"]  # the files aren't part of the example, all else is
    made = command(Settings(home=home, threads=1), "demo", patience=900)
    assert made.returncode == 0, made.stderr
    after = verify(home, COMMAND_LINE)
    assert after["problems"] == []
    assert (after["images"], after["models"]) == (before["images"], before["models"])
    assert reviewing.counts(home, COMMAND_LINE)["waiting"] > 0
