"""app.py and pages/ are scripts, so import-linter can't see them: their rules are held here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "pages").glob("*.py"))
SCRIPTS = [ROOT / "app.py", *PAGES]
FORBIDDEN = {"torch", "torchvision", "sqlite3", "sqlite_utils", "pydicom", "pynetdicom"}
FLOORS = {"cxr_core.ui", "cxr_core.work", "cxr_core.records", "cxr_core.errors", "cxr_core.settings"}
LONGEST = 60


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_there_are_pages():
    assert {path.stem for path in PAGES} == {
        "worklist",
        "review",
        "history",
        "lists",
        "retrain",
        "models",
        "drift",
        "readers",
        "lineage",
        "pacs",
        "audit",
        "admin",
        "account",
    }, "name each page of pages/ here, and no other"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_computes_nothing_and_writes_no_sql(path):
    imported = _imported(path)
    assert not {name.split(".")[0] for name in imported} & FORBIDDEN
    inner = {".".join(name.split(".")[:2]) for name in imported if name.startswith("cxr_core.")}
    assert inner <= FLOORS


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_skin(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_asks_who_is_there_before_anything_else(path):
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    first = next(node for node in statements[1:] if not isinstance(node, (ast.Import, ast.ImportFrom)))
    call = first.value
    assert isinstance(call, ast.Call)
    assert ast.unparse(call.func) == "require_user"
