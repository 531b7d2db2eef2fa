"""What a site may set, from the environment (CXR_…) or one TOML file; a wrong value stops the program."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cxr_core.errors import SettingsError
from cxr_core.records import Channel

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
    """Room on the disk below which nothing more is received over the network."""
    secrets: Path | None = None
    """Folder, outside of the home, with the files (password or token) that sign in at DICOMweb archives."""

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
    parsed = {name: _parse(name, value) for name, value in values.items()}
    found = Settings(**{name: value for name, value in parsed.items() if value is not None})
    _require_together(found)
    return found


def _from_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
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
    if found.mail_user and not found.mail_starttls:
        raise SettingsError("CXR_MAIL_STARTTLS=0 would send the password readable: leave CXR_MAIL_USER away, or say 1")


def _variable(name: str) -> str:
    return f"CXR_{name.upper()}"


def _parse(name: str, value: Any) -> Any:
    try:
        return _PARSERS[name](str(value))
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
}
