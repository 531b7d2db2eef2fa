"""What the tests of the hospital's network share."""

import pytest

from cxr_core.work.hospital import archives
from tests.network.outbox import Archive, Outbox, judged
from tests.pacs.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "certificates")


@pytest.fixture(scope="session")
def judged_home(tmp_path_factory):
    return judged(tmp_path_factory.mktemp("judged"))


@pytest.fixture
def outbox(judged_home, tmp_path, monkeypatch):
    """A copy of a home with one X-ray and an opinion on it; nobody waits for long for a storage commitment."""
    monkeypatch.setattr(archives, "COMMITMENT_SECONDS", 0.1)
    return Outbox.of(judged_home, tmp_path)


@pytest.fixture
def archive():
    """A node that takes answers, once something is sent to its port."""
    return Archive()


@pytest.fixture
def port(archive):
    """Where the archive listens."""
    with archive.at_work() as port:
        yield port
