"""SECURITY.md is true: the tests that it names are there, and so are its links."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`", TEXT)
THREATS = [line for line in TEXT.partition("| threat |")[2].partition("\n\n")[0].splitlines()[2:] if line]


@cache
def names_in(path):
    return {node.name for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef)}  # fmt: skip


@pytest.mark.parametrize("threat", THREATS, ids=[line.split("|")[1].strip() for line in THREATS])
def test_every_threat_has_a_test(threat):
    named = re.findall(r"`(tests/[^`]+)::([^`]+)`", threat)
    assert named
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


def test_no_test_is_named_that_is_not_there():
    assert len(NAMED) == TEXT.count("::")
    assert [f"{path}::{name}" for path, name in NAMED if name not in names_in(path)] == []


def test_links_lead_somewhere():
    assert [link for link in re.findall(r"\]\(([^)#]+)", TEXT) if not (ROOT / link).exists()] == []
