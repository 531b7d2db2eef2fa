"""The content-addressed folder."""

import hashlib
import resource

import pytest

from cxr_core.errors import IntegrityError, NotFound
from cxr_core.store import files


def test_a_file_is_found_by_its_hash(tmp_path):
    name = files.put(tmp_path, b"a film")
    assert name == hashlib.sha256(b"a film").hexdigest()
    assert files.get(tmp_path, name) == b"a film"
    assert files.path_of(tmp_path, name).is_file()


def test_the_same_bytes_are_one_file(tmp_path):
    assert files.put(tmp_path, b"a film") == files.put(tmp_path, b"a film")
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_files_are_closed_to_others(tmp_path):
    path = files.path_of(tmp_path, files.put(tmp_path, b"a film"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_half_written_is_left(tmp_path):
    files.put(tmp_path, b"a film")
    assert not list(tmp_path.rglob("*.partial"))


def test_nothing_half_written_is_left_where_there_is_no_room(tmp_path):
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, usual[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            files.write_durably(tmp_path / "a film", bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert list(tmp_path.iterdir()) == []


def test_nothing_half_written_is_left_where_the_name_is_taken_by_a_folder(tmp_path):
    (tmp_path / "a film").mkdir()
    with pytest.raises(IsADirectoryError):
        files.write_durably(tmp_path / "a film", b"a film")
    assert [path.name for path in tmp_path.iterdir()] == ["a film"]


def test_what_a_disk_has_at_its_top_lies_in_no_folder(tmp_path):
    (tmp_path / "lost+found").mkdir()
    assert files.lying_in(tmp_path) == []
    (tmp_path / "a film").touch()
    assert files.lying_in(tmp_path) == [tmp_path / "a film"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NotFound, match="image file 000000000000… is missing"):
        files.get(tmp_path, "0" * 64)


def test_a_changed_file_is_named(tmp_path):
    name = files.put(tmp_path, b"a film")
    files.path_of(tmp_path, name).write_bytes(b"a fake")
    with pytest.raises(IntegrityError, match=f"{name[:12]}… has changed on disk"):
        files.get(tmp_path, name)
