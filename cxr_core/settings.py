"""What a site may set, from the environment (CXR_…) or one TOML file; a wrong value stops the program."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cxr_core import hospital_values
from cxr_core.errors import SettingsError
from cxr_core.logs import FORMS, TEXT
from cxr_core.records import Channel, Role, SessionLimits
from cxr_core.toml_text import parsed

CONFIG = "CXR_CONFIG"
"""Names the settings file."""
AUTO = "auto"
RUNTIMES = ("torch", "torch-bf16", "openvino", "openvino-bf16")
"""Ways to compute a forward pass; which of them a machine can have is for model.runtime to say."""
_PLAIN = re.compile("[!-~]+")
"""What an address is written with: visible characters of ASCII."""
OF_THE_SUITE = frozenset({"CXR_REQUIRE_ALL", "CXR_SCREENSHOTS"})
"""What else begins with CXR_: `make test` and `make screenshots` tell the tests by it what to do."""


@dataclass(frozen=True)
class Settings:
    """One field a setting; CXR_ and the field's name in capitals is its environment variable."""

    home: Path = Path("var")
    """Where everything that must last lives."""
    base_data: Path | None = None
    """Folder with the public set (NORMAL/, PNEUMONIA/), for replay and for the locked comparison."""
    demo: bool = False
    """Fill an empty home with synthetic studies, and show the demo accounts at the sign-in."""
    threads: int = 0
    """Threads that a worker computes with; 0 takes every core for reading, and all but one for learning."""
    runtime: str = AUTO
    """What computes opinions: `torch`, `torch-bf16`, `openvino`, `openvino-bf16`, or `auto`: the quickest exact one."""
    idle_minutes: int = 30
    """A session without a click ends after this."""
    max_upload_mb: int = 512
    """Largest file that is taken in."""
    patient_pattern: str = ""
    """Regular expression that finds the patient in the name of a PNG or JPEG (its first group)."""
    learning_memory_mb: int = 8192
    """Memory that the learning worker may take; a retrain that needs more fails, and reading goes on. 0: no limit."""
    site_url: str = ""
    """Where browsers find the program, like `https://cxr.hospital`: messages of alarms link to its drift page."""
    webhook_url: str = ""
    """Where alarms are told by POST, with http or https."""
    webhook_secret: Path | None = None
    """File with the secret that signs what is sent there."""
    mail_host: str = ""
    """The mail server that alarms are told through."""
    mail_port: int = 587
    """Its port."""
    mail_starttls: bool = True
    """Whether mail goes encrypted, by STARTTLS, or not at all."""
    mail_from: str = ""
    """The sender of mail."""
    mail_to: str = ""
    """Who gets mail, with commas between."""
    mail_user: str = ""
    """Who the program is to the mail server, where that asks."""
    mail_password: Path | None = None
    """File with the password for it."""
    identity_key: Path | None = None
    """File, outside of the home, with the private key that opens what identifies; `pacs key FILE` makes it."""
    ae_title: str = "CXRREADER"
    """What the program is called on the DICOM network."""
    listen_host: str = "127.0.0.1"
    """The address at which DICOM comes in; 0.0.0.0 for every one of this machine."""
    listen_port: int = 11112
    """The port for DICOM without encryption; 0 closes it."""
    listen_tls_port: int = 0
    """The port for DICOM over TLS, often 2762; 0 closes it."""
    tls_certificate: Path | None = None
    """File with the certificate (PEM) that the program shows on the DICOM network."""
    tls_key: Path | None = None
    """File with its private key."""
    tls_authority: Path | None = None
    """File with the authority whose certificates are accepted there."""
    free_mb: int = 1024
    """Room on the disk below which nothing more is taken in and nothing learnt; admins are warned below 3 times it."""
    secrets: Path | None = None
    """Folder, outside of the home, with the files (password or token) that sign in at DICOMweb archives."""
    keep_images_days: int = 0
    """Days after which an X-ray that nothing needs any more is removed, with its reads; 0: never."""
    keep_predictions_days: int = 0
    """Days after which an opinion that no longer stands, and that no read answers to, is removed; 0: never."""
    keep_audit_days: int = 0
    """Days after which rows of the audit log are cut off, into a file of the home's; 365 or more, or 0: never."""
    start_workers: bool = True
    """Whether the app starts the workers that are missing; 0 where a service manager keeps them running."""
    trusted_proxy: str = ""
    """Addresses or networks of reverse proxies, with commas between, that are believed whom they speak for."""
    log: str = TEXT
    """What the log is made of: lines of `text`, or of `json`."""
    metrics_token: Path | None = None
    """File with the token that lets another machine read `/metrics`; without it only this machine may."""
    session_hours: int = 12
    """A session ends so long after signing in, however much is done in it."""
    oidc_url: str = ""
    """Address of the hospital's own sign-in (OpenID Connect): its issuer, like `https://login.hospital/realms/staff`."""
    oidc_client: str = ""
    """What the program is called there (client id)."""
    oidc_secret: Path | None = None
    """File with the secret that the program proves itself with there."""
    oidc_scope: str = "openid profile email"
    """What is asked for there, with blanks between."""
    oidc_prompt: str = "select_account"
    """`login`: everybody proves who they are each time; `select_account`: they choose whom to go on as, if asked."""
    oidc_roles_claim: str = "roles"
    """What the hospital says of somebody that their role follows from, with dots between: `realm_access.roles`."""
    oidc_roles: tuple[tuple[str, Role], ...] = ()
    """Which of that is which role, the first that fits: `cxr-admins=admin, radiology=radiologist`."""
    anchor_daily: bool = False
    """Tell the end of the audit chain once a day where alarms are told, so that it is kept elsewhere."""
    syslog: str = ""
    """Where the audit log goes as DICOM audit messages: `tls://host:6514`, or `udp://host:514` in a closed network."""
    syslog_authority: Path | None = None
    """File with the authority (PEM) that vouches for that host; without one, those of the system."""
    reading_memory_mb: int = 8192
    """Memory that the reading worker may take; a file that needs more fails with that reason. 0: no limit."""
    reading_stuck_seconds: int = 300
    """A reading worker that gets no further for so long ends, and another takes its job over. 0: never."""
    learning_stuck_seconds: int = 3600
    """The same for the learning worker, which says at each step that it got further."""

    @property
    def session_limits(self) -> SessionLimits:
        """When sessions end by themselves."""
        return SessionLimits(self.idle_minutes, self.session_hours)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The ways on which alarms are told elsewhere."""
        named = {Channel.WEBHOOK: self.webhook_url, Channel.MAIL: self.mail_host}
        return tuple(channel for channel, address in named.items() if address)


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings: defaults, then the TOML file that CXR_CONFIG names, then the environment.

    Raises SettingsError with the name and the value of the first setting that can't be used, or isn't known.
    """
    named = {name for name in environment if name.upper().startswith("CXR_")} - OF_THE_SUITE
    _refuse_unknown("environment", named, [CONFIG, *map(_variable, _PARSERS)])
    values = _from_file(environment.get(CONFIG))
    for name in _PARSERS:
        if (text := environment.get(_variable(name))) is not None:
            values[name] = text
    used = {name: _parse(name, value) for name, value in values.items()}
    found = Settings(**{name: value for name, value in used.items() if value is not None})
    _require_together(found)
    return found


