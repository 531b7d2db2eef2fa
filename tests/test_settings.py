"""Settings: defaults, then the file, then the environment; a wrong value stops with its name."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from cxr_core.errors import CxrError, SettingsError
from cxr_core.records import Channel, Role
from cxr_core.settings import _PARSERS, Settings, load
from tools.settings_page import documented

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "cxr_core" / "settings.py"


def written(folder, text):
    (folder / "cxr.toml").write_text(text, encoding="utf-8")
    return {"CXR_CONFIG": str(folder / "cxr.toml")}


def test_without_anything_said_the_defaults_hold():
    assert load({}) == Settings()
    assert load({}).home == Path("var")


def test_the_environment_is_read(tmp_path):
    found = load({
        "CXR_HOME": "/srv/cxr", "CXR_BASE_DATA": str(tmp_path), "CXR_DEMO": "1",
        "CXR_THREADS": "3", "CXR_RUNTIME": "torch",
        "CXR_IDLE_MINUTES": "5", "CXR_MAX_UPLOAD_MB": "64", "CXR_PATIENT_PATTERN": r"^(\d+)_", "PATH": "/bin",
    })  # fmt: skip
    assert found == Settings(Path("/srv/cxr"), tmp_path, True, 3, "torch", 5, 64, r"^(\d+)_")


def test_a_file_is_read_and_the_environment_wins(tmp_path):
    environment = written(tmp_path, 'home = "/from/file"\nthreads = 2\ndemo = true\nidle_minutes = 7\n')
    found = load({**environment, "CXR_HOME": "/from/environment"})
    assert (found.home, found.threads, found.demo, found.idle_minutes) == (Path("/from/environment"), 2, True, 7)


@pytest.mark.parametrize("home", ["~/cxr"])
def test_a_tilde_is_the_users_own_folder(home):
    assert load({"CXR_HOME": home}).home == Path.home() / "cxr"


@pytest.mark.parametrize("value", ["1", "true", "YES", "on"])
def test_a_switch_is_on(value):
    assert load({"CXR_DEMO": value}).demo


@pytest.mark.parametrize("value", ["0", "false", "No", "off", ""])
def test_a_switch_is_off(value):
    assert not load({"CXR_DEMO": value}).demo


WRONG = [
    ("CXR_HOME", "", "a folder is needed"),
    ("CXR_BASE_DATA", "/no/such/folder", "no such folder"),
    ("CXR_DEMO", "perhaps", "say 1 or 0"),
    ("CXR_THREADS", "many", "whole number from 0 to 256"),
    ("CXR_THREADS", "-1", "whole number"),
    ("CXR_THREADS", "1.5", "whole number"),
    ("CXR_RUNTIME", "abacus", "say auto, torch, torch-bf16, openvino, openvino-bf16"),
    ("CXR_RUNTIME", "", "say auto"),
    ("CXR_IDLE_MINUTES", "0", "from 1 to 1440"),
    ("CXR_MAX_UPLOAD_MB", "99999", "from 1 to 16384"),
    ("CXR_PATIENT_PATTERN", "(", "not a regular expression"),
    ("CXR_WEBHOOK_URL", "hospital/hook", "an address is needed"),
    ("CXR_WEBHOOK_URL", "ftp://hospital/hook", "an address is needed"),
    ("CXR_WEBHOOK_URL", "https:///hook", "an address is needed"),
    ("CXR_WEBHOOK_URL", "https://hospital/a b", "an address is needed"),
    ("CXR_WEBHOOK_URL", "https://hospital:99999/hook", "Port out of range"),
    ("CXR_WEBHOOK_URL", "https://cxr:secret@hospital/hook", "leave user and password away"),
    ("CXR_SITE_URL", "cxr.hospital", "an address is needed"),
    ("CXR_MAIL_HOST", "mail server", "the name of a host is needed"),
    ("CXR_MAIL_PORT", "0", "from 1 to 65535"),
    ("CXR_MAIL_FROM", "the program", "addresses are needed"),
    ("CXR_MAIL_TO", "a@hospital, Ward <b@hospital>", "addresses are needed"),
    ("CXR_LOG", "xml", "say text or json"),
    ("CXR_TRUSTED_PROXY", "proxy.hospital", "does not appear to be an IPv4 or IPv6 network"),
    ("CXR_TRUSTED_PROXY", "10.0.0.1/8", "has host bits set"),
    ("CXR_START_WORKERS", "systemd", "say 1 or 0"),
    ("CXR_MAIL_TO", "a@hospital\nBcc: b@elsewhere", "addresses are needed"),
    ("CXR_OIDC_URL", "http://login.hospital", "https is needed"),
    ("CXR_OIDC_URL", "https://me:secret@login.hospital", "user and password"),
    ("CXR_OIDC_URL", "https://login.hospital/?tenant=1", "leave away"),
    ("CXR_OIDC_SCOPE", "profile", "openid among them"),
    ("CXR_OIDC_PROMPT", "none", "login or select_account"),
    ("CXR_OIDC_ROLES", "radiology=doctor", "a role is radiologist, admin, auditor, PACS administrator"),
    ("CXR_OIDC_ROLES", "radiology", "say GROUP=ROLE"),
    ("CXR_OIDC_ROLES", "=admin", "say GROUP=ROLE"),
    ("CXR_OIDC_ROLES_CLAIM", " ", "name of a claim"),
    ("CXR_MAIL_STARTTLS", "tls", "say 1 or 0"),
    ("CXR_ANCHOR_DAILY", "weekly", "say 1 or 0"),
    ("CXR_LEARNING_MEMORY_MB", "8 GB", "from 0 to 1048576"),
    ("CXR_READING_MEMORY_MB", "-1", "from 0 to 1048576"),
    ("CXR_READING_STUCK_SECONDS", "604801", "from 0 to 604800"),
    ("CXR_LEARNING_STUCK_SECONDS", "1h", "from 0 to 604800"),
    ("CXR_SESSION_HOURS", "0", "from 1 to 168"),
    ("CXR_AE_TITLE", "a title of more than 16", "AE"),
    ("CXR_LISTEN_HOST", "any host", "the name of a host is needed"),
    ("CXR_LISTEN_PORT", "65536", "from 0 to 65535"),
    ("CXR_LISTEN_TLS_PORT", "tls", "from 0 to 65535"),
    ("CXR_FREE_MB", "1.5", "from 0 to 1048576"),
    ("CXR_KEEP_IMAGES_DAYS", "forever", "from 0 to 36500"),
    ("CXR_KEEP_PREDICTIONS_DAYS", "-1", "from 0 to 36500"),
    ("CXR_KEEP_AUDIT_DAYS", "364", "from 365 to 36500"),
    ("CXR_SYSLOG", "https://log.hospital", "like tls://host:6514"),
]
"""A setting, a value that it can't have, and why, in the words of the refusal."""
ANY_TEXT = {
    "webhook_secret", "mail_user", "mail_password", "identity_key", "tls_certificate", "tls_key", "tls_authority",
    "secrets", "metrics_token", "oidc_client", "oidc_secret", "syslog_authority",
}  # fmt: skip
"""Settings that no text is wrong for: names, and files that are looked for where they are used."""
NAMES = [field.name for field in fields(Settings)]


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_has_its_parser_and_a_value_that_is_refused(name):
    wrong = {setting.removeprefix("CXR_").lower() for setting, _, _ in WRONG}
    assert name in _PARSERS, f"{name} can't be set: give it a parser in _PARSERS of cxr_core/settings.py"
    assert name in wrong | ANY_TEXT, f"{name}: add a value that is refused to WRONG here, or name it in ANY_TEXT"
    assert name not in wrong & ANY_TEXT, f"{name} refuses a value: take it out of ANY_TEXT here"


