"""A listener as a process: screens see it for as long as it listens, and no longer; settings hold for what comes."""

from contextlib import ExitStack

import pytest

from cxr_core.dicom.phantoms.phantom import phantom
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


def test_what_is_larger_than_may_be_uploaded_is_not_taken(tmp_path):
    hospital = founded(tmp_path, NoArchive())
    small, large = tmp_path / "small.dcm", tmp_path / "large.dcm"
    small.write_bytes(phantom(1, False, machine="DEMO-SIE-1", rows=128))
    large.write_bytes(phantom(2, False, machine="DEMO-SIE-1", rows=1200))
    assert small.stat().st_size < 2**20 < large.stat().st_size
    with ExitStack() as stack:
        listening(hospital, stack, CXR_MAX_UPLOAD_MB="1")
        assert hospital.send(small).returncode == 0
        assert hospital.send(large).returncode != 0
    assert len(hospital.query("SELECT 1 FROM jobs WHERE kind = 'intake'")) == 1