def _from_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        values = parsed(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        remedy = "name a TOML file that the user who runs this may read, or leave it away"
        raise SettingsError(f"{CONFIG}={path} can't be read ({error.strerror}): {remedy}") from error
    except ValueError as error:
        raise SettingsError(f"{CONFIG}={path}: {error}") from error
    _refuse_unknown(path, values, list(_PARSERS))
    return values


def _refuse_unknown(place: str, names: Iterable[str], known: Sequence[str]) -> None:
    """A misspelt setting that went unnoticed would leave its default in force, with nothing to show it."""
    if unknown := sorted(set(names) - set(known)):
        hint = "".join(f" (did you mean {nearest}?)" for nearest in get_close_matches(unknown[0], known, 1))
        raise SettingsError(f"{place}: unknown setting {unknown[0]!r}{hint}; known are {', '.join(known)}")


def _require_together(found: Settings) -> None:
    """What is of no use, or gives a secret away, without another setting."""
    if found.mail_host and not (found.mail_from and found.mail_to):
        raise SettingsError("CXR_MAIL_HOST is set: say CXR_MAIL_FROM and CXR_MAIL_TO, too")
    if bool(found.mail_user) != bool(found.mail_password):
        raise SettingsError("CXR_MAIL_USER and CXR_MAIL_PASSWORD, the file with the password, go together: say both")
    if len({bool(found.tls_certificate), bool(found.tls_key), bool(found.tls_authority)}) == 2:
        raise SettingsError("CXR_TLS_CERTIFICATE, CXR_TLS_KEY and CXR_TLS_AUTHORITY go together: say all three")
    if found.listen_tls_port and not found.tls_certificate:
        raise SettingsError("CXR_LISTEN_TLS_PORT is set: say CXR_TLS_CERTIFICATE, too")
    if found.oidc_url and not (found.oidc_client and found.oidc_secret and found.oidc_roles and found.site_url):
        raise SettingsError(
            "CXR_OIDC_URL is set: say CXR_OIDC_CLIENT, CXR_OIDC_SECRET, CXR_OIDC_ROLES and CXR_SITE_URL, too"
        )
    if found.anchor_daily and not found.channels:
        raise SettingsError("CXR_ANCHOR_DAILY is set: say CXR_WEBHOOK_URL or CXR_MAIL_HOST, too")
    if found.mail_user and not found.mail_starttls:
        raise SettingsError("CXR_MAIL_STARTTLS=0 would send the password readable: leave CXR_MAIL_USER away, or say 1")


def _variable(name: str) -> str:
    return f"CXR_{name.upper()}"


def _parse(name: str, value: Any) -> Any:
    if isinstance(value, dict | list):
        raise SettingsError(f"{_variable(name)}={value}: one value is needed, no list or table")
    try:
        value = str(value)
    except ValueError as error:  # a number of thousands of digits, which couldn't be shown below either
        raise SettingsError(f"{_variable(name)}: {error}") from error
    try:
        return _PARSERS[name](value)
    except ValueError as error:
        raise SettingsError(f"{_variable(name)}={value}: {error}") from error


def _folder(value: str) -> Path:
    if not value:
        raise ValueError("a folder is needed")
    return Path(value).expanduser()


def _existing_folder(value: str) -> Path | None:
    if not value:
        return None
    if not _folder(value).is_dir():
        raise ValueError("there is no such folder")
    return _folder(value)


def _file(value: str) -> Path | None:
    """A file that is looked for where it is used: what is told elsewhere may fail, reading goes on."""
    return Path(value).expanduser() if value else None


def _address(value: str) -> str:
    """An http or https address; its user and password would be seen by whoever sees the environment."""
    parts = urlsplit(value)
    is_whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and _PLAIN.fullmatch(value)
    if value and not is_whole:
        raise ValueError("an address is needed, like https://host/path")
    if parts.username is not None:
        raise ValueError("leave user and password away")
    return value


def _host(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9.:_-]+", value):
        raise ValueError("the name of a host is needed, or its address")
    return value


def _syslog(value: str) -> str:
    """RFC 5425 by TLS, RFC 5426 by UDP."""
    parts = urlsplit(value)
    if value and not (parts.scheme in ("tls", "udp") and parts.hostname and parts.port and value == _plain_url(parts)):
        raise ValueError("an address is needed, like tls://host:6514 or udp://host:514")
    return value


def _plain_url(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}"


def _ae_title(value: str) -> str:
    """PS3.5 6.2, AE: up to 16 characters, no backslash, and not blank."""
    if not re.fullmatch(r"(?=.*[!-~])[ -\[\]-~]{1,16}", value):
        raise ValueError("an AE title is needed: 1 to 16 characters, no backslash")
    return value.strip()


def _mail_addresses(value: str) -> str:
    found = [each.strip() for each in value.split(",")] if value.strip() else []
    if not all(re.fullmatch(r"[!-~]+@[A-Za-z0-9.-]+", each) and not set(each) & set('<>()[]:;"') for each in found):
        raise ValueError("addresses are needed, like ward@hospital.example, with commas between")
    return ", ".join(found)


def _networks(value: str) -> str:
    """Addresses and networks in one form; a network with bits behind its mask is more likely mistyped than meant."""
    return ",".join(str(ip_network(each.strip())) for each in value.split(",")) if value.strip() else ""


def _log(value: str) -> str:
    if value not in FORMS:
        raise ValueError(f"say {' or '.join(FORMS)}")
    return value


def _switch(value: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if value.lower() not in {*words, ""}:
        raise ValueError("say 1 or 0")
    return words.get(value.lower(), False)


def _pattern(value: str) -> str:
    try:
        return re.compile(value).pattern
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error


def _runtime(value: str) -> str:
    if value not in (AUTO, *RUNTIMES):
        raise ValueError(f"say {AUTO}, {', '.join(RUNTIMES)}")
    if value.startswith("openvino") and find_spec("openvino") is None:
        raise ValueError("the package openvino isn't installed")
    return value


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low} to {high} is needed")
        return int(value)

    return parse


_PARSERS: dict[str, Callable[[str], Any]] = {
    "home": _folder,
    "base_data": _existing_folder,
    "demo": _switch,
    "threads": _between(0, 256),
    "runtime": _runtime,
    "learning_memory_mb": _between(0, 1024 * 1024),
    "idle_minutes": _between(1, 24 * 60),
    "session_hours": _between(1, 24 * 7),
    "max_upload_mb": _between(1, 16_384),
    "patient_pattern": _pattern,
    "site_url": _address,
    "webhook_url": _address,
    "webhook_secret": _file,
    "mail_host": _host,
    "mail_port": _between(1, 65_535),
    "mail_starttls": lambda value: _switch(value or "1"),
    "mail_from": _mail_addresses,
    "mail_to": _mail_addresses,
    "mail_user": str,
    "mail_password": _file,
    "identity_key": _file,
    "ae_title": _ae_title,
    "listen_host": _host,
    "listen_port": _between(0, 65_535),
    "listen_tls_port": _between(0, 65_535),
    "tls_certificate": _file,
    "tls_key": _file,
    "tls_authority": _file,
    "free_mb": _between(0, 1024 * 1024),
    "secrets": _file,
    "keep_images_days": _between(0, 36_500),
    "keep_predictions_days": _between(0, 36_500),
    "keep_audit_days": lambda value: _between(365, 36_500)(value) if value != "0" else 0,
    "start_workers": lambda value: _switch(value or "1"),
    "trusted_proxy": _networks,
    "log": _log,
    "metrics_token": _file,
    "anchor_daily": _switch,
    "syslog": _syslog,
    "syslog_authority": _file,
    "oidc_url": lambda value: hospital_values.issuer(_address(value)),
    "oidc_client": str.strip,
    "oidc_secret": _file,
    "oidc_scope": hospital_values.scope,
    "oidc_prompt": hospital_values.prompt,
    "oidc_roles_claim": hospital_values.claim,
    "oidc_roles": hospital_values.roles,
    "reading_memory_mb": _between(0, 1024 * 1024),
    "reading_stuck_seconds": _between(0, 7 * 24 * 3600),
    "learning_stuck_seconds": _between(0, 7 * 24 * 3600),
}
