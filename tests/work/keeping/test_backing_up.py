"""A backup has all of a home as of one moment; a restore brings it back whole, or not at all."""

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from cxr_core import clock
from cxr_core.errors import BadInput, Conflict, IntegrityError, NotFound, SchemaError
from cxr_core.store import audit
from cxr_core.store.db import FILE, opened
from cxr_core.work import accounts
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting, receiving
from cxr_core.work.incoming import requests
from cxr_core.work.incoming.requests import Upload
from cxr_core.work.keeping import last_backup, shelf
from cxr_core.work.opening import aside, open_home
from tests.processes import command
from tests.store.test_migrations import planted
from tests.work.keeping.backups import back_up, files_of, is_whole, restore, rows_of, stored
from tests.work.sites import add_user, files_in, film, job, new_home, picture, query, take_in, work_off


def test_last_nights_backup_brings_back_what_was_there_to_the_row_and_the_byte(settings, tmp_path):
    before, lying = rows_of(settings), stored(settings)
    made = back_up(settings, tmp_path / "backups")
    take_in(settings, picture(70))  # what comes after it isn't in it
    found = restore(settings, tmp_path / "backups", tmp_path / "again")
    assert rows_of(found, without=1) == before
    assert stored(found) == lying
    assert not aside(found.home).exists()
    assert (made.images, made.new_images, made.left_out, made.damaged) == (6, 6, 0, [])
    assert query(found, "SELECT action, subject FROM audit ORDER BY id DESC LIMIT 1") == [
        {"action": "restore", "subject": made.backup}
    ]


def test_who_was_signed_in_then_signs_in_anew(settings, tmp_path):
    add_user(settings, name="eve")
    token = accounts.sign_in(settings, "eve", "a long password")
    back_up(settings, tmp_path / "backups")
    assert accounts.user_of(settings, token)
    found = restore(settings, tmp_path / "backups", tmp_path / "again")
    assert accounts.user_of(found, token) is None
    assert accounts.sign_in(found, "eve", "a long password")


def test_what_is_restored_is_worked_in_as_before(settings, tmp_path):
    back_up(settings, tmp_path / "backups")
    found = restore(settings, tmp_path / "backups", tmp_path / "again")
    open_home(found.home)
    (verdict,) = take_in(found, picture(71), patient="A")
    assert verdict.status in ("predicted", "not_analysed")
    assert is_whole(found)


def test_a_second_backup_copies_only_what_is_new_and_either_can_be_restored(settings, tmp_path):
    folder = tmp_path / "backups"
    first, then = back_up(settings, folder), rows_of(settings, without=1)
    take_in(settings, picture(72))
    now = rows_of(settings)
    second = back_up(settings, folder)
    assert (second.images, second.new_images) == (7, 1)
    assert second.backups == [first.backup, second.backup]
    assert len(files_of(folder / shelf.IMAGES)) == 7
    assert rows_of(restore(settings, folder, tmp_path / "older", first.backup), without=1) == then
    assert rows_of(restore(settings, folder, tmp_path / "newer"), without=1) == now


def test_only_so_many_are_kept_with_what_they_name(settings, tmp_path):
    folder = tmp_path / "backups"
    for number in range(3):
        take_in(settings, picture(73 + number))
        last = back_up(settings, folder, keep=2)
    assert len(last.backups) == 2
    kept = {sha256 for name in last.backups for sha256 in shelf.read(folder, name).files.values()}
    assert {path.name for path in (folder / shelf.KEPT).iterdir()} == kept
    for number, name in enumerate(last.backups):
        restore(settings, folder, tmp_path / f"again {number}", name)


def test_pictures_and_the_identity_key_are_not_in_it(settings, tmp_path):
    back_up(settings, tmp_path / "backups")
    lying = files_of(tmp_path / "backups").values()
    for path in (settings.identity_key, *files_in(settings, "pictures")):
        assert files_of(path.parent)[path.name] not in lying


def received(settings, *films):
    """X-rays that came over the network, and wait in the spool; the numbers of their jobs."""
    connecting.add_sender(settings.home, COMMAND_LINE, "Router", "127.0.0.1", calling="ROUTER")
    sender = receiving.sender_calling(settings.home, "ROUTER", "127.0.0.1", None)
    return [receiving.receive(settings, sender, film) for film in films]