def test_every_setting_has_its_sentence():
    assert [name for name, words in documented(SETTINGS, "Settings") if words] == NAMES


def test_a_setting_without_a_sentence_is_named(tmp_path):
    (tmp_path / "settings.py").write_text('class Settings:\n    home: str\n    """A folder."""\n    colour: str\n')
    with pytest.raises(CxrError, match=r"Settings\.colour has no sentence below it: write one, in .*settings\.py"):
        list(documented(tmp_path / "settings.py", "Settings"))


@pytest.mark.parametrize(("name", "value", "why"), WRONG)
def test_a_wrong_value_stops_with_name_and_value(name, value, why):
    with pytest.raises(SettingsError) as wrong:
        load({name: value})
    assert str(wrong.value).startswith(f"{name}={value}: ")
    assert why in str(wrong.value)


MAIL = {"CXR_MAIL_HOST": "mail.hospital", "CXR_MAIL_FROM": "cxr@hospital", "CXR_MAIL_TO": "a@hospital,b@hospital"}


def test_alarms_are_told_on_the_channels_that_are_set(tmp_path):
    assert load({}).channels == ()
    assert load({"CXR_WEBHOOK_URL": "https://hospital/hook?a=1"}).channels == (Channel.WEBHOOK,)
    found = load({"CXR_WEBHOOK_URL": "http://[::1]:8000", **MAIL})
    assert found.channels == (Channel.WEBHOOK, Channel.MAIL)
    assert (found.mail_to, found.mail_port, found.mail_starttls) == ("a@hospital, b@hospital", 587, True)


