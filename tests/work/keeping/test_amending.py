"""What is erased, or goes by its age, goes out of older backups; those that can't be amended are named."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cxr_core import clock
from cxr_core.store import copies, files, migrations
from cxr_core.store.db import opened
from cxr_core.work.auditing import cut_files, cutting
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.keeping import last_backup, retaining, shelf
from cxr_core.work.privacy import erasing
from tests.processes import command
from tests.store.test_migrations import planted
from tests.work.keeping.backups import COMMENT, back_up, files_of, restore
from tests.work.sites import picture, query, take_in


def patient_of(settings, image):
    return query(settings, "SELECT patient FROM images WHERE id = ?", image)[0]["patient"]


def erase(settings, patient):
    return erasing.erase(settings.home, COMMAND_LINE, patient, "asked for in writing")


def traces(folder, needles):
    return [place for place in files_of(folder) if any(each in (folder / place).read_bytes() for each in needles)]


def test_what_is_erased_goes_out_of_older_backups_with_the_next_one(settings, tmp_path):
    folder = tmp_path / "backups"
    first = back_up(settings, folder)
    (read,) = query(settings, "SELECT image FROM reads")
    patient = patient_of(settings, read["image"])
    (row,) = query(settings, "SELECT file_sha256 FROM images WHERE id = ?", read["image"])
    needles = [COMMENT.encode(), files.get(settings.home, row["file_sha256"])[-64:]]
    assert len(traces(folder, needles)) == 2
    assert erase(settings, patient).finished
    second = back_up(settings, folder)
    assert second.amended == [first.backup]
    assert traces(folder, needles) == []
    assert back_up(settings, folder).amended == []
    older = restore(settings, folder, tmp_path / "older", first.backup)
    assert query(older, "SELECT count(*) AS n FROM images") == [{"n": 4}]
    mine, theirs = (query(each, "SELECT * FROM tombstones ORDER BY image") for each in (settings, older))
    assert mine == theirs and len(mine) == 2


@pytest.mark.usefixtures("a_year_later")
def test_what_was_cut_off_the_log_stays_in_a_backup_out_of_which_something_is_taken(settings, tmp_path):
    folder = tmp_path / "backups"
    cut = Path(cutting.cut_off(settings.home, "ann", clock.stamp()).file)
    first = back_up(settings, folder)
    (read,) = query(settings, "SELECT image FROM reads")
    with clock.at(clock.now() + timedelta(days=1)):
        erase(settings, patient_of(settings, read["image"]))
        assert back_up(settings, folder, keep=2).amended == [first.backup]
    older = restore(settings, folder, tmp_path / "older", first.backup)
    assert (older.home / cut_files.FOLDER / cut.name).read_bytes() == cut.read_bytes()


def test_no_copy_of_a_backup_is_made_on_the_way_to_taking_the_erased_out_of_it(settings, tmp_path, monkeypatch):
    folder, copied = tmp_path / "backups", []
    first = back_up(settings, folder)
    monkeypatch.setattr(copies, "keep", lambda *given: copied.append(given))
    planted(monkeypatch, lambda db: db.execute("CREATE TABLE coming (id INTEGER)"))
    migrations.migrate(settings.home, keep=False)
    (read,) = query(settings, "SELECT image FROM reads")
    erase(settings, patient_of(settings, read["image"]))
    assert back_up(settings, folder).amended == [first.backup]
    assert copied == []
    assert shelf.read(folder, first.backup).schema[-1] == "m999_planted"


def test_backups_of_a_newer_program_are_named_and_left_and_all_else_goes_on(settings, tmp_path, monkeypatch):
    folder = tmp_path / "backups"
    gone, older = back_up(settings, folder), back_up(settings, folder)
    shutil.copytree(settings.home, tmp_path / "updated")
    with monkeypatch.context() as coming:
        planted(coming, lambda db: db.execute("CREATE TABLE coming (id INTEGER)"))
        migrations.migrate(tmp_path / "updated", keep=False)
        newer = back_up(replace(settings, home=tmp_path / "updated"), folder)
    before = shelf.read(folder, newer.backup)
    assert back_up(settings, folder).not_amended == []
    (read,) = query(settings, "SELECT image FROM reads")
    erase(settings, patient_of(settings, read["image"]))
    made = command(settings, "backup", folder, "--keep", "4")
    found = json.loads(made.stdout)
    assert (found["amended"][0], found["not_amended"]) == (gone.backup, [newer.backup])
    assert gone.backup not in found["backups"]
    assert {older.backup, newer.backup} < set(found["backups"])
    assert made.returncode == 1
    assert f"{newer.backup}.json" in made.stderr
    assert shelf.read(folder, newer.backup) == before
    assert last_backup.told(settings.home, COMMAND_LINE).failed_at is None
    (folder / shelf.LISTS / f"{newer.backup}.json").unlink()
    assert back_up(settings, folder).not_amended == []
    assert traces(folder, [COMMENT.encode()]) == []


def test_a_patient_who_comes_again_after_it_is_erased_in_what_was_before_alone(settings, tmp_path):
    folder = tmp_path / "backups"
    back_up(settings, folder)
    (one,) = query(settings, "SELECT image FROM reads")
    erase(settings, patient_of(settings, one["image"]))
    (again,) = take_in(settings, picture(80), patient="C")
    last = back_up(settings, folder)
    found = restore(settings, folder, tmp_path / "again", last.backup)
    assert query(found, "SELECT 1 AS n FROM images WHERE id = ?", again.image)


def test_an_erasure_while_it_is_made_has_it_made_anew(settings, tmp_path):
    image = query(settings, "SELECT id FROM images ORDER BY received_at")[0]["id"]
    patient, erased = patient_of(settings, image), []

    def interfere(progress):
        if progress["doing"] == "images" and not erased:
            erased.append(erase(settings, patient))

    made = back_up(settings, tmp_path / "backups", tell=interfere)
    assert made.images == 4
    assert made.damaged == []
    assert len(files_of(tmp_path / "backups" / shelf.IMAGES)) == 4
    restore(settings, tmp_path / "backups", tmp_path / "again")


def test_x_rays_that_go_by_their_age_while_it_is_made_have_it_made_anew(settings, tmp_path):
    with opened(settings.home) as db:
        db.execute("UPDATE images SET slots_open = 0")
    gone = []

    def interfere(progress):
        if progress["doing"] == "images" and not gone:
            with clock.at(clock.now() + timedelta(days=400)):
                gone.extend(retaining.letting_go(replace(settings, keep_images_days=365), "program"))

    made = back_up(settings, tmp_path / "backups", tell=interfere)
    assert sum(gone) > 0
    assert (made.images, made.damaged) == (6 - sum(gone), [])
    restore(settings, tmp_path / "backups", tmp_path / "again")
