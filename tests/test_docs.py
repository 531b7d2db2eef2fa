"""The documentation is current, and what it points to is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import docs

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_made_figures_and_tables_are_current():
    done = subprocess.run([sys.executable, "-m", "tools.docs", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_making_the_docs_says_what_was_written_and_checking_them_what_is_not_current(tmp_path, monkeypatch, capsys):
    page = tmp_path / "docs" / "settings.md"
    monkeypatch.setattr(docs, "_wanted", lambda: [(page, "new")])
    for words, asked, status in [
        ("not current (`make docs` writes it): settings.md", ["--check"], 1), ("written: settings.md", [], 0),
        ("current", ["--check"], 0), ("current", [], 0),
    ]:  # fmt: skip
        monkeypatch.setattr(sys, "argv", ["docs", *asked])
        assert docs.main() == status
        assert capsys.readouterr().err.strip() == words
    assert page.read_text() == "new"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if not re.match(r"https?:", link)]
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_every_file_that_contributors_are_led_to_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:cxr_core|tests|docs|pages|tools)/[a-z_/]*(?:\.[a-z]+)?)`", text))
    made_up = {"pages/name.py", "cxr_core/store/name.py", "tests/pages/test_name.py"}
    assert len(named) > 15
    assert {path for path in named - made_up if not (ROOT / path).exists()} == set()


def test_every_picture_is_taken_by_a_test():
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "browser").glob("*.py"))
    taken = set(re.findall(r'picture\([\w.]+, "([a-z-]+)"\)', tests))
    shown = {path.stem for path in (ROOT / "docs" / "screenshots").glob("*.png")}
    assert not shown - taken, "`make screenshots` doesn't renew these: take them by steps.picture(page, NAME)"


def test_every_command_is_in_the_readme():
    shown = subprocess.run([sys.executable, "-m", "cxr_core", "--help"], cwd=ROOT, capture_output=True, text=True)
    commands = re.findall(r"^ {4}([a-z]+) ", shown.stdout, re.MULTILINE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(commands) >= 10
    assert [name for name in commands if not re.search(rf"\b{name}\b", readme)] == []


def required(path):
    """The packages that a file names, one a line."""
    return re.findall(r"^([a-z][a-z0-9-]*)", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_requirement_has_its_reason_and_its_licence():
    names, licences = required("requirements.txt"), (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert names
    assert [name for name in names if name not in licences] == []
    architecture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    reasoned = {
        name for row in re.findall(r"^\| ([a-z0-9, -]+) \|", architecture, re.MULTILINE) for name in row.split(", ")
    }
    every = {*names, *required("requirements-dev.txt"), *required("packages.txt")}
    assert every - reasoned == set()
