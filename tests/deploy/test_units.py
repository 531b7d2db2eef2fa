"""The systemd units: systemd takes them, and finds each service shut in."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from ipaddress import ip_address
from pathlib import Path

import pytest
from streamlit import config

from cxr_core.__main__ import parser
from cxr_core.handlers import ECHO, ERRANDS, FETCH, HANDLERS, QUERY
from cxr_core.records import Lane
from cxr_core.settings import load
from tests.debian import program

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = DEPLOY / "systemd"
MOST_EXPOSED = 16
"""Tenths, of 100, that systemd's own measure may give a service; below 20 it calls that safe."""
SERVICES = [
    "cxr-migrate.service", "cxr-web.service", "cxr-worker@reading.service", "cxr-worker@learning.service",
    "cxr-listener.service", "cxr-backup.service",
]  # fmt: skip
WRITES_BESIDES = {"cxr-backup.service": "/var/backups/cxr"}
"""What a service may write to besides the home."""


@pytest.fixture(scope="module")
def units(tmp_path_factory):
    """The units as they lie on a machine, but for the Python that isn't there."""
    folder = tmp_path_factory.mktemp("units") / "systemd"
    shutil.copytree(UNITS, folder)
    for service, more in (("cxr-worker@", "pacs.conf"), ("cxr-web", "oidc.conf"), ("cxr-web", "proxy.conf")):
        (folder / f"{service}.service.d").mkdir(exist_ok=True)
        shutil.copy(DEPLOY / more, folder / f"{service}.service.d" / more)
    for unit in folder.glob("*.service"):
        text = unit.read_text(encoding="utf-8")
        unit.write_text(text.replace("/opt/cxr/.venv/bin/python", sys.executable), encoding="utf-8")
    return folder


def analyze(folder, *words):
    command = [program("systemd-analyze", "systemd"), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def set_to(name):
    """What a service's own unit and the one for all say: a list for each key."""
    own = UNITS / re.sub(r"@\w+", "@", name)
    more = UNITS / f"{name}.d" / "alone.conf"
    texts = [UNITS / "cxr-.service.d" / "sandbox.conf", own, *([more] if more.exists() else [])]
    found = {}
    for text in texts:
        for key, value in re.findall(r"^(\w+)=(.*)$", text.read_text(encoding="utf-8"), re.MULTILINE):
            found.setdefault(key, []).append(value)
    return found


def test_systemd_takes_every_unit(units):
    names = [f"./{name}" for name in (*SERVICES, "cxr-backup.timer", "cxr.target")]
    done = analyze(units, "verify", "--man=no", *names)
    assert (done.returncode, done.stderr.strip()) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_systemd_finds_each_service_shut_in(units, name):
    done = analyze(units, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", f"./{name}")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_writes_to_the_home_alone_has_a_limit_and_no_power(name):
    found = set_to(name)
    assert found["ProtectSystem"] == ["strict"]
    assert found["StateDirectory"] == ["cxr"]
    assert found.get("ReadWritePaths", []) == [each for each in [WRITES_BESIDES.get(name)] if each]
    assert found["CapabilityBoundingSet"] == [""]
    assert found["User"] == ["cxr"]
    assert found["MemoryMax"]
    assert set(found["RestrictAddressFamilies"][0].split()) == {"AF_UNIX", "AF_INET", "AF_INET6"}


def test_no_backup_is_made_beneath_a_disk_that_is_missing():
    found = set_to("cxr-backup.service")
    (command,) = found["ExecStart"]
    assert f" backup {WRITES_BESIDES['cxr-backup.service']} " in command
    assert found["RequiresMountsFor"] == found["ReadWritePaths"] == [WRITES_BESIDES["cxr-backup.service"]]


@pytest.mark.parametrize("name", SERVICES)
def test_what_should_always_run_is_started_anew_when_it_dies_or_hangs(name):
    found = set_to(name)
    if found["Type"] == ["oneshot"]:
        return
    assert (found["Type"], found["Restart"]) == (["notify"], ["always"])
    assert int(found["WatchdogSec"][0]) >= 60


def test_only_who_speaks_to_archives_may_speak_to_other_hosts():
    talkers = {name for name in SERVICES if not {"PrivateNetwork", "IPAddressDeny"} & set(set_to(name))}
    assert talkers == {"cxr-worker@reading.service", "cxr-listener.service"}


def test_the_screens_may_reach_the_hospitals_sign_in_besides_and_nothing_else():
    found = set_to("cxr-web.service")
    assert (found["IPAddressDeny"], found["IPAddressAllow"]) == (["any"], ["localhost"])
    added = re.findall(r"^(\w+)=(.*)$", (DEPLOY / "oidc.conf").read_text(encoding="utf-8"), re.MULTILINE)
    (addresses,) = [value for key, value in added if key == "IPAddressAllow"]
    assert len(added) == 1
    assert all(ip_address(address).is_private for address in addresses.split())


def test_a_proxy_on_another_machine_may_come_in_and_is_the_one_that_is_believed():
    added = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "proxy.conf").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(added) == {"IPAddressAllow", "Environment"}
    assert ip_address(added["IPAddressAllow"]).is_private
    (written,) = re.findall(
        r"echo '(trusted_proxy = .*)' >>", (DEPLOY.parent / "docs" / "deploy.md").read_text("utf-8")
    )
    assert tomllib.loads(written) == {"trusted_proxy": added["IPAddressAllow"]}
    name, address = added["Environment"].split("=")
    assert name == config.get_config_options()["server.address"].env_var
    assert ip_address(address).is_unspecified


def test_whatever_tells_or_asks_other_hosts_is_done_by_the_worker_that_may():
    """Alarms, the audit log, answers, queries: chores and errands of the reading lane."""
    assert {lane for lane in Lane if ERRANDS[lane]} == {Lane.READING}
    assert not {ECHO, QUERY, FETCH} & set(HANDLERS[Lane.LEARNING])
    assert "PrivateNetwork" not in set_to("cxr-worker@reading.service")
    assert "IPAddressDeny" not in set_to("cxr-worker@reading.service")


def test_backups_do_not_fill_their_disk():
    (command,) = set_to("cxr-backup.service")["ExecStart"]
    options = parser().parse_args(command.split("-m cxr_core ")[1].split())
    assert options.keep == 30


def test_there_is_a_worker_for_each_lane_and_the_settings_are_known():
    assert {name for name in SERVICES if "worker" in name} == {f"cxr-worker@{lane}.service" for lane in Lane}
    words = " ".join(set_to("cxr-web.service")["Environment"]).split()
    environment = dict(word.split("=", 1) for word in words) | {"CXR_CONFIG": str(DEPLOY / "cxr.toml")}
    found = load({name: value for name, value in environment.items() if name.startswith("CXR_")})
    assert (found.start_workers, found.log, found.home) == (False, "json", Path("/var/lib/cxr"))
    assert found.site_url.startswith("https://")
