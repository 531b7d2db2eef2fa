"""Killed anywhere between a flag and a promotion, or out of disk, the home stays whole and goes on by itself."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys

import numpy as np
import pytest

from cxr_core.records import JobState
from cxr_core.store import audit
from cxr_core.store.db import opened
from cxr_core.store.migrations import check
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import retraining
from cxr_core.work.verifying import verify
from tests.work.learners import copied, send
from tests.work.rounds import ask, decide, learn
from tests.work.sites import query

PARTS = (ask, learn, decide)
"""Set building; training and the gate; promotion."""
POINTS = (6, 8, 6)
"""Kills in each."""
ROOM = (20_000,)
"""Bytes by which the home's largest file may still grow."""
FORKED = multiprocessing.get_context("fork")
"""What is loaded already isn't loaded again for each victim; the parent has computed nothing with threads."""

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def home(site, tmp_path):
    """The site with enough that waits on the training side for a flag in every round."""
    found = copied(site[0], tmp_path / "home")
    send(found, range(2000, 2020))
    return found


def go_around(home, calls, part=None, limit=None):
    """Each part in turn, counting the program's own calls in it; killed at one of them."""
    for number, act in enumerate(PARTS):

        def look(frame, event, argument, number=number):
            if event == "call" and "cxr_core" in frame.f_code.co_filename:
                calls[number] += 1
                if (number, calls[number]) == (part, limit):
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(look)
        act(home)
        sys.setprofile(None)


def with_little_room(home, calls, room):
    largest = max(path.stat().st_size for path in home.path.rglob("*") if path.is_file())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + room,) * 2)
    go_around(home, calls)


def ended(work, home, *arguments):
    """How a process that does this ends, and the calls that it made in each part."""
    calls = FORKED.Array("q", len(PARTS), lock=False)
    process = FORKED.Process(target=work, args=(home, calls, *arguments))
    process.start()
    process.join(300)
    assert process.exitcode is not None, "it hangs"
    return process.exitcode, list(calls)


def made_in(home, known=frozenset()):
    """The models that were made; on the way everything is checked that must hold whatever happened."""
    check(home.path)
    assert verify(home.path, COMMAND_LINE)["problems"] == []
    with opened(home.path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert audit.verify(db) > 0
    decided = query(home.settings, "SELECT model FROM decisions WHERE action IN ('promote', 'refuse')")
    assert len({row["model"] for row in decided}) == len(decided), "nothing is decided twice"
    made = query(home.settings, "SELECT name, training_set FROM models WHERE training_set NOT NULL")
    assert len({row["training_set"] for row in made}) == len(made), "no set makes two models"
    names = {row["name"] for row in made}
    assert known <= names
    return names


def goes_on(home, known):
    """Nothing is mended by hand: whoever comes next finishes what is open, or begins anew."""
    assert ended(go_around, home)[0] == 0
    assert retraining.candidate(home.path, COMMAND_LINE) is None
    assert retraining.newest_job(home.path, COMMAND_LINE).state is JobState.DONE
    assert list((home.path / "checkpoints").iterdir()) == []
    return made_in(home, known)


def test_killed_at_any_of_twenty_points_it_is_whole_and_goes_on(home):
    code, calls = ended(go_around, home)
    assert code == 0
    known, killed, chance = made_in(home), 0, np.random.default_rng(20)
    for part, points in enumerate(POINTS):
        for limit in chance.integers(1, calls[part], points):
            code, _ = ended(go_around, home, part, int(limit))
            assert code in (0, -signal.SIGKILL)
            killed += code == -signal.SIGKILL
            known = made_in(home, known)
    assert killed >= sum(POINTS) - 4, "a retrain that goes on has less to do than a whole one"
    assert len(goes_on(home, known)) >= 2


@pytest.mark.parametrize("room", ROOM)
def test_out_of_disk_it_is_whole_and_goes_on(home, room):
    before = made_in(home)
    ended(with_little_room, home, room)
    assert goes_on(home, made_in(home, before)) > before
