"""What the tests of the network share: a desk, a listener, certificates, an archive."""

from __future__ import annotations

import threading

import pytest

from tests.orthanc import running
from tests.pacs.certificates import Authority
from tests.pacs.desks import Desk, listening


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def listener(desk):
    with listening(desk) as started:
        yield started


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "certificates")


@pytest.fixture
def secured(desk, authority):
    """A listener that speaks TLS alone."""
    with listening(desk, authority.issue()) as started:
        yield started


@pytest.fixture(scope="session")
def orthanc(authority, tmp_path_factory):
    """An archive with a certificate of the authority."""
    with running(tmp_path_factory.mktemp("orthanc"), tls=authority.issue()) as archive:
        yield archive


@pytest.fixture(autouse=True)
def nothing_is_left_running():
    """No thread of ours outlives a test's listeners."""
    before = set(threading.enumerate())
    yield
    assert {each.name for each in set(threading.enumerate()) - before} == set()