def test_what_a_sender_was_told_is_kept_is_in_it_sealed_and_taken_in_after_a_restore(settings, tmp_path):
    (waiting,) = received(settings, film(5))
    made = back_up(settings, tmp_path / "backups")
    found = restore(settings, tmp_path / "backups", tmp_path / "again")
    assert stored(found) == stored(settings)
    assert made.left_out == 0
    work_off(found)
    assert job(found, waiting).result["image"]


def test_what_intake_removes_while_it_is_copied_is_in_it_all_the_same(settings, tmp_path):
    (waiting,) = received(settings, film(6))

    def take(progress):
        if progress["doing"] == "database":
            work_off(settings)

    back_up(settings, tmp_path / "backups", tell=take)
    assert files_in(settings, "spool") == []
    found = restore(settings, tmp_path / "backups", tmp_path / "again")
    work_off(found)
    assert job(found, waiting).result["image"] == job(settings, waiting).result["image"]


def test_what_waits_unsealed_is_left_out_and_its_sender_is_told_to_send_it_again(tmp_path):
    settings = new_home(tmp_path)
    (number,) = requests.take_in(settings, COMMAND_LINE, [Upload("Doe.dcm", film(7))])
    assert back_up(settings, tmp_path / "backups").left_out == 1
    found = restore(settings, tmp_path / "backups", tmp_path / "again")
    work_off(found)
    assert job(found, number).error == "the file is no longer in the spool: send it again"


@pytest.mark.parametrize("place", ["", "backups", "images/backups"])
def test_a_folder_in_the_home_is_refused(settings, place):
    with pytest.raises(BadInput, match="lies in the home"):
        back_up(settings, settings.home / place)
    with pytest.raises(BadInput, match="the home lies in"):
        back_up(settings, settings.home.parent)


def test_a_folder_with_other_things_or_of_another_home_is_refused(settings, tmp_path):
    other = new_home(tmp_path / "other", b"t")
    back_up(other, tmp_path / "backups")
    with pytest.raises(Conflict, match="another home"):
        back_up(settings, tmp_path / "backups")
    with pytest.raises(BadInput, match="isn't empty and no folder of backups"):
        back_up(settings, tmp_path / "other")


def new_disk(folder):
    """What a new disk of ext4 has at its top, as far as anybody but root may see it."""
    (folder / "lost+found").mkdir(parents=True)
    return folder


def test_a_disk_of_its_own_is_a_folder_for_backups(settings, tmp_path):
    folder = new_disk(tmp_path / "disk")
    made = back_up(settings, folder)
    assert back_up(settings, folder, keep=1).backups != [made.backup]
    restore(settings, folder, tmp_path / "again")
    assert (folder / "lost+found").is_dir()


def test_a_disk_of_its_own_is_a_home_to_be_brought_back_and_what_was_lost_stays_there(settings, tmp_path):
    back_up(settings, tmp_path / "backups")
    home = new_disk(tmp_path / "disk")
    kept = files_in(replace(settings, home=tmp_path / "backups"), "images")[0]
    data = kept.read_bytes()
    changed(kept)
    with pytest.raises(IntegrityError, match="has changed"):
        restore(settings, tmp_path / "backups", home)
    assert [path.name for path in home.iterdir()] == ["lost+found"]
    kept.write_bytes(data)
    found = restore(settings, tmp_path / "backups", home)
    assert is_whole(found)
    assert (home / "lost+found").is_dir()


@pytest.mark.parametrize("place", ["file", "file/backups"])
def test_a_file_is_no_folder_for_backups_and_whoever_reads_the_banner_hears_what_to_name(settings, tmp_path, place):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match=rf"{place} can't hold backups \(.+\): name a folder") as refused:
        back_up(settings, tmp_path / place)
    assert "Errno" not in str(refused.value)
    assert last_backup.told(settings.home, COMMAND_LINE).why == str(refused.value)


def test_the_key_is_spoken_of_where_there_is_one_alone(tmp_path):
    made = command(new_home(tmp_path / "home", free_mb=0), "backup", tmp_path / "backups")
    assert (made.returncode, made.stderr) == (0, "")
    assert not json.loads(made.stdout)["sealed"]


