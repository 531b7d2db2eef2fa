"""Alive: the database can be read. Ready: what an X-ray needs is there, each missing part by its name."""

import shutil

import pytest

from cxr_core.records import Lane
from cxr_core.settings import Settings
from cxr_core.store import workers
from cxr_core.store.db import KEPT_OPEN, opened
from cxr_core.work.opening import open_home
from cxr_core.work.service import health


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    home = tmp_path_factory.mktemp("made") / "home"
    open_home(home)
    return home


@pytest.fixture
def settings(made, tmp_path):
    """A home with a living reading worker: this process."""
    shutil.copytree(made, tmp_path / "home")
    with opened(tmp_path / "home") as db:
        workers.register(db, "w", Lane.READING, "1")
    return Settings(home=tmp_path / "home", free_mb=1)


def run(settings, sql, *values):
    with opened(settings.home) as db:
        db.execute(sql, values)


def missing(settings):
    return [what for what, holds in health.readiness(settings).items() if not holds]


def test_a_whole_home_with_a_worker_is_ready(settings):
    assert health.alive(settings.home)
    assert missing(settings) == []


def test_without_a_database_nothing_lives_and_none_is_made(tmp_path):
    assert not health.alive(tmp_path / "home")
    assert health.readiness(Settings(home=tmp_path / "home")) == {"database": False}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_what_is_no_database_does_not_live(settings, content):
    for name in ("feedback.db", "feedback.db-wal", "feedback.db-shm"):
        (settings.home / name).unlink(missing_ok=True)
    (settings.home / "feedback.db").write_bytes(content)
    assert not health.alive(settings.home)


def test_a_database_that_is_damaged_under_a_running_server_does_not_live(settings):
    KEPT_OPEN.keep(1)
    try:
        assert health.alive(settings.home)
        run(settings, "PRAGMA wal_checkpoint(TRUNCATE)")
        with open(settings.home / "feedback.db", "r+b") as file:
            file.write(bytes(100_000))
        assert not health.alive(settings.home)
    finally:
        KEPT_OPEN.keep(0)


def test_another_schema_is_not_ready(settings):
    run(settings, "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('cxr', 'm777_future', '')")
    assert missing(settings) == ["schema"]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM workers",
        "UPDATE workers SET lane = 'learning'",
        "UPDATE workers SET heartbeat_at = '2026'",
        "UPDATE workers SET pid = 999999999",
    ],
)
def test_without_a_living_worker_that_reads_it_is_not_ready(settings, sql):
    run(settings, sql)
    assert missing(settings) == ["reading worker"]


@pytest.mark.parametrize("sql", ["DELETE FROM decisions", 'UPDATE models SET card = \'{"weights_sha256": "00"}\''])
def test_without_the_weights_of_a_model_in_use_it_is_not_ready(settings, sql):
    run(settings, sql)
    assert missing(settings) == ["model"]


def test_weights_in_the_database_count(settings):
    run(settings, 'UPDATE models SET card = \'{"weights_sha256": "00"}\'')
    run(settings, "INSERT INTO weights (sha256, tensors) VALUES ('00', x'')")
    assert missing(settings) == []


def test_a_full_disk_is_not_ready(settings):
    full = Settings(home=settings.home, free_mb=1024 * 1024 * 1024)
    assert missing(full) == ["room on the disk"]
