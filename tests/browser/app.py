"""The real app on a free port, and a real Chromium in front of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
LAPTOP = {"width": 1366, "height": 768}
START_SECONDS = 60


@dataclass(frozen=True)
class App:
    """A running app."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]


@contextmanager
def running_app(home: Path, console: IO[bytes] | int = 2, port: int = 0, **variables: str) -> Iterator[App]:
    """`streamlit run app.py` on `home`, as a person starts it, with more environment variables; at any free port.

    Ended as Ctrl-C ends it, with all its workers.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    environment = {**os.environ, "CXR_HOME": str(home), **variables}
    # What it says goes to standard error, or to `console`: the bench prints nothing but results on standard output.
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=console, stderr=console
    )
    try:
        app = App(f"http://localhost:{port}", home, process)
        _wait_until_healthy(app)
        yield app
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium from Debian's package."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page, what it asked of other hosts, and what went wrong in it: both must stay empty."""

    page: Page
    elsewhere: list[str]
    errors: list[str]


def new_page(browser: Browser, app: App, **options: Any) -> Watched:
    """A page in a browser profile of its own."""
    page = browser.new_context(**{"viewport": LAPTOP, "base_url": app.url, **options}).new_page()
    page.set_default_timeout(30_000)
    watched = Watched(page, [], [])
    page.on("request", lambda request: _note_foreign(watched, request.url))
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    return watched


def _note_foreign(watched: Watched, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("localhost", "127.0.0.1"):
        watched.elsewhere.append(url)


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_healthy(app: App) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if app.process.poll() is not None:
            raise RuntimeError(f"the app ended at once, with status {app.process.returncode}")
        try:
            with urllib.request.urlopen(f"{app.url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"the app did not start within {START_SECONDS} s")
