"""The tables of who does which kind of job: nothing is asked for that nobody does."""

import ast
import importlib
from pathlib import Path

import pytest

from cxr_core.handlers import ERRANDS, HANDLERS, imported

ROOT = Path(__file__).parents[1]
DONE = {kind: name for table in (HANDLERS, ERRANDS) for lane in table.values() for kind, name in lane.items()}


def asked():
    """Each kind of job that a module of work/ asks for by a constant, with that module."""
    for path in sorted((ROOT / "cxr_core" / "work").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Request", "jobs.Request"):
                named = ast.unparse(node.args[0])
                if named.isupper():
                    yield getattr(importlib.import_module(module), named), module


def test_whatever_is_asked_for_is_done_by_somebody():
    found = dict(asked())
    assert len(found) > 5
    for kind, module in found.items():
        assert kind in DONE, f"{module} asks for {kind!r}, which nobody does: add it to HANDLERS of handlers.py"


@pytest.mark.parametrize("kind", DONE)
def test_who_does_a_job_is_there(kind):
    assert callable(imported(DONE[kind]))
