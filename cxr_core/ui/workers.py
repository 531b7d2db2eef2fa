"""The worker processes that this server starts, so that one command is enough, and takes down with it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from cxr_core.records import Lane
from cxr_core.settings import Settings
from cxr_core.work.starting import living_lanes

ROOT = Path(__file__).parents[2]
LOOK_AGAIN_SECONDS = 5.0
GRACE_SECONDS = 10.0

log = logging.getLogger("cxr_core.ui")


class Workers:
    """One worker process for each lane that has none alive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: dict[Lane, subprocess.Popen[bytes]] = {}
        self._looked = -LOOK_AGAIN_SECONDS
        self._stopped = False

    def ensure(self, settings: Settings) -> None:
        """Start what is missing. Cheap: it looks at most every few seconds, however often it is called."""
        if not settings.start_workers:
            return
        with self._lock:
            if self._stopped or time.monotonic() - self._looked < LOOK_AGAIN_SECONDS:
                return
            self._looked = time.monotonic()
            # A process that is still loading its libraries has no row yet, but it is on its way.
            coming = {lane for lane, process in self._started.items() if process.poll() is None}
            for lane in set(Lane) - coming - living_lanes(settings.home):
                log.info("starting the %s worker", lane.value)
                self._started[lane] = _start(settings, lane)

    def processes(self) -> list[subprocess.Popen[bytes]]:
        """Those that were started here."""
        return list(self._started.values())

    def stop(self) -> None:
        """End the processes that were started here: they hand back what they hold; killed if they don't listen."""
        with self._lock:
            self._stopped = True
            running = [process for process in self._started.values() if process.poll() is None]
            for process in running:
                process.terminate()
            for process in running:
                _wait(process)
            self._started.clear()


def _start(settings: Settings, lane: Lane) -> subprocess.Popen[bytes]:
    # -P: a stray module in the folder where somebody typed the command must not be taken for a library.
    command = [sys.executable, "-P", "-m", "cxr_core", "worker", "--lane", lane.value, "--starter", str(os.getpid())]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "CXR_HOME": str(settings.home.resolve()), "PYTHONPATH": path}
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


WORKERS = Workers()
"""Those of this server process."""
