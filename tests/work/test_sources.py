"""Files on disk: folders are walked, zips opened, and what can't be read has its reason."""

import os

import pytest

from cxr_core.errors import RejectedFile
from cxr_core.records import Radiograph
from cxr_core.work.incoming import sources
from tests.work.sites import film, picture, zipped


@pytest.fixture
def folder(tmp_path):
    for name, data in {"b.png": picture(), "a/deep/c.dcm": film(), ".hidden": b"", "letter.txt": b"Dear"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_a_folder_is_walked_in_the_order_of_names_without_hidden_files(folder):
    found = [path.relative_to(folder).as_posix() for path in sources.walk([folder])]
    assert found == ["a/deep/c.dcm", "b.png", "letter.txt"]


def test_each_file_is_an_xray_or_a_reason(folder):
    kinds = [type(source.open()) for source in sources.sources([folder])]
    assert kinds == [Radiograph, Radiograph, RejectedFile]


def test_the_files_of_a_zip_are_named_after_it(folder):
    archive = folder / "z.zip"
    archive.write_bytes(zipped({"in/x.png": picture(2), "y.txt": b"Dear"}))
    found = {source.name: source.open() for source in sources.sources([archive])}
    assert list(found) == [f"{archive}!in/x.png", f"{archive}!y.txt"]
    assert isinstance(found[f"{archive}!in/x.png"], Radiograph)
    assert isinstance(found[f"{archive}!y.txt"], RejectedFile)


def test_a_damaged_zip_is_one_reason(folder):
    (folder / "z.zip").write_bytes(zipped({"x.png": picture()})[:200])
    (found,) = sources.sources([folder / "z.zip"])
    assert found.open().reason == "damaged"


def test_a_file_that_is_gone_or_too_large_has_a_reason(folder):
    assert sources.load(folder / "gone.png").reason == "unreadable"
    assert sources.load(folder / "b.png", most=10).reason == "too_large"
    assert sources.load(folder / "b.png") == (folder / "b.png").read_bytes()


def test_a_zip_is_known_by_its_content(folder):
    (folder / "z.dcm").write_bytes(zipped({}))
    assert sources.is_zip_file(folder / "z.dcm")
    assert not any(sources.is_zip_file(folder / name) for name in ("b.png", ".hidden", "a", "gone.zip"))


def test_a_folder_in_place_of_a_file_has_a_reason(folder):
    os.mkfifo(folder / "pipe")
    assert sources.load(folder / "a").reason == "unreadable"
    assert folder / "pipe" not in set(sources.walk([folder]))


def test_batches_are_full_but_the_last():
    assert list(sources.batched(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(sources.batched([], 2)) == []
