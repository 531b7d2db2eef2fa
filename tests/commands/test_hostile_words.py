"""Commands and files of settings from somebody who means harm: other files stay, and terminals obey nobody."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from cxr_core.errors import BadInput, SettingsError
from cxr_core.settings import load
from cxr_core.work.models.change_plan import parse
from tests.dicom.films import dicom, film, picture

UP = "../../../escaped"
ZIPPED = (
    f"{UP}.dcm",
    "/tmp/escaped.dcm",
    "..\\..\\escaped.dcm",
    "C:\\escaped.dcm",
    "a/../../escaped.dcm",
    "~/escaped.dcm",
)
HOSTILE = [
    "[" * 4_000, "home = " + "[" * 4_000, "home = " + "{a=" * 1_300, "a" + ".c" * 2_000 + " = 1",
    "home = 1\nhome = 2", "\0", "[home]\nx = 1",
    "threads = {}", "threads = " + "9" * 4_000, "threads = 0x" + "f" * 4_000,
    "threads = nan", 'threads = "\\u0000"', "max_upload_mb = -1", "unknown = 1", "threads = 1e400",
    "idle_minutes = 1979-05-27", "\ufeffhome = 1", "#" * 5_000, "#\n" * 50_000,
]  # fmt: skip


def archive(folder):
    """A zip whose files are named so as to be written elsewhere."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name in ZIPPED:
            packed.writestr(name, dicom())
        packed.writestr(f"{UP}.png", picture(film(bits=8)))
    (folder / "in" / "deep").mkdir(parents=True)
    (folder / "in" / "deep" / "slip.zip").write_bytes(file.getvalue())
    return folder / "in" / "deep" / "slip.zip"


def escaped(folder):
    return [path for path in folder.rglob("*escaped*") if path.is_file()]


def test_names_in_a_zip_lead_nowhere(run, tmp_path):
    source, out = archive(tmp_path), tmp_path / "out"
    assert run("deidentify", source, out).status == 0
    assert sorted(path.name for path in out.iterdir()) == [f"{number:06d}.dcm" for number in range(1, len(ZIPPED) + 2)]
    assert escaped(tmp_path) == []


def test_a_heatmap_is_written_into_its_folder_alone(run, tmp_path):
    heatmaps = tmp_path / "heatmaps"
    assert run("predict", archive(tmp_path), "--heatmaps", heatmaps).status == 0
    assert all(path.parent == heatmaps for path in tmp_path.rglob("*.png"))


@pytest.mark.parametrize("arguments", [
    ("export-set", UP, "out"), ("lineage", UP), ("erase", UP, "--reason", "x"), ("predict", "x", "--model", UP),
    ("pacs", "let-no-more", UP), ("pacs", "echo", UP),
    ("pacs", "from", "x", "https://h", "--user", "u", "--password-file", UP),
])  # fmt: skip
def test_what_is_named_to_be_elsewhere_is_not_there(run, home, tmp_path, arguments):
    run("migrate")
    (tmp_path / "escaped").write_text("secret")
    found = run(*arguments)
    assert found.status in (1, 2)
    assert "secret" not in found.words
    assert len(found.words.splitlines()) >= 1


@pytest.mark.parametrize("unseen", ["\x1b]0;owned\x07", "\x9b2J", "\u202e", "\n"])
@pytest.mark.parametrize("arguments", [
    ("predict", "{}"), ("import", "{}"), ("deidentify", "{}", "out"), ("lineage", "{}"), ("export-set", "{}", "out"),
    ("users", "add", "{}", "--role", "auditor"), ("pacs", "let", "{}", "--network", "10.0.0.1"), ("pacs", "echo", "{}"),
    ("evaluate", "{}"), ("retrain", "--by", "{}"),
])  # fmt: skip
def test_a_terminal_does_nothing_that_a_name_says(run, home, monkeypatch, arguments, unseen):
    monkeypatch.setattr("sys.stdin", StdIn())
    run("migrate")
    found = run(*(argument.format(f"a{unseen}b") for argument in arguments))
    assert found.status == 1
    (line,) = found.words.splitlines()
    assert line.isprintable()


class StdIn:
    """Standard input with a password."""

    def isatty(self):
        return False

    def readline(self):
        return "a long password\n"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_file_of_settings_is_used_or_refused(tmp_path, text):
    path = tmp_path / "cxr.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SettingsError):
        load({"CXR_CONFIG": str(path)})


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_plan_is_used_or_refused(text):
    with pytest.raises(BadInput, match="their plan"):
        parse(text, "their plan")
