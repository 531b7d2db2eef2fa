"""Commands and files of settings from somebody who means harm: other files stay, and terminals obey nobody."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.errors import BadInput, SettingsError
from cxr_core.settings import load
from cxr_core.work.models.change_plan import parse
from tests.dicom.films import dicom, film, picture

UP = "../../../escaped"
HIDDEN = "what nobody may see"
NO_PATH = "say the name of the file with the password or token, without a path"
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


def archive(folder, film_of_each):
    """A zip whose files are named so as to be written elsewhere."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name in ZIPPED:
            packed.writestr(name, film_of_each)
        packed.writestr(f"{UP}.png", picture(film(bits=8)))
    (folder / "in" / "deep").mkdir(parents=True)
    (folder / "in" / "deep" / "slip.zip").write_bytes(file.getvalue())
    return folder / "in" / "deep" / "slip.zip"


def escaped(folder):
    return [path for path in folder.rglob("*escaped*") if path.is_file()]


def test_names_in_a_zip_lead_nowhere(run, tmp_path):
    source, out = archive(tmp_path, dicom()), tmp_path / "out"
    assert run("deidentify", source, out).status == 0
    assert sorted(path.name for path in out.iterdir()) == [f"{number:06d}.dcm" for number in range(1, len(ZIPPED) + 2)]
    assert escaped(tmp_path) == []


def test_a_heatmap_is_written_into_its_folder_alone(run, tmp_path):
    heatmaps, ill = tmp_path / "in" / "deep" / "heatmaps", phantom(3001, True, rows=448)
    found = run("predict", archive(tmp_path, ill), "--heatmaps", heatmaps)
    assert found.status == 0
    names = [f"{number:05d}-escaped.png" for number in (1, 2)]
    names += ["00003-..\\..\\escaped.png", "00004-C:\\escaped.png", "00005-escaped.png", "00006-escaped.png"]
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.png")) == [
        heatmaps.relative_to(tmp_path) / name for name in names
    ]


@pytest.fixture
def deep(tmp_path, monkeypatch):
    """The working folder, from which UP leads to a file that is there, and holds what nobody may see."""
    for ending in ("", ".safetensors"):
        (tmp_path / f"escaped{ending}").write_text(HIDDEN)
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert Path(UP).read_text() == HIDDEN
    return folder


@pytest.mark.parametrize("name", [UP, "{}/escaped"], ids=["upwards", "whole"])
@pytest.mark.parametrize(("arguments", "words"), [
    (("export-set", "{}", "out"), "no training sets begin with"),
    (("lineage", "{}"), "no model or image is named so"),
    (("erase", "{}", "--reason", "x"), "there is no such patient"),
    (("predict", ".", "--model", "{}"), "there is no model"),
    (("predict", ".", "--model", "{}.safetensors"), "has no card beside it"),
    (("evaluate", ".", "--model", "{}"), "there is no model"),
    (("pacs", "let-no-more", "{}"), "there is no sender called"),
    (("pacs", "echo", "{}"), "there is no destination called"),
    (("pacs", "to", "x", "https://h", "--user", "u", "--password-file", "{}"), NO_PATH),
    (("pacs", "from", "x", "https://h", "--token-file", "{}"), NO_PATH),
], ids=lambda part: "-".join(part[:2]) if isinstance(part, tuple) else None)  # fmt: skip
def test_what_is_named_to_be_elsewhere_is_not_there(run, home, tmp_path, deep, monkeypatch, name, arguments, words):
    key = tmp_path / "identity.key"
    run("migrate")
    run("pacs", "key", key)
    monkeypatch.setenv("CXR_IDENTITY_KEY", str(key))
    found = run(*(argument.format(name.format(tmp_path)) for argument in arguments))
    assert (found.status, found.lines) == (1, [])
    assert words in found.words
    assert HIDDEN not in found.words
    assert list(deep.iterdir()) == []


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
