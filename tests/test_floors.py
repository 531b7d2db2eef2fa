"""The house: imports go down only, and code stays small enough to read."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "cxr_core").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"])
LONGEST_FUNCTION = 60
LONGEST_FILE = 400
BROAD_EXCEPTS = {"cxr_core/worker.py", "cxr_core/ui/mishaps.py", "cxr_core/pacs/answering.py"}
"""The outer edges, where whatever went wrong must not end what goes on: the worker's loop, the frame of the pages, the
answers to the network."""
MAY_PRINT = {"cxr_core/__main__.py"}

by_file = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path):
    return path.relative_to(ROOT).as_posix()


def test_every_floor_imports_only_floors_below_it():
    """In a process of its own: import-linter reconfigures logging, which would silence the loggers of other tests."""
    linter = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    done = subprocess.run(linter, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@by_file
def test_files_and_functions_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    too_long = [node.name for node in functions if node.end_lineno - node.lineno >= LONGEST_FUNCTION]
    assert too_long == []


@by_file
def test_whatever_went_wrong_is_caught_at_the_outer_edges_only(path):
    broad = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException"))
        and not any(isinstance(last, ast.Raise) and last.exc is None for last in node.body[-1:])
    ]
    assert broad == [] or name(path) in BROAD_EXCEPTS


@by_file
def test_sql_is_in_the_store_alone(path):
    texts = [
        node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    found = [text for text in texts if re.match(r"(SELECT .+ FROM|INSERT INTO|UPDATE .+ SET|DELETE FROM) ", text)]
    assert found == [] or "store" in path.parts


@by_file
def test_only_commands_print(path):
    prints = [
        node.lineno for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]  # fmt: skip
    assert prints == [] or "commands" in path.parts or name(path) in MAY_PRINT


@by_file
def test_every_module_and_public_function_says_what_it_is(path):
    found = tree(path)
    assert ast.get_docstring(found) or "pages" in path.parts
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    public = [node for node in found.body if isinstance(node, kinds) and not node.name.startswith("_")]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def test_packages_are_a_docstring_and_nothing_else():
    for path in (ROOT / "cxr_core").rglob("__init__.py"):
        body = [node for node in tree(path).body if not isinstance(node, ast.Assign)]
        assert len(body) == 1
        assert ast.get_docstring(tree(path))
