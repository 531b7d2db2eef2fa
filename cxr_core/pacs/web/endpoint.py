"""A DICOMweb server of the hospital: where it is, and how this program signs in there."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from cxr_core.errors import DeliveryError, SettingsError

LONGEST_SECRET = 16_384
"""Bytes of a file that holds a password or a token."""


@dataclass(frozen=True)
class WebEndpoint:
    """The root of a server's DICOMweb services (PS3.18), such as https://pacs.hospital/dicom-web.

    Raises SettingsError, which names no secret, for what can't be: see each field.
    """

    url: str
    """http or https, without user, query or fragment."""
    user: str = ""
    """For Basic authentication, with password_file."""
    password_file: Path | None = None
    token_file: Path | None = None
    """For a bearer token, in place of user and password."""
    unencrypted: bool = False
    """Whether X-rays may go there by http, for all on the network to read. To this machine itself they may anyhow."""
    patience: float = 20.0
    """Seconds for each sign of life."""
    deadline: float = 300.0
    """Seconds for all of one exchange."""

    def __post_init__(self) -> None:
        _check_address(self)
        if bool(self.user) != bool(self.password_file) or ":" in self.user:
            raise SettingsError("a DICOMweb server's user, without a colon, and the file of the password go together")
        if self.user and self.token_file:
            raise SettingsError("a DICOMweb server takes a user or a token: leave one of them away")

    @property
    def address(self) -> SplitResult:
        """The parts of the URL."""
        return urlsplit(self.url)

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"the DICOMweb server at {self.address.netloc}"


def authorization(endpoint: WebEndpoint) -> dict[str, str]:
    """The header that signs in there (RFC 7617, RFC 6750), if any. Raises DeliveryError for an unusable file."""
    if endpoint.password_file:
        password = _secret("password", endpoint.password_file)
        return {"Authorization": "Basic " + b64encode(endpoint.user.encode() + b":" + password).decode("ascii")}
    if endpoint.token_file:
        token = _secret("token", endpoint.token_file)
        if not re.fullmatch(rb"[A-Za-z0-9._~+/-]+=*", token):
            raise DeliveryError(f"{endpoint.name}: what the token's file holds is no bearer token: write it anew")
        return {"Authorization": "Bearer " + token.decode("ascii")}
    return {}


def _check_address(endpoint: WebEndpoint) -> None:
    wrong = "must be http or https, a host and perhaps a path: https://pacs.hospital/dicom-web"
    try:
        parts = endpoint.address
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise SettingsError(f"a DICOMweb server's URL {wrong}") from error
    plain = re.fullmatch(r"[!-~]+", endpoint.url) and not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in ("http", "https") or not host or not plain:
        raise SettingsError(f"a DICOMweb server's URL {wrong}")
    if parts.scheme == "http" and not endpoint.unencrypted and not _is_here(host):
        raise SettingsError(f"{endpoint.name} must be https, or else be said to be unencrypted")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _secret(what: str, path: Path) -> bytes:
    """What a file holds, without the end of its line. Errors don't name the path: it may be the secret itself."""
    where = f"the file of a DICOMweb server's {what}"
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            found = file.read(LONGEST_SECRET).strip()
    except OSError as error:
        remedy = "name one that the user who runs this may read"
        raise DeliveryError(f"{where} can't be read ({error.strerror}): {remedy}") from error
    if mode & 0o007:
        raise DeliveryError(f"{where} is open to everybody on this machine: make it its owner's alone (chmod 600)")
    if b"-----BEGIN " in found:
        raise DeliveryError(f"{where} holds a key or a certificate, which goes nowhere: write the {what} into it")
    if not found:
        raise DeliveryError(f"{where} is empty: write the {what} into it")
    return found
