"""From those who are allowed to send alone, and durably."""

from io import BytesIO

import pytest
from pydicom import dcmread

from cxr_core.errors import OutOfRoom
from cxr_core.pacs.status import Status
from cxr_core.settings import Settings
from cxr_core.store import senders
from cxr_core.store.db import opened
from cxr_core.work.hospital import receiving
from tests.pacs.web.films import film, header, uid
from tests.store.exchanged import add_sender
from tests.work.sites import files_in, job, new_home, query

PRINT = "ab" * 32


def of_ct():
    """A slice of a CT, as its file meta information says, too."""
    ds = dcmread(BytesIO(film()))
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    file = BytesIO()
    ds.save_as(file)
    return file.getvalue()


def of_series(uid):
    """An X-ray with this Series Instance UID, as bytes that no writer would let through."""
    return film(SeriesInstanceUID="1.2" + "7" * (len(uid) - 3)).replace(b"1.2" + b"7" * (len(uid) - 3), uid.encode())


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path).home


@pytest.mark.parametrize(("calling", "address", "certificate", "is_let"), [
    ("ROUTER", "10.1.2.3", None, True), ("ROUTER", "::ffff:10.1.2.3", None, True), ("ROUTER", "10.2.2.3", None, False),
    ("OTHER", "10.1.2.3", None, False), ("router", "10.1.2.3", None, False), ("SAFE", "10.9.9.9", PRINT, True),
    ("SAFE", "10.9.9.9", "cd" * 32, False), ("SAFE", "10.9.9.9", None, False), ("", "10.1.2.3", None, False),
    ("ROUTER", "no address", None, False), ("ROUTER", "", None, False),
    ("WEB", "10.1.2.3", None, False),
])  # fmt: skip
def test_who_calls_is_let_in_by_title_address_and_certificate(home, calling, address, certificate, is_let):
    with opened(home) as db:
        add_sender(db)
        add_sender(db, "Safe", "SAFE", "10.9.9.9", certificate=PRINT)
        add_sender(db, "WEB", None, "10.1.0.0/16", token="a token")
    assert (receiving.sender_calling(home, calling, address, certificate) is not None) is is_let


@pytest.mark.parametrize(("address", "is_known"), [
    ("10.1.2.3", True), ("::ffff:10.9.9.9", True), ("10.2.2.3", False), ("10.7.7.7", False), ("", False),
])  # fmt: skip
def test_an_address_is_known_where_anybody_may_call_from_it(home, address, is_known):
    with opened(home) as db:
        add_sender(db)
        add_sender(db, "Safe", "SAFE", "10.9.9.9", certificate=PRINT)
        add_sender(db, "Web", None, "10.7.0.0/16", token="a token")
    assert receiving.is_known(home, address) == is_known


def test_at_first_nobody_is_let_in(home):
    assert not receiving.is_known(home, "127.0.0.1")
    assert receiving.sender_calling(home, "ROUTER", "127.0.0.1", None) is None
    assert receiving.sender_bearing(home, "", "127.0.0.1") is None


def test_one_machine_may_have_two_titles_and_one_title_two_machines(home):
    with opened(home) as db:
        one, two = add_sender(db, "one", "AE", "10.1.1.1"), add_sender(db, "two", "AE", "10.1.1.2")
    assert receiving.sender_calling(home, "AE", "10.1.1.1", None).id == one
    assert receiving.sender_calling(home, "AE", "10.1.1.2", None).id == two


@pytest.mark.parametrize(("token", "address", "is_let"), [
    ("a token", "10.1.2.3", True), ("a token", "10.2.2.3", False), ("another", "10.1.2.3", False),
])  # fmt: skip
def test_a_token_lets_in_from_its_network(home, token, address, is_let):
    with opened(home) as db:
        add_sender(db, "Web", None, "10.1.0.0/16", token="a token")
    assert (receiving.sender_bearing(home, token, address) is not None) is is_let


def test_what_is_received_is_a_job_that_knows_its_sender(home):
    settings = Settings(home=home, free_mb=0)
    with opened(home) as db:
        add_sender(db)
        sender = senders.named(db, "CT router")
    number = receiving.receive(settings, sender, b"bytes")
    assert job(settings, number).payload["sender"] == sender.id
    assert query(settings, "SELECT actor FROM audit WHERE action = 'receive file'") == [{"actor": "sender CT router"}]
    assert len(files_in(settings, "spool")) == 1


@pytest.mark.parametrize(("data", "study", "refused"), [
    (film(), None, None), (film(), header(film()).StudyInstanceUID, None), (film(), "1.2.3", Status.CLASS_MISMATCH),
    (b"no DICOM", None, Status.NOT_UNDERSTOOD), (film(StudyInstanceUID=""), None, Status.NOT_UNDERSTOOD),
    (film(SeriesInstanceUID=""), None, Status.NOT_UNDERSTOOD), (of_series("1.2.x"), None, Status.NOT_UNDERSTOOD),
    (of_series("1.2.3\\1.2.4"), None, Status.NOT_UNDERSTOOD), (of_series("1.2.3\r\n"), None, None),
    (film(SOPInstanceUID="1.2.3"), None, Status.CLASS_MISMATCH), (of_ct(), None, Status.SOP_CLASS_NOT_SUPPORTED),
])  # fmt: skip
def test_what_is_taken_is_checked_first(home, data, study, refused):
    with opened(home) as db:
        add_sender(db)
        sender = senders.named(db, "CT router")
    settings = Settings(home=home, free_mb=0)
    taken = receiving.take(settings, sender, data, study)
    assert taken.refused == refused
    assert bool(taken.why) == bool(refused)
    assert len(files_in(settings, "spool")) == (refused is None)


def test_without_room_the_sender_is_told_that_it_may_try_again(home, caplog):
    with opened(home) as db:
        add_sender(db)
        sender = senders.named(db, "CT router")
    taken = receiving.take(Settings(home=home, free_mb=2**40), sender, film())
    assert (taken.refused, taken.instance) == (Status.OUT_OF_RESOURCES, uid(film()))
    assert "make room on that disk" in caplog.text


def test_where_the_disk_is_nearly_full_nothing_is_received(home):
    settings = Settings(home=home, free_mb=2**40)
    with opened(home) as db:
        add_sender(db)
        sender = senders.named(db, "CT router")
    with pytest.raises(OutOfRoom, match="less than CXR_FREE_MB"):
        receiving.receive(settings, sender, b"bytes")
    assert files_in(settings, "spool") == []
