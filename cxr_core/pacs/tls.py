"""Who is at the other end, and that nobody listens in: mutual TLS 1.2 or newer (PS3.15 B.12, RFC 9325)."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cxr_core.errors import SettingsError

_SUITES = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption; all of TLS 1.3 have both."""


@dataclass(frozen=True)
class Tls:
    """The files, in PEM, that a DICOM node shows and trusts."""

    certificate: Path
    """This node's own, followed by those between it and its authority, if any."""
    key: Path
    """The private key of the certificate, without a password."""
    authority: Path
    """The certificates of those who vouch for the other nodes."""


def server_context(tls: Tls) -> ssl.SSLContext:
    """For a port that others connect to: whoever has no certificate of the authority is refused.

    Raises SettingsError, which names the file and the remedy.
    """
    return _context(tls, ssl.PROTOCOL_TLS_SERVER)


def client_context(tls: Tls) -> ssl.SSLContext:
    """For connecting to another node, whose certificate must be the authority's and name the host that is called.

    Raises SettingsError, which names the file and the remedy.
    """
    return _context(tls, ssl.PROTOCOL_TLS_CLIENT)


def fingerprint(connection: object) -> str | None:
    """SHA-256 of the certificate that the other end has shown, in DER, as hex; None where there is no TLS."""
    shown = connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None
    return hashlib.sha256(shown).hexdigest() if shown else None


def _context(tls: Tls, protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_SUITES)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.verify_mode = ssl.CERT_REQUIRED
    _trust(context, tls.authority)
    _show(context, tls)
    return context


def _trust(context: ssl.SSLContext, authority: Path) -> None:
    _readable(authority, "the authority's certificate")
    try:
        context.load_verify_locations(authority)
    except ssl.SSLError as error:
        raise SettingsError(
            f"{authority} holds no certificate in PEM: name that of the hospital's authority"
        ) from error


def _show(context: ssl.SSLContext, tls: Tls) -> None:
    _readable(tls.certificate, "this node's certificate")
    _readable(tls.key, "this node's private key")
    try:
        context.load_cert_chain(tls.certificate, tls.key, password=_no_password(tls.key))
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            remedy = "make both anew, or name those that were made together"
            raise SettingsError(f"{tls.key} isn't the key of {tls.certificate}: {remedy}") from error
        remedy = "write the certificate and its private key in PEM, the key without a password"
        raise SettingsError(f"{tls.certificate} and {tls.key} can't be used together: {remedy}") from error


def _no_password(key: Path) -> Callable[[], str]:
    """Asked where a key has a password: a server has nobody who could type it."""

    def asked() -> str:
        raise SettingsError(f"{key} has a password: write the key into the file without one, and guard the file")

    return asked


def _readable(path: Path, what: str) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        remedy = "name a file that the user who runs this may read"
        raise SettingsError(f"{path}, for {what}, can't be read ({error.strerror}): {remedy}") from error
