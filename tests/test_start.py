"""Starting the server on a home that can't be used: one line that says why, and an end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
START = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", "--server.port=0"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CXR_HOME", "{folder}/file", "can't be written (a file lies in its place)"),
        ("CXR_HOEM", "{folder}", "did you mean CXR_HOME?"),
        ("CXR_THREADS", "many", "CXR_THREADS=many"),
    ],
)
def test_what_is_wrong_is_said_without_a_trace(tmp_path, name, value, said):
    (tmp_path / "file").touch()
    environment = {**os.environ, "CXR_HOME": str(tmp_path / "home"), name: value.format(folder=tmp_path)}
    done = subprocess.run(START, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("cxr: ")
    assert said in line
    assert not (tmp_path / "home").exists()
