"""A home is made whole, once, and a lost secret is noticed."""

import re
import shutil

import pytest

from cxr_core.errors import IntegrityError, SettingsError
from cxr_core.model import release
from cxr_core.records import Role
from cxr_core.settings import Settings
from cxr_core.store import models
from cxr_core.store.db import opened, transaction
from cxr_core.store.migrations import migrate
from cxr_core.store.secret import site_secret
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import retraining
from cxr_core.work.opening import is_demo, open_home
from tests.work.sites import add_user, query


@pytest.fixture
def home(tmp_path):
    open_home(tmp_path / "home")
    return tmp_path / "home"


def test_a_fresh_home_has_all_it_needs(home):
    assert {path.name for path in home.iterdir()} >= {"feedback.db", "secret.key", "spool"}
    assert (home / "spool").stat().st_mode & 0o777 == 0o700
    assert not is_demo(home)


@pytest.mark.parametrize(
    ("place", "why"),
    [("file", "a file lies in its place"), ("file/home", "a file lies in its place"), ("loop", "a file lies in its"),
     ("/proc/cxr-home", ".+"), ("/sys/cxr-home", ".+")],
)  # fmt: skip
def test_a_folder_that_can_not_be_written_is_refused_with_the_remedy(tmp_path, place, why):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    home = tmp_path / place
    with pytest.raises(SettingsError) as refused:
        open_home(home)
    remedy = "give that folder to the user who runs this, or set CXR_HOME to another"
    assert re.fullmatch(rf"{home} can't be written \({why}.*\): {remedy}", str(refused.value))


def test_opening_again_changes_nothing(home):
    secret = site_secret(home)
    assert open_home(home) == []
    assert site_secret(home) == secret


def test_the_first_release_is_installed_once(tmp_path):
    settings = Settings(home=tmp_path / "home")
    for _ in range(2):
        open_home(settings.home)
    found = query(settings, "SELECT model, action FROM decisions")
    assert found == [{"model": release.card()["name"], "action": "install"}]


def test_a_lost_secret_is_not_replaced(home):
    (home / "secret.key").unlink()
    with pytest.raises(IntegrityError, match=r"secret\.key is missing: bring it back from a backup"):
        open_home(home)
    assert not (home / "secret.key").exists()


def test_another_homes_secret_is_refused(home, tmp_path):
    open_home(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "secret.key", home / "secret.key")
    with pytest.raises(IntegrityError, match="isn't this home's secret"):
        open_home(home)


def with_an_older_model(home, **differing):
    """The home as an older version left it, with a running model of its own."""
    old = release.card() | {"name": "cxr-resnet18-0"} | differing
    migrate(home)
    with opened(home) as db, transaction(db):
        models.add(db, old)
        models.decide(db, old["name"], "install", "the program's release", None)
    return old["name"]


def test_an_earlier_release_gives_way_to_this_one_and_can_be_rolled_back_to(tmp_path):
    settings = Settings(home=tmp_path / "home")
    old = with_an_older_model(settings.home)
    open_home(settings.home)
    assert retraining.earlier_models(settings.home, COMMAND_LINE) == [old]
    assert query(settings, "SELECT kind FROM jobs") == [{"kind": "repredict"}]
    retraining.roll_back(settings.home, add_user(settings, Role.ADMIN), old, "as before")
    open_home(settings.home)
    actions = query(settings, "SELECT action FROM decisions")
    assert [row["action"] for row in actions] == ["install", "install", "roll back"]


def test_a_sites_own_model_stays_in_use_and_can_be_compared_with_the_release(tmp_path):
    settings = Settings(home=tmp_path / "home")
    before = with_an_older_model(settings.home)
    own = with_an_older_model(settings.home, name="cxr-resnet18-2", parent=before)
    for _ in range(2):
        open_home(settings.home)
    assert [row["model"] for row in query(settings, "SELECT model FROM decisions")] == [before, own]
    assert {row["name"] for row in query(settings, "SELECT name FROM models")} == {before, own, release.card()["name"]}
    assert query(settings, "SELECT kind FROM jobs") == []


def test_a_model_whose_card_is_too_old_gives_way_to_the_release(tmp_path):
    settings = Settings(home=tmp_path / "home")
    old = with_an_older_model(settings.home, gate=None)
    for _ in range(2):
        open_home(settings.home)
    found = query(settings, "SELECT model, action, reason FROM decisions")
    assert [(row["model"], row["action"]) for row in found] == [(old, "install"), (release.card()["name"], "install")]
    assert old in found[1]["reason"]
    assert retraining.earlier_models(settings.home, COMMAND_LINE) == []
    assert query(settings, "SELECT kind FROM jobs") == [{"kind": "repredict"}]