@pytest.mark.parametrize(
    ("place", "why"), [("empty", "no backup in .*empty"), ("file", "no folder .*file"), ("gone", "no folder .*gone")]
)
def test_where_no_backup_is_the_folder_to_be_named_is_said(settings, tmp_path, place, why):
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match=f"there is {why}.*: name the folder that `python -m cxr_core backup` was given"):
        restore(settings, tmp_path / place, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_two_at_once_into_one_folder_are_refused(settings, tmp_path):
    folder = tmp_path / "backups"
    back_up(settings, folder)
    with shelf.alone(folder), pytest.raises(Conflict, match="is under way: wait"):
        back_up(settings, folder)
    with shelf.alone(folder), pytest.raises(Conflict, match="is under way: wait"):
        restore(settings, folder, tmp_path / "again")


def test_a_home_that_isnt_empty_is_refused_and_left_alone(settings, tmp_path):
    back_up(settings, tmp_path / "backups")
    before = files_of(settings.home)
    with pytest.raises(Conflict, match="isn't empty"):
        restore(settings, tmp_path / "backups", settings.home)
    assert files_of(settings.home).keys() == before.keys()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to whom it may concern").write_text("…")
    with pytest.raises(Conflict, match="isn't empty"):
        restore(settings, tmp_path / "backups", tmp_path / "letters")


def changed(path):
    path.write_bytes(path.read_bytes()[:-1] + b"x")


@pytest.mark.parametrize("kind", [shelf.KEPT, shelf.IMAGES, shelf.LISTS])
@pytest.mark.parametrize("change", [changed, Path.unlink])
def test_what_is_changed_or_missing_in_it_is_named_and_nothing_is_restored(settings, tmp_path, kind, change):
    folder = tmp_path / "backups"
    back_up(settings, folder)
    path = files_in(replace(settings, home=folder), kind)[0]
    change(path)
    with pytest.raises(NotFound if kind == shelf.LISTS and not path.exists() else IntegrityError) as wrong:
        restore(settings, folder, tmp_path / "again")
    assert path.name in str(wrong.value) or "there is no backup" in str(wrong.value)
    assert not (tmp_path / "again").exists() or list((tmp_path / "again").iterdir()) == []


def test_a_list_that_names_a_place_outside_of_the_home_is_refused(settings, tmp_path):
    folder = tmp_path / "backups"
    made = back_up(settings, folder)
    listed = shelf.read(folder, made.backup)
    listed.files["spool/../../escaped"] = listed.files[FILE]
    shelf.write(folder, listed)
    with pytest.raises(IntegrityError, match="belongs in no home"):
        restore(settings, folder, tmp_path / "again")
    assert not (tmp_path / "escaped").exists()


def test_one_that_a_newer_program_made_is_refused(settings, tmp_path):
    folder = tmp_path / "backups"
    listed = shelf.read(folder, back_up(settings, folder).backup)
    shelf.write(folder, replace(listed, schema=[*listed.schema, "m999_later"]))
    with pytest.raises(SchemaError, match="newer version"):
        restore(settings, folder, tmp_path / "again")


def test_one_that_cant_be_brought_up_to_date_is_restored_once_it_can(settings, tmp_path, monkeypatch):
    folder, home = tmp_path / "backups", tmp_path / "again"
    made = back_up(settings, folder)
    with monkeypatch.context() as coming:
        planted(coming, lambda db: db.execute("INSERT INTO nothing VALUES (1)"))
        with pytest.raises(sqlite3.OperationalError, match="nothing"):
            restore(settings, folder, home)
    assert list(home.iterdir()) == []
    planted(monkeypatch, lambda db: db.execute("CREATE TABLE coming (id INTEGER)"))
    found = restore(settings, folder, home)
    assert query(found, "SELECT count(*) AS n FROM coming") == [{"n": 0}]
    with opened(home) as db:
        assert audit.newest(db) == ("restore", made.backup)


def test_what_the_home_itself_has_lost_is_named_and_the_rest_is_kept(settings, tmp_path):
    lost, *_ = files_in(settings, "images")
    lost.write_bytes(b"x")
    made = command(settings, "backup", tmp_path / "backups")
    assert made.returncode == 1
    assert "1 X-rays are missing or have changed in the home itself" in made.stderr
    assert json.loads(made.stdout)["damaged"] == [lost.stem]
    back = command(replace(settings, home=tmp_path / "again"), "restore", tmp_path / "backups")
    assert back.returncode == 1
    assert f"image file {lost.stem[:12]}… is missing" in back.stderr
    assert query(replace(settings, home=tmp_path / "again"), "SELECT count(*) AS n FROM reads") == [{"n": 1}]


def test_an_image_that_an_earlier_backup_has_need_not_be_whole_in_the_home(settings, tmp_path):
    back_up(settings, tmp_path / "backups")
    files_in(settings, "images")[0].unlink()
    assert back_up(settings, tmp_path / "backups").damaged == []
    restore(settings, tmp_path / "backups", tmp_path / "again")


def test_a_home_is_not_opened_while_it_is_brought_back(settings, tmp_path):
    back_up(settings, tmp_path / "backups")
    asked = []

    def look(progress):
        if not asked:
            with pytest.raises(Conflict, match="run `restore` again"):
                open_home(tmp_path / "again")
            asked.append(progress)

    restore(settings, tmp_path / "backups", tmp_path / "again", tell=look)
    assert asked


def test_when_the_last_one_was_made_and_whether_it_worked_is_written_down(settings, tmp_path):
    assert last_backup.told(settings.home, COMMAND_LINE) == last_backup.LastBackup()
    made = back_up(settings, tmp_path / "backups")
    last = last_backup.told(settings.home, COMMAND_LINE)
    assert (last.folder, last.failed_at) == (str(tmp_path / "backups"), None)
    assert shelf.read(tmp_path / "backups", made.backup).made_at == last.made_at
    with shelf.alone(tmp_path / "backups"), pytest.raises(Conflict):
        back_up(settings, tmp_path / "backups")
    failed = last_backup.told(settings.home, COMMAND_LINE)
    assert failed.made_at == last.made_at
    assert "under way" in failed.why
    assert failed.failed_at <= clock.stamp()


def test_a_backup_that_fails_at_an_older_one_is_on_record_and_says_what_to_remove(settings, tmp_path):
    folder = tmp_path / "backups"
    first, _ = back_up(settings, folder), back_up(settings, folder)
    path = folder / shelf.LISTS / f"{first.backup}.json"
    changed(path)
    with pytest.raises(IntegrityError, match=f"{path.name} .* remove that file"):
        back_up(settings, folder)
    newest = shelf.names(folder)[-1]
    with opened(settings.home) as db:
        assert audit.newest(db) == ("back up", newest)
    last = last_backup.told(settings.home, COMMAND_LINE)
    assert last.made_at == shelf.read(folder, newest).made_at
    assert "remove that file" in last.why
    path.unlink()
    assert back_up(settings, folder).backups[-2] == newest


def test_a_broken_database_is_no_backup(settings, tmp_path):
    first = back_up(settings, tmp_path / "backups")
    path = settings.home / FILE
    data = bytearray(path.read_bytes())
    data[-4096:] = b"\xff" * 4096
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match="the database is damaged"):
        back_up(settings, tmp_path / "backups")
    assert shelf.names(tmp_path / "backups") == [first.backup]


def test_the_commands_say_what_they_did_and_where_the_key_is(settings, tmp_path):
    made = command(settings, "backup", tmp_path / "backups", "--keep", "7")
    assert made.returncode == 0, made.stderr
    assert "CXR_IDENTITY_KEY" in made.stderr
    named = json.loads(made.stdout)["backup"]
    shutil.rmtree(settings.home)
    back = command(settings, "restore", tmp_path / "backups", "--snapshot", named)
    assert back.returncode == 0, back.stderr
    assert json.loads(back.stdout)["verified"]["problems"] == []
    assert command(settings, "verify").returncode == 0
    missing = command(replace(settings, home=tmp_path / "no"), "restore", tmp_path / "backups", "--snapshot", "no")
    assert missing.returncode == 1
    assert named in missing.stderr
