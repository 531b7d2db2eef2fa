"""A listener is seen by the screens for as long as it listens, and no longer."""

from contextlib import ExitStack

import pytest

from cxr_core.store import listeners
from cxr_core.store.db import opened
from tests.network.hospital import TITLE, founded, listening, stop
from tests.pacs.certificates import Authority
from tests.processes import kill, wait_until

pytestmark = pytest.mark.alone


class NoArchive:
    """In the archive's place, where none is needed."""

    aet = "ARCHIVE"

    def knows(self, *node):
        """It has nothing to do with whoever listens."""


def living(hospital):
    with opened(hospital.home) as db:
        return listeners.living(db)


@pytest.mark.parametrize("end", [stop, kill])
def test_a_listener_is_seen_until_it_ends_whichever_way(tmp_path, end):
    hospital = founded(tmp_path, NoArchive())
    with ExitStack() as stack:
        listening(hospital, stack, Authority(tmp_path / "certificates").issue())
        (found,) = wait_until(lambda: living(hospital), hospital.listener)
        assert (found.ae_title, found.host) == (TITLE, "127.0.0.1")
        assert (found.port, found.tls_port) == (hospital.port, hospital.tls_port)
        end(hospital.listener)
        assert living(hospital) == []