@pytest.mark.parametrize("path", ["/no/such/file", f"{__file__}/secret", "~/secret"])
def test_a_secrets_file_that_is_gone_keeps_nobody_from_reading(path):
    found = load({**MAIL, "CXR_WEBHOOK_SECRET": path, "CXR_MAIL_USER": "cxr", "CXR_MAIL_PASSWORD": path})
    assert found.webhook_secret == found.mail_password == Path(path).expanduser()
    assert load({"CXR_WEBHOOK_SECRET": ""}).webhook_secret is None


def test_what_a_deployment_sets_is_read():
    found = load({"CXR_TRUSTED_PROXY": "10.0.0.5, 2001:db8::/32", "CXR_LOG": "json", "CXR_START_WORKERS": "0"})
    assert (found.trusted_proxy, found.log, found.start_workers) == ("10.0.0.5/32,2001:db8::/32", "json", False)
    assert load({"CXR_START_WORKERS": "", "CXR_TRUSTED_PROXY": ""}) == Settings()


@pytest.mark.parametrize(("value", "goes_encrypted"), [("", True), ("1", True), ("0", False)])
def test_mail_goes_encrypted_unless_that_is_switched_off(value, goes_encrypted):
    assert load({**MAIL, "CXR_MAIL_STARTTLS": value}).mail_starttls is goes_encrypted


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"CXR_MAIL_TO": ""}, "say CXR_MAIL_FROM and CXR_MAIL_TO"),
        ({"CXR_MAIL_USER": "cxr"}, "say both"),
        ({"CXR_MAIL_PASSWORD": __file__}, "say both"),
        ({"CXR_MAIL_USER": "cxr", "CXR_MAIL_PASSWORD": __file__, "CXR_MAIL_STARTTLS": "0"}, "the password readable"),
    ],
)
def test_settings_of_mail_that_are_of_no_use_alone_are_refused(more, why):
    with pytest.raises(SettingsError, match=why):
        load({**MAIL, **more})


@pytest.mark.parametrize("line", ["home = 3.5", "threads = [1]", "threads = 1.5", "demo = 7", "base_data = true"])
def test_a_value_of_a_wrong_kind_in_the_file_stops_too(tmp_path, line):
    try:
        found = load(written(tmp_path, line))
    except SettingsError as wrong:
        assert str(wrong).startswith(f"CXR_{line.split(' ')[0].upper()}=")
    else:
        assert found.home == Path("3.5")


def test_an_unknown_setting_in_the_file_is_named_with_those_that_are_known(tmp_path):
    with pytest.raises(SettingsError, match=r"unknown setting 'colour'; known are home, base_data"):
        load(written(tmp_path, 'colour = "blue"'))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("CXR_HOEM", "CXR_HOME"), ("CXR_IDLE_MINUTS", "CXR_IDLE_MINUTES"), ("CXR_CONFG", "CXR_CONFIG")],
)
def test_a_misspelt_variable_is_named_with_the_one_that_was_meant(name, meant):
    with pytest.raises(SettingsError, match=rf"unknown setting '{name}' \(did you mean {meant}\?\); known are CXR_"):
        load({name: "5", "CXR_HOME": "/srv/cxr"})


