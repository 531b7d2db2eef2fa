"""The command line within this process: exit status, JSON lines, and the words for people."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass

import pytest
import torch

from cxr_core.__main__ import main


@dataclass(frozen=True)
class Answer:
    """What a command gave."""

    status: int
    lines: list
    """Its standard output, a JSON value a line."""
    words: str
    """Its standard error."""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The home that commands use; nothing is there yet."""
    monkeypatch.setenv("CXR_HOME", str(tmp_path / "home"))
    for name in ("CXR_CONFIG", "CXR_BASE_DATA", "CXR_DEMO", "CXR_PATIENT_PATTERN", "CXR_MAX_UPLOAD_MB"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def run(home, capsys):
    """Runs the program with these arguments."""
    torch.set_num_threads(1)

    def call(*arguments):
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            status = ended.code
        out, err = capsys.readouterr()
        return Answer(status, [json.loads(line) for line in out.splitlines()], err)

    return call


@pytest.fixture
def typed(monkeypatch):
    """Has standard input hold a text."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))
