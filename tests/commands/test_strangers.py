"""Commands by somebody whom the operating system doesn't let into the home."""

from __future__ import annotations

import importlib
import os
import pkgutil

import pytest

import cxr_core
from cxr_core.__main__ import parser
from cxr_core.work.opening import open_home
from tools.access import command_names

STRANGER = 65534
"""The user that owns nothing."""
NEEDS_NO_HOME = {"predict", "evaluate", "deidentify", "train", "notify-test", "restore"}
"""They work on settings alone, or first on the files that they are given."""
MORE = {
    "import": ["missing.dcm"], "lineage": ["x"], "erase": ["x", "--reason", "y"], "drift": [], "export-set": ["x", "y"],
    "users add": ["eve", "--role", "admin"], "users role": ["eve", "--role", "admin"], "users disable": ["eve"],
    "users enable": ["eve"], "users reset": ["eve"], "users unlock": ["eve"],
    "pacs key": ["identity.key"], "pacs let": ["x", "--network", "10.1.2.3"], "pacs let-no-more": ["x"],
    "pacs to": ["x", "A@b:104"], "pacs to-elsewhere": ["x", "A@b:104"], "pacs to-no-more": ["x"], "pacs echo": ["x"],
    "pacs rule": ["x"], "pacs rule-no-more": ["1"], "pacs from": ["x", "https://b"], "pacs query": ["x"],
    "pacs fetch": ["x"], "pacs every": ["x", "15"], "pacs every-no-more": ["x"], "pacs from-no-more": ["x"],
    "pacs again": ["1"], "backup": ["x"], "audit cut": ["--before", "2020-01-01"],
}  # fmt: skip
"""What a command must be given."""


@pytest.fixture
def as_a_stranger(home):
    """The rest of the test runs as a user who may not look into the home."""
    for module in pkgutil.walk_packages(cxr_core.__path__, "cxr_core."):  # where Python lies may be closed to them, too
        if "__main__" not in module.name and not module.name.endswith("frame"):
            importlib.import_module(module.name)
    open_home(home)
    if os.geteuid():  # others can't become another user, but they can shut themselves out
        home.chmod(0)
    else:
        os.seteuid(STRANGER)
    yield
    os.seteuid(os.getuid())
    home.chmod(0o700)


def arguments(name):
    return [*name.split(), *MORE.get(name, [])]


COMMANDS = sorted({name for name, _ in command_names()} - NEEDS_NO_HOME)


@pytest.mark.parametrize("name", COMMANDS)
def test_whoever_may_not_read_the_home_gets_one_clear_line(run, home, as_a_stranger, name):
    parser().parse_args(arguments(name))
    answer = run(*arguments(name))
    assert (answer.status, answer.lines) == (1, [])
    (line,) = answer.words.splitlines()
    assert line.startswith(f"cxr_core {name.split()[0]}: ")
    assert str(home) in line