@pytest.mark.parametrize("name", ["CXR_", "CXR_ZZZ", "cxr_zzz"])
def test_a_variable_that_is_like_no_setting_is_refused_with_those_that_are_known(name):
    with pytest.raises(SettingsError, match=f"environment: unknown setting '{name}'") as wrong:
        load({name: ""})
    assert [name for name in _PARSERS if f"CXR_{name.upper()}" not in str(wrong.value)] == []


def test_variables_of_the_suite_and_of_others_are_no_settings():
    assert load({"CXR_REQUIRE_ALL": "1", "CXR_SCREENSHOTS": "docs", "CXRAY_HOME": "x", "HOME": "/root"}) == Settings()


def test_a_misspelt_setting_in_the_file_is_named_with_the_one_that_was_meant(tmp_path):
    with pytest.raises(SettingsError, match=r"unknown setting 'idle_minuts' \(did you mean idle_minutes\?\)"):
        load(written(tmp_path, "idle_minuts = 5"))


def test_every_variable_that_the_project_speaks_of_is_known():
    texts = [ROOT / "Makefile", ROOT / "README.md", ROOT / ".ci" / "run", *(ROOT / "docs").glob("*.md")]
    named = {name for path in texts for name in re.findall(r"\bCXR_[A-Z_]+\b", path.read_text(encoding="utf-8"))}
    for name in named:
        try:
            load({name: ""})
        except SettingsError as wrong:
            assert "unknown setting" not in str(wrong), name


@pytest.mark.parametrize("content", [b"home = ", b"\xff\xfe", b"[home]\n[home]\n"])
def test_a_file_that_is_not_toml_stops_with_its_path(tmp_path, content):
    path = tmp_path / "cxr.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=f"CXR_CONFIG={path}"):
        load({"CXR_CONFIG": str(path)})


@pytest.mark.parametrize("path", ["/no/such.toml", "/", f"{__file__}/cxr.toml"])
def test_a_file_that_can_not_be_read_stops_with_its_path_and_the_remedy(path):
    with pytest.raises(SettingsError, match=rf"CXR_CONFIG={path} can't be read \([A-Z].*\): name a TOML file") as wrong:
        load({"CXR_CONFIG": path})
    assert "Errno" not in str(wrong.value)


OIDC = {
    "CXR_SITE_URL": "https://cxr.hospital", "CXR_OIDC_URL": "https://login.hospital/realms/staff/",
    "CXR_OIDC_CLIENT": "cxr", "CXR_OIDC_SECRET": "/etc/oidc", "CXR_OIDC_ROLES": "a=b=Admin , radiology =radiologist",
}  # fmt: skip


def test_the_hospitals_sign_in_is_read_with_its_roles_in_their_order():
    found = load(OIDC)
    assert found.oidc_roles == (("a=b", Role.ADMIN), ("radiology", Role.RADIOLOGIST))
    assert found.oidc_url == "https://login.hospital/realms/staff"


@pytest.mark.parametrize("missing", ["CXR_SITE_URL", "CXR_OIDC_CLIENT", "CXR_OIDC_SECRET", "CXR_OIDC_ROLES"])
def test_the_hospitals_sign_in_needs_all_that_belongs_to_it(missing):
    with pytest.raises(SettingsError, match="CXR_OIDC_URL is set: say CXR_OIDC_CLIENT"):
        load({name: value for name, value in OIDC.items() if name != missing})


@pytest.mark.parametrize("address", ["syslog.hospital", "tls://host", "tcp://host:6514", "tls://host:6514/path",
                                     "udp://:514"])  # fmt: skip
def test_what_is_no_address_of_a_syslog_server_is_refused(address):
    with pytest.raises(SettingsError, match=r"CXR_SYSLOG=.*like tls://host:6514"):
        load({"CXR_SYSLOG": address})


def test_a_syslog_server_is_named_by_its_address():
    assert load({"CXR_SYSLOG": "tls://log.hospital:6514"}).syslog == "tls://log.hospital:6514"


def test_the_chains_end_is_told_daily_only_where_there_is_somewhere_to_tell_it():
    with pytest.raises(SettingsError, match="CXR_ANCHOR_DAILY is set: say CXR_WEBHOOK_URL or CXR_MAIL_HOST"):
        load({"CXR_ANCHOR_DAILY": "1"})
