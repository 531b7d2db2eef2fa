"""The hospital's own sign-in for tests: Canaille, a real OpenID Connect provider, as a process on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SERVER = Path(__file__).parent / "canaille_server.py"
PYTHON = Path(sys.prefix) / "provider" / "bin" / "python"
CLIENT, SECRET = "cxr", "a secret of the client's"
PASSWORD = "correct horse battery staple"
PATIENCE = 60


@dataclass(frozen=True)
class Provider:
    """A running provider; its people are changed here, as their administrator does."""

    url: str
    process: subprocess.Popen[str]

    def add(self, name, *groups):
        """Somebody with PASSWORD, in these groups."""
        self._do("add", name=name, password=PASSWORD)
        self.join(name, *groups)

    def join(self, name, *groups):
        """Have somebody be in these groups, and in no other."""
        self._do("join", name=name, groups=groups)

    def register(self, site):
        """The program, at this address, is a client."""
        self._do("register", site=site, client=CLIENT, secret=SECRET)

    def _do(self, what, **details):
        print(json.dumps({"do": what, **details}), file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "done\n"


@contextmanager
def running(log):
    """The provider at a free port; what it says goes to the file `log`."""
    with open(log, "wb") as file:
        process = subprocess.Popen(
            [_python(), SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True, cwd="/"
        )
    try:
        port = process.stdout.readline().strip()
        assert port, Path(log).read_text()
        yield Provider(f"http://127.0.0.1:{port}", process)
    finally:
        process.stdin.close()
        process.wait(PATIENCE)


def settings_of(provider, site, folder, **more):
    """The environment variables by which the program at `site` signs people in there; files lie in `folder`."""
    secret = folder / "client_secret"
    secret.write_text(SECRET)
    return {
        "CXR_SITE_URL": site, "CXR_OIDC_URL": provider, "CXR_OIDC_CLIENT": CLIENT, "CXR_OIDC_SECRET": str(secret),
        "CXR_OIDC_SCOPE": "openid profile email groups", "CXR_OIDC_ROLES_CLAIM": "groups",
        "CXR_OIDC_ROLES": "cxr-admins=admin, radiology=radiologist, quality=auditor", **more,
    }  # fmt: skip


def _python():
    """Without it a failure where everything is required, else a skip that says so."""
    if not PYTHON.exists():
        missing = f"the provider is missing: make {Path(sys.prefix).name}/provides"
        (pytest.fail if os.environ.get("CXR_REQUIRE_ALL") == "1" else pytest.skip)(missing)
    return PYTHON
