"""Killed anywhere in a backup or a restore, or out of disk, home and earlier backups are whole; a rerun finishes."""

import multiprocessing
import os
import resource
import shutil
import signal
import sqlite3
import sys
from dataclasses import replace

import numpy as np
import pytest

from cxr_core import clock
from cxr_core.errors import CxrError
from cxr_core.store.migrations import has_database
from cxr_core.work import accounts
from cxr_core.work.auditing import cut_files, cutting
from cxr_core.work.keeping import shelf
from tests.store.test_migrations import planted
from tests.work.keeping.backups import back_up, files_of, is_whole, restore, rows_of, stored
from tests.work.sites import add_user, picture, query, take_in

POINTS = 20
"""Kills of each."""
FORKED = multiprocessing.get_context("fork")
"""What is loaded already isn't loaded again for each victim."""

pytestmark = pytest.mark.usefixtures("one_thread")


def victim(act, calls, limit, name):
    """Do it in this process, which is killed at its call of this number of the program's own functions, or SQLite's.

    Only functions of this name count, if one is given.
    """

    def look(frame, event, argument):
        is_ours = event == "call" and "cxr_core" in frame.f_code.co_filename
        if is_ours or (event == "c_call" and getattr(argument, "__module__", None) in ("posix", "sqlite3")):
            called = frame.f_code.co_name if is_ours else argument.__name__
            calls.value += name in ("", called)
            if calls.value == limit:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(look)
    act()
    sys.setprofile(None)


def ended(act, limit=0, name=""):
    """How a process that does this ends, and the calls that it made."""
    calls = FORKED.Value("q", 0, lock=False)
    process = FORKED.Process(target=victim, args=(act, calls, limit, name))
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL), "it hangs, or failed"
    return process.exitcode, calls.value


def points(calls, seed):
    return map(int, np.random.default_rng(seed).integers(1, calls, POINTS))


def test_killed_at_any_of_twenty_points_of_a_backup_the_last_one_still_restores(settings, tmp_path):
    before, killed = tmp_path / "before", 0
    first, then = back_up(settings, before), rows_of(settings, without=1)
    take_in(settings, picture(90), picture(91))
    shutil.copytree(before, tmp_path / "counted")
    code, calls = ended(lambda: back_up(settings, tmp_path / "counted", keep=1))
    assert code == 0
    for number, limit in enumerate(points(calls, 20)):
        folder = shutil.copytree(before, tmp_path / f"backups {number}")
        code, _ = ended(lambda folder=folder: back_up(settings, folder, keep=1), limit)
        killed += code == -signal.SIGKILL
        assert is_whole(settings)
        names, found = shelf.names(folder), tmp_path / f"found {number}"
        assert names, "the last one goes only once the next is there"
        again = restore(settings, folder, found)
        if names[-1] == first.backup:
            assert rows_of(again, without=1) == then
        now = rows_of(settings)
        last = back_up(settings, folder, keep=1)
        assert last.images == 8
        shutil.rmtree(found)
        assert rows_of(restore(settings, folder, found), without=1) == now
        assert set(files_of(folder / shelf.KEPT)) == set(shelf.read(folder, last.backup).files.values())
        assert not (folder / shelf.MAKING).exists()
    assert killed == POINTS


def test_killed_at_any_of_twenty_points_of_a_restore_all_is_there_or_nothing(settings, tmp_path):
    folder, home, killed = tmp_path / "backups", tmp_path / "again", 0
    then, lying = rows_of(settings), stored(settings)
    back_up(settings, folder)
    before = files_of(folder)
    code, calls = ended(lambda: restore(settings, folder, tmp_path / "counted"))
    assert code == 0
    for number, limit in enumerate(points(calls, 21)):
        home = tmp_path / f"again {number}"
        code, _ = ended(lambda home=home: restore(settings, folder, home), limit)
        killed += code == -signal.SIGKILL
        assert files_of(folder) == before
        found = replace(settings, home=home)
        if has_database(home):
            assert is_whole(found)
        if not has_database(home) or (home / "restoring").exists():
            assert ended(lambda home=home: restore(settings, folder, home))[0] == 0
        assert stored(found) == lying
        assert rows_of(found, without=1)["reads"] == then["reads"]
        assert rows_of(found)["images"] == then["images"]
    assert killed == POINTS


@pytest.mark.usefixtures("a_year_later")
def test_killed_while_all_moves_to_its_place_it_is_run_again(settings, tmp_path):
    folder, home = tmp_path / "backups", tmp_path / "again"
    cutting.cut_off(settings.home, "ann", clock.stamp())
    lying = stored(settings)
    back_up(settings, folder)
    assert ended(lambda: restore(settings, folder, home), 1, "link")[0] == -signal.SIGKILL
    assert (home / cut_files.FOLDER).exists()
    assert stored(restore(settings, folder, home)) == lying


@pytest.mark.parametrize("name", ["migrate", "end_every", "link", "rmdir", "verify"])
def test_killed_where_an_older_one_is_made_ready_no_home_lacks_its_row(settings, tmp_path, monkeypatch, name):
    folder, home = tmp_path / "backups", tmp_path / "again"
    add_user(settings, name="eve")
    accounts.sign_in(settings, "eve", "a long password")
    made, found = back_up(settings, folder), replace(settings, home=home)
    planted(monkeypatch, lambda db: db.execute("CREATE TABLE coming (id INTEGER)"))
    assert ended(lambda: restore(settings, folder, home), 1, name)[0] == -signal.SIGKILL
    if not has_database(home) or (home / "restoring").exists():
        assert ended(lambda: restore(settings, folder, home))[0] == 0
    told = query(found, "SELECT subject FROM audit WHERE action = 'restore'")
    assert told == [{"subject": made.backup}]
    assert query(found, "SELECT * FROM sessions") == []
    assert query(found, "SELECT * FROM coming") == []
    assert not (home / "restoring").exists()


def with_room(act, largest):
    """Do it where no file may get larger than this, as on a disk that fills up; what it says of that."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    try:
        act()
    except (CxrError, OSError, sqlite3.Error):
        os._exit(1)
    os._exit(0)


def cut_off(act, largest):
    process = FORKED.Process(target=with_room, args=(act, largest))
    process.start()
    process.join(120)
    assert process.exitcode == 1, "it should have said so"


@pytest.mark.parametrize("largest", [0, 4_000, 40_000, 300_000])
def test_on_a_full_disk_nothing_half_is_left(settings, tmp_path, largest):
    folder, home = tmp_path / "backups", tmp_path / "again"
    cut_off(lambda: back_up(settings, folder), largest)
    assert shelf.names(folder) == []
    assert is_whole(settings)
    back_up(settings, folder)
    before = files_of(folder)
    cut_off(lambda: restore(settings, folder, home), largest)
    assert files_of(home) == {}
    assert files_of(folder) == before
    restore(settings, folder, home)
