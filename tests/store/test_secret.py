"""The site's secret: made once, kept to its owner, never quietly replaced."""

import pytest

from cxr_core.errors import IntegrityError
from cxr_core.store import secret
from cxr_core.store.secret import site_secret
from tests.store.rows import at_once


def take(number, home):
    return site_secret(home)


def test_it_is_made_at_the_first_asking_and_stays(tmp_path):
    first = site_secret(tmp_path)
    assert len(first) == 32
    assert site_secret(tmp_path) == first
    assert site_secret(tmp_path / "another") != first


def test_only_its_owner_can_read_it(tmp_path):
    site_secret(tmp_path)
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_many_starters_agree_on_one(tmp_path):
    answers = at_once(take, 4, tmp_path / "home")
    assert len(set(answers)) == 1
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["secret.key"]


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 33])
def test_a_damaged_one_is_refused_and_left_as_it_is(tmp_path, damage):
    site_secret(tmp_path)
    (tmp_path / "secret.key").write_bytes(damage)
    with pytest.raises(IntegrityError, match="damaged: bring it back from a backup"):
        site_secret(tmp_path)
    assert (tmp_path / "secret.key").read_bytes() == damage


def test_what_is_there_is_not_overwritten(tmp_path):
    secret.create(tmp_path, b"a" * 32)
    secret.create(tmp_path, b"b" * 32)
    assert site_secret(tmp_path) == b"a" * 32


def test_its_check_value_tells_secrets_apart_and_is_not_the_secret(tmp_path):
    value = secret.check_value(tmp_path)
    assert value == secret.check_value(tmp_path)
    assert value not in site_secret(tmp_path).hex()
    assert value != secret.check_value(tmp_path / "another")
