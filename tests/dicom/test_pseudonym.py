"""Keyed names."""

import re

import pytest

from cxr_core.dicom.pseudonym import pseudonym, uid_of
from cxr_core.errors import BadInput

SECRET, OTHER = b"s" * 32, b"t" * 32


def test_the_same_value_has_the_same_name_for_ever():
    """The value is openssl's: dgst -sha256 -mac HMAC over kind, a zero byte and value."""
    assert pseudonym(SECRET, "patient", "CLINIC\\4711") == "patient-34236d7c7b6d79c5a413"


def test_names_are_short_and_readable():
    assert re.fullmatch(r"patient-[0-9a-f]{20}", pseudonym(SECRET, "patient", "4711"))
    assert re.fullmatch(r"device-[0-9a-f]{8}", pseudonym(SECRET, "device", "4711"))
    assert re.fullmatch(r"equipment-[0-9a-f]{8}", pseudonym(SECRET, "equipment", "4711"))


def test_another_secret_kind_or_value_is_another_name():
    names = {
        pseudonym(secret, kind, value)[-8:]
        for secret in (SECRET, OTHER)
        for kind in ("patient", "device", "equipment", "study")
        for value in ("4711", "4712", "", "Ü")
    }
    assert len(names) == 32


@pytest.mark.parametrize("digest", [b"\0" * 32, b"\0" * 15 + b"\1" * 17, b"\xff" * 32])
def test_a_digest_makes_a_valid_uid(digest):
    uid = uid_of(digest)
    assert re.fullmatch(r"2\.25\.(0|[1-9]\d*)", uid) and len(uid) <= 44
    assert uid != uid_of(b"\2" + digest[1:])


def test_a_short_secret_is_refused():
    with pytest.raises(BadInput, match="16"):
        pseudonym(b"short", "patient", "4711")
