"""A backup that is made while processes write is of one moment, and hinders none of them."""

import subprocess
import sys
from dataclasses import replace

import pytest

from tests.processes import ROOT, start_worker, wait_until
from tests.work.keeping.backups import back_up, is_whole, restore
from tests.work.sites import add_user, film, query

BACKUPS = 3
READER = """
import sys
from cxr_core.records import Label, Role, User
from cxr_core.settings import Settings
from cxr_core.work.reading_room import recording
from cxr_core.store.db import opened, rows
from pathlib import Path
home = Path(sys.argv[1])
reader = User(int(sys.argv[2]), "eve", Role.RADIOLOGIST)
with opened(home) as db:
    unread = "SELECT id FROM images WHERE slots_open"
    (said,) = rows(db, f"SELECT id, image FROM predictions WHERE label IS NULL AND image IN ({unread}) LIMIT 1")
print("reads", flush=True)
while True:
    with opened(home) as db:
        last = rows(db, "SELECT max(id) AS id FROM reads WHERE reader = ?", (reader.id,))[0]["id"]
    form = recording.ReadForm(said["image"], said["id"], Label.NORMAL, comment=f"after {last}", seconds=1)
    recording.revise(home, reader, last, form) if last else recording.submit(home, reader, form)
"""
"""A process that reads one case, and changes its mind as often as it can."""
pytestmark = pytest.mark.alone


def count(settings, table):
    return query(settings, f"SELECT count(*) AS n FROM {table}")[0]["n"]


def test_made_while_a_worker_takes_in_and_a_reader_reads_it_is_whole(settings, tmp_path):
    for number in range(12):
        (tmp_path / f"{number}.dcm").write_bytes(film(100 + number))
    reader = add_user(settings, name="eve")
    line = [sys.executable, "-c", READER, str(settings.home), str(reader.id)]
    others = [start_worker(replace(settings, free_mb=0))]
    others.append(subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True))
    others.append(subprocess.Popen(
        [sys.executable, "-m", "cxr_core", "import", *map(str, tmp_path.glob("*.dcm"))], cwd=ROOT,
        env={"CXR_HOME": str(settings.home), "CXR_IDENTITY_KEY": str(settings.identity_key)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ))  # fmt: skip
    folder, made = tmp_path / "backups", []
    try:
        others[1].stdout.readline()
        for _ in range(BACKUPS):
            before = count(settings, "reads")
            wait_until(lambda before=before: count(settings, "reads") > before + 5, others[1])
            made.append(back_up(settings, folder))
    finally:
        for process in others:
            process.kill()
            process.wait()
    sizes = []
    for name in made:
        found = restore(settings, folder, tmp_path / name.backup, name.backup)
        assert is_whole(found)
        with_reads = query(found, "SELECT count(*) AS n FROM reads r JOIN images i ON i.id = r.image")
        assert with_reads[0]["n"] == count(found, "reads")
        sizes.append(count(found, "reads"))
    assert sizes == sorted(set(sizes)), "each has what was written since the last"
    assert is_whole(settings)
