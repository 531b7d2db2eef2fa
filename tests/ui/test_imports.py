"""Screens start fast and never wait for a computation: they load no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import importlib, pkgutil, sys
import cxr_core.ui
for module in pkgutil.iter_modules(cxr_core.ui.__path__):
    importlib.import_module(f"cxr_core.ui.{module.name}")
import ast, pathlib
for page in [pathlib.Path("app.py"), *pathlib.Path("pages").glob("*.py")]:
    for node in ast.walk(ast.parse(page.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            importlib.import_module(node.module)
print(sorted({"torch", "torchvision", "pynetdicom", "cxr_core.worker"} & set(sys.modules)))
"""


def test_the_screens_load_neither_torch_nor_torchvision():
    ran = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr
