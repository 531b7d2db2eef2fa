"""The program as real processes, for tests that start, stop and kill it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE = 120
"""Seconds after which a test gives up waiting; nothing is ever measured by it."""


def command(settings, *arguments, patience=PATIENCE, **environment):
    """The program with these arguments, run to its end."""
    return subprocess.run(
        _line(arguments), env=_environment(settings, environment), cwd=ROOT, capture_output=True, text=True,
        timeout=patience, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def started(settings, *arguments, **environment):
    """The program with these arguments, which goes on; what it says is heard by nobody."""
    return subprocess.Popen(
        _line(arguments), env=_environment(settings, environment), cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_hears_ctrl_c,
    )  # fmt: skip


def _hears_ctrl_c():
    """A shell in the background has those that it starts, and theirs, not hear it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start_worker(settings, lane="reading", log=None, **environment):
    """A worker process; what it says goes to `log`."""
    with open(log or os.devnull, "ab") as file:
        return subprocess.Popen(
            _line(("worker", "--lane", lane)), env=_environment(settings, environment), cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=file, stderr=file,
        )  # fmt: skip


@contextmanager
def worker_of(settings, lane="reading", log=None, **environment):
    """A worker process for as long as the block runs."""
    process = start_worker(settings, lane, log, **environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def ended():
    """The number of a process that was there and is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def kill(process):
    """What a power cut does."""
    process.kill()
    process.wait()


def wait_until(is_true, process=None, every=0.01):
    """Look `every` so many seconds until `is_true()`; its value. Fails where the process ends before."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := is_true():
            return found
        assert process is None or process.poll() is None, "the process ended early"
        time.sleep(every)
    raise AssertionError("waited in vain")


def _line(arguments):
    return [sys.executable, "-m", "cxr_core", *map(str, arguments)]


def _environment(settings, more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CXR_")}
    own = {"CXR_HOME": str(settings.home), "CXR_THREADS": "1", "OMP_NUM_THREADS": "1"}
    if settings.base_data:
        own["CXR_BASE_DATA"] = str(settings.base_data)
    return {**kept, **own, **more}
