"""What is sealed opens with its key, for its purpose, unchanged, and in no other way."""

import pytest

from cxr_core.errors import IntegrityError, SettingsError
from cxr_core.store import seal


@pytest.fixture
def key(tmp_path):
    """A file with a private key, and its public key."""
    path = tmp_path / "identity.key"
    return path, seal.make_key(path)


def test_what_is_sealed_opens_with_the_private_key(key):
    path, public = key
    sealed = seal.seal(public, b"Doe^Jane" * 1000, b"spool")
    assert seal.is_sealed(sealed) and b"Doe" not in sealed
    assert seal.unseal(seal.read_key(path), sealed, b"spool") == b"Doe^Jane" * 1000


def test_the_same_thing_sealed_twice_looks_different(key):
    assert seal.seal(key[1], b"one", b"spool") != seal.seal(key[1], b"one", b"spool")


@pytest.mark.parametrize("spoilt", [
    lambda whole: whole[:-1], lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]), lambda whole: whole[:20],
    lambda whole: whole[:8], lambda whole: b"", lambda whole: whole[:8] + b"\0" * 200,
])  # fmt: skip
def test_what_has_changed_does_not_open(key, spoilt):
    path, public = key
    with pytest.raises(IntegrityError, match="it has changed, or CXR_IDENTITY_KEY names another key"):
        seal.unseal(seal.read_key(path), spoilt(seal.seal(public, b"X-ray", b"spool")), b"spool")


def test_what_was_sealed_for_one_purpose_opens_for_no_other(key):
    path, public = key
    with pytest.raises(IntegrityError):
        seal.unseal(seal.read_key(path), seal.seal(public, b"X-ray", b"spool"), b"envelope")


def test_another_key_does_not_open_it(key, tmp_path):
    other = tmp_path / "other.key"
    seal.make_key(other)
    with pytest.raises(IntegrityError):
        seal.unseal(seal.read_key(other), seal.seal(key[1], b"X-ray", b"spool"), b"spool")


def test_a_key_is_made_for_its_owner_alone_and_never_over_another(key):
    path, _ = key
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="is there already: name another file"):
        seal.make_key(path)
    assert path.read_bytes() == before


def test_a_key_that_others_can_read_is_refused_with_the_remedy(key):
    path, _ = key
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="can be read by others: chmod 600 it"):
        seal.read_key(path)


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_holds_no_key_is_refused(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="holds no private key"):
        seal.read_key(path)


def test_a_key_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"gone\.key can't be read: No such file"):
        seal.read_key(tmp_path / "gone.key")


def test_where_a_file_lies_is_told_through_links(tmp_path):
    home, link = tmp_path / "home", tmp_path / "link"
    home.mkdir()
    link.symlink_to(home)
    assert seal.is_inside(home / "key", home) and seal.is_inside(link / "key", home)
    assert not seal.is_inside(tmp_path / "home2" / "key", home) and not seal.is_inside(home / ".." / "key", home)


def test_what_is_sealed_to_a_passing_key_opens_with_that_alone():
    key, other = seal.passing_key(), seal.passing_key()
    sealed = seal.seal(seal.public_of(key), b"who", b"purpose")
    assert seal.unseal(key, sealed, b"purpose") == b"who"
    with pytest.raises(IntegrityError):
        seal.unseal(other, sealed, b"purpose")
