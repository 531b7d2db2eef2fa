"""The key that opens what identifies: made once, outside of the home, and asked for wherever something is opened."""

import pytest

from cxr_core.errors import Conflict, NotAllowed, SettingsError
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.store import audit, seal
from cxr_core.store.db import opened
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import receiving
from cxr_core.work.incoming import spool
from cxr_core.work.privacy import identity
from tests.work.sites import files_in, job, new_home


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path).home


@pytest.fixture
def settings(home, tmp_path):
    """A site with a key."""
    identity.make_key(home, COMMAND_LINE, tmp_path / "identity.key")
    return Settings(home=home, identity_key=tmp_path / "identity.key")


def test_a_key_is_made_once_and_that_is_on_record(home, tmp_path):
    public = identity.make_key(home, COMMAND_LINE, tmp_path / "identity.key")
    with opened(home) as db:
        assert identity.public_key(db) == public
        assert audit.verify(db) and db.execute("SELECT action FROM audit ORDER BY id DESC").fetchone() == (
            "make identity key",
        )
    with pytest.raises(Conflict, match="has its key already"):
        identity.make_key(home, COMMAND_LINE, tmp_path / "other.key")
    assert not (tmp_path / "other.key").exists()


def test_a_key_beside_what_it_opens_is_refused(home):
    with pytest.raises(SettingsError, match="name a file outside of it"):
        identity.make_key(home, COMMAND_LINE, home / "identity.key")
    assert not (home / "identity.key").exists()


def test_only_admins_make_keys(home, tmp_path):
    with pytest.raises(NotAllowed):
        identity.make_key(home, User(1, "ann", Role.RADIOLOGIST), tmp_path / "identity.key")


def test_whatever_is_received_rests_sealed_once_there_is_a_key(settings):
    number = spool.receive(settings.home, b"Doe^Jane", spool.Sender())
    (path,) = files_in(settings, "spool")
    assert seal.is_sealed(path.read_bytes()) and b"Doe" not in path.read_bytes()
    assert spool.fetch(settings, job(settings, number).payload["spool"]) == b"Doe^Jane"


@pytest.mark.parametrize(("key", "says"), [
    (None, "say CXR_IDENTITY_KEY"), ("gone.key", r"gone\.key can't be read"), ("other.key", "isn't this site's key"),
    ("home/identity.key", "lies in the home, beside what it opens"),
])  # fmt: skip
def test_without_the_right_key_nothing_is_opened_and_the_remedy_is_said(settings, tmp_path, key, says):
    seal.make_key(tmp_path / "other.key")
    (settings.home / "identity.key").write_bytes((tmp_path / "identity.key").read_bytes())
    wrong = Settings(home=settings.home, identity_key=key and tmp_path / key)
    with pytest.raises(SettingsError, match=says):
        identity.require_key(wrong)


def test_a_site_without_a_key_needs_none_and_receives_nothing_over_the_network(home):
    identity.require_key(Settings(home=home))
    with pytest.raises(SettingsError, match="this site has no key yet: make it by"):
        receiving.require_key(home)
