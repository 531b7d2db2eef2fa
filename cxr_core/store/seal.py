"""Sealing to a public key: what has been sealed, only who has the private key can open.

HPKE (RFC 9180) in base mode with X25519, HKDF-SHA-256 and AES-256-GCM.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from cxr_core.errors import IntegrityError, SettingsError
from cxr_core.store.files import write_durably

MARK = b"CXRSEAL1"
"""How a sealed thing begins: no DICOM, PNG, JPEG or zip file does."""
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def make_key(path: Path) -> str:
    """Write a new private key (PEM, mode 0600) to `path`, and return its public key in hex.

    Raises SettingsError where something lies there already.
    """
    if path.exists():
        raise SettingsError(f"{path} is there already: name another file, for what was sealed needs its old key")
    key = X25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_durably(path, pem, mode=0o600)
    return public_of(key)


def passing_key() -> X25519PrivateKey:
    """A private key that is written nowhere: what is sealed to it can't be opened once its process forgets it."""
    return X25519PrivateKey.generate()


def public_of(key: X25519PrivateKey) -> str:
    """The public key in hex."""
    return key.public_key().public_bytes_raw().hex()


def read_key(path: Path) -> X25519PrivateKey:
    """The private key in a file. Raises SettingsError where it isn't one, or others can read it."""
    try:
        pem, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        raise SettingsError(f"the private key {path} can't be read: {error.strerror}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise SettingsError(f"the private key {path} can be read by others: chmod 600 it")
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{path} holds no private key of this program's") from error
    if not isinstance(key, X25519PrivateKey):
        raise SettingsError(f"{path} holds no private key of this program's")
    return key


def seal(public: str, data: bytes, purpose: bytes) -> bytes:
    """`data` sealed to a public key in hex; what was sealed for one purpose doesn't open for another."""
    return b"".join(sealed_parts(public, data, purpose))


def sealed_parts(public: str, data: bytes, purpose: bytes) -> tuple[bytes, bytes]:
    """The same in two parts: what is written down at once needn't be copied together before."""
    return MARK, _SUITE.encrypt(data, X25519PublicKey.from_public_bytes(bytes.fromhex(public)), info=purpose)


def is_sealed(data: bytes) -> bool:
    """Whether `data` was sealed."""
    return data.startswith(MARK)


def unseal(key: X25519PrivateKey, data: bytes, purpose: bytes) -> bytes:
    """What was sealed. Raises IntegrityError where it has changed, or was sealed to another key or purpose."""
    try:
        return _SUITE.decrypt(data[len(MARK) :], key, info=purpose)
    except (InvalidTag, ValueError) as error:
        raise IntegrityError(
            "what is sealed can't be opened: it has changed, or CXR_IDENTITY_KEY names another key than sealed it"
        ) from error


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a file lies in a folder, however the two are written."""
    return os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep)
