"""What the container file says is so in the repository; building it needs a registry, which the suite has not."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from cxr_core.settings import load
from cxr_core.ui.routes import ROUTES

ROOT = Path(__file__).parents[2]
TEXT = re.sub(r"\\\n\s*", "", (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8"))
LINES = [line.split(" ", 1) for line in TEXT.splitlines() if line and not line.startswith("#")]
LAST = LINES[max(number for number, (word, _) in enumerate(LINES) if word == "FROM") :]
"""The stage that becomes the image."""


def said(word, lines=LAST):
    return [rest for found, rest in lines if found == word]


def environment():
    return dict(word.split("=", 1) for rest in said("ENV") for word in shlex.split(rest))


@pytest.mark.parametrize("line", said("COPY", LINES))
def test_whatever_is_copied_is_there_and_nothing_else_is(line):
    *sources, _ = line.split()
    if not line.startswith("--from="):
        assert all((ROOT / source).exists() for source in sources)
        assert all(source != "." for source in sources), "nothing that happens to lie about"


def test_all_that_the_app_needs_is_copied():
    copied = {source for line in said("COPY") for source in line.split()[:-1]}
    assert copied >= {"app.py", "pages", "cxr_core", ".streamlit", "LICENSE", "NOTICE"}


def test_it_runs_as_nobody_in_particular_and_by_number():
    (user,) = said("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert f"--uid {user.split(':')[0]}" in TEXT
    names = [word for word, _ in LAST]
    assert names.index("USER") > max(number for number, name in enumerate(names) if name in ("RUN", "COPY"))


def test_the_base_has_a_python_that_the_program_supports():
    (base,) = said("ARG", LINES)
    assert base.endswith("debian:bookworm-slim")  # whose Python is 3.11
    assert (
        ">=3.11" in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    )


def test_what_is_set_is_known_and_the_home_is_what_lasts():
    found = load({name: value for name, value in environment().items() if name.startswith("CXR_")})
    assert [str(found.home)] == said("VOLUME")
    assert str(found.listen_port) in said("EXPOSE")[0].split()


def test_the_health_check_asks_a_route_that_needs_no_session():
    (check,) = said("HEALTHCHECK")
    (path,) = re.findall(r"http://127\.0\.0\.1:8501(/\w+)", check)
    assert path in {route.path for route in ROUTES}
    (program,) = re.findall(r'CMD \["python", "-c", "(.*)"\]', check)
    compile(program, "check", "exec")


def test_it_starts_what_the_unit_starts():
    unit = (ROOT / "deploy" / "systemd" / "cxr-web.service").read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=\S+ (.*)$", unit, re.MULTILINE)
    (started,) = said("CMD")
    assert [word for word in re.findall(r'"([^"]*)"', started) if not word.startswith("--server.address")] == [
        "python", *command.split(),
    ]  # fmt: skip


def test_pip_runs_once_and_apart_from_the_image():
    assert "pip" not in " ".join(said("RUN"))
