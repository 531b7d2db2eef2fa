"""A training set as a folder: rebuilt to the byte, and read by other tools."""

from __future__ import annotations

import hashlib
import json

import pytest

from cxr_core.errors import BadInput, ModelError, NotFound
from cxr_core.records import Side
from cxr_core.store import files
from cxr_core.work.models import retraining
from cxr_core.work.models.drafting import Options
from cxr_core.work.models.exporting import export
from tests.work.learners import copied
from tests.work.sites import query


@pytest.fixture(scope="module")
def fixed(site, tmp_path_factory):
    """The site with a training set fixed, and its name."""
    home = copied(site[0], tmp_path_factory.mktemp("fixed") / "home")
    retraining.start(home.settings, home.admin, Options())
    return home, retraining.newest_job(home.path, home.admin).payload["training_set"]


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_rebuilt_to_the_byte_with_each_file_under_its_hash(fixed, tmp_path):
    home, name = fixed
    found = export(home.settings, home.admin, name[:10], tmp_path / "one")
    export(home.settings, home.admin, name, tmp_path / "two")
    written = files_of(tmp_path / "one")
    assert written == files_of(tmp_path / "two")
    assert (found.training_set, found.files) == (name, len(written) - 1)
    text = written.pop("manifest.json")
    assert hashlib.sha256(text).hexdigest() == name
    items = json.loads(text)["items"]
    assert {path.split("/")[0] for path in written} == {side.value for side in Side}
    for path, data in written.items():
        assert hashlib.sha256(data).hexdigest() == path.split("/")[-1].split(".")[0]
    placed = {(path.split("/")[0], path.split("/")[1], path.split("/")[-1].split(".")[0]) for path in written}
    wanted = {(item["side"], item["label"].upper(), item.get("content", item["image"])) for item in items}
    assert placed == wanted


def test_the_manifest_says_whose_reads_made_each_label(fixed):
    home, name = fixed
    (row,) = query(home.settings, "SELECT manifest FROM training_sets WHERE id = ?", name)
    manifest = json.loads(row["manifest"])
    assert set(manifest) == {"parent", "options", "plan", "items"}
    own = [item for item in manifest["items"] if item["origin"] != "base data"]
    assert own
    for item in own:
        assert set(item) == {
            "image", "content", "label", "side", "origin", "settled", "weight", "reads", "put_right",
        }  # fmt: skip
        for read in item["reads"]:
            (recorded,) = query(home.settings, "SELECT * FROM reads WHERE id = ?", read["id"])
            assert {name: recorded[name] for name in ("id", "reader", "reason", "seen")} == read
            assert recorded["label"] == item["label"]
    assert {item["weight"] for item in own} == {0.8}


def test_a_disk_of_its_own_is_a_folder_to_export_to(fixed, tmp_path):
    home, name = fixed
    (tmp_path / "lost+found").mkdir()
    assert export(home.settings, home.admin, name, tmp_path).files


def test_what_can_not_be_written_is_named(fixed, tmp_path):
    home, name = fixed
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    with pytest.raises(BadInput, match="full isn't empty: name a new folder"):
        export(home.settings, home.admin, name, tmp_path / "full")
    with pytest.raises(NotFound, match="no training sets begin with 'zz'"):
        export(home.settings, home.admin, "zz", tmp_path / "none")
    missing = copied(home, tmp_path / "elsewhere")
    (row,) = query(
        missing.settings, "SELECT i.file_sha256 FROM images i JOIN training_items t ON t.image = i.id LIMIT 1"
    )
    files.path_of(missing.path, row["file_sha256"]).unlink()
    with pytest.raises(NotFound, match="bring it back from a backup"):
        export(missing.settings, missing.admin, name, tmp_path / "broken")
    with pytest.raises(ModelError, match="set CXR_BASE_DATA"):
        export(home.settings.__class__(home=home.path), home.admin, name, tmp_path / "without base")
