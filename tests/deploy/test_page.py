"""The commands of docs/deploy.md: those that need no Debian of their own are run; the others name what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cxr_core.__main__ import parser
from cxr_core.settings import load
from cxr_core.ui.routes import ROUTES
from tests.debian import program
from tools.page_commands import commands

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "deploy.md"
COMMANDS = commands(PAGE)
ON_A_DEBIAN_OF_ITS_OWN = (
    "apt-get ", "git ", "python3 ", "/opt/cxr/.venv/bin/pip ", "/opt/cxr-next/.venv/bin/pip ",
    "systemctl ", "nginx ", "curl ", "journalctl ",
)  # fmt: skip
"""What only tools/try_deploy.sh runs: it installs, or speaks to systemd and the service."""
AS_ROOT = ("systemd-sysusers", "systemd-tmpfiles")
MIGRATES = "systemctl start cxr.target"
"""For which `cxr migrate` stands here, as its first unit."""
HERE = [
    "cxr migrate" if line == MIGRATES else line
    for line in COMMANDS
    if line == MIGRATES or not line.startswith(ON_A_DEBIAN_OF_ITS_OWN)
]


@pytest.fixture
def root(tmp_path):
    """An empty root, and `cxr` as the page has it, for whoever runs the tests."""
    for folder in ("etc/nginx/sites-available", "etc/nginx/sites-enabled", "etc/systemd/system", "run", "usr/local/bin",
                   "etc/cxr", "bin", "opt"):  # fmt: skip
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for copy in ("cxr", "cxr-next"):
        (tmp_path / "opt" / copy).symlink_to(ROOT)
    wrapper = (ROOT / "deploy" / "cxr").read_text(encoding="utf-8")
    wrapper = wrapper.replace("runuser -u cxr -- ", "").replace('"$program/.venv/bin/python"', sys.executable)
    (tmp_path / "bin" / "cxr").write_text(moved(wrapper, tmp_path), encoding="utf-8")
    (tmp_path / "bin" / "cxr").chmod(0o755)
    return tmp_path


def moved(text, root):
    """Paths of the machine as paths below `root`; whom things belong to is left out."""
    text = re.sub(r"(?<![\w./])/(?=(?:etc|usr|run|var|opt)/)", f"{root}/", text)
    return re.sub(r" -[go] cxr\b", "", text)


def run(line, root):
    if line.startswith(AS_ROOT):
        program(line.split()[0], "systemd")
        line = line.replace(line.split()[0], f"{line.split()[0]} --root={root}", 1)
    environment = {**os.environ, "PATH": f"{root}/bin:{os.environ['PATH']}", "PASSWORD": "a long password"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", moved(line, root)], cwd=ROOT / "deploy", env=environment,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout


def test_what_can_be_run_here_works_in_the_order_of_the_page(root):
    done = [line for line in HERE if os.getuid() == 0 or not line.startswith(AS_ROOT)]
    said = [run(line, root) for line in done if not line.startswith("cd ")]
    assert len(said) > 20
    assert '"problems": []' in "".join(said)
    settings = load({"CXR_CONFIG": str(root / "etc/cxr/cxr.toml")})
    assert settings.listen_host == "0.0.0.0"
    assert (root / "etc/cxr/site.key").stat().st_mode & 0o777 == 0o600
    assert not (root / "run/cxr-key").exists()
    assert (root / "etc/nginx/sites-enabled/cxr").resolve() == root / "etc/nginx/sites-available/cxr"
    units = root / "etc/systemd/system"
    assert {path.name for path in units.iterdir()} >= {path.name for path in (ROOT / "deploy/systemd").iterdir()}
    assert (units / "cxr-worker@.service.d/pacs.conf").exists()


def test_every_line_is_a_command_that_a_shell_takes():
    done = subprocess.run(["bash", "-n"], input="\n".join(COMMANDS), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(COMMANDS) > 35


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("systemctl ")])
def test_systemctl_is_told_of_units_that_there_are(line):
    units = {path.name.removesuffix(".service") for path in (ROOT / "deploy/systemd").iterdir()} | {"nginx"}
    words = [word for word in re.findall(r"(?:cxr|nginx)\S*", line) if word != "cxr-*'"]
    assert {re.sub(r"@\w+", "@", word) for word in words} <= units


def test_addresses_are_routes_of_the_app_and_commands_are_the_programs():
    text = PAGE.read_text(encoding="utf-8")
    paths = set(re.findall(r"https?://[\w.]+(?::8501)?(/\w+)", text))
    assert paths
    assert paths <= {route.path for route in ROUTES}
    (known,) = (action.choices for action in parser()._subparsers._group_actions)
    used = re.findall(r"(?:^|`)cxr ([a-z]+)", text, re.MULTILINE)
    used += re.findall(r"python -m cxr_core ([a-z]+)", text)
    assert used
    assert set(used) <= set(known)
