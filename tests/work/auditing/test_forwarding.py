"""The log goes to a syslog server row by row, none lost and in order, also when the server was away meanwhile."""

from __future__ import annotations

import re
import socket
import time
from dataclasses import replace

import pytest

from cxr_core.errors import DeliveryError
from cxr_core.settings import Settings
from cxr_core.store import audit, files
from cxr_core.store.db import opened, transaction
from cxr_core.store.migrations import migrate
from cxr_core.work.auditing import forwarding
from tests.pacs.certificates import Authority
from tests.pacs.test_syslog import Server


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


@pytest.fixture
def settings(tmp_path, authority):
    found = Settings(home=tmp_path / "home", syslog_authority=authority.certificate)
    migrate(found.home)
    record(found, 5)
    return found


def record(settings, many):
    with opened(settings.home) as db:
        for _ in range(many):
            with transaction(db):
                audit.record(db, "ann", "read", "")


def at(settings, port):
    return replace(settings, syslog=f"tls://localhost:{port}")


def rows_of(messages):
    found = (re.search(rb'ParticipantObjectID="(\d+)"', each) for each in messages)
    return [int(each[1]) for each in found]


def test_every_row_is_sent_once_and_later_ones_go_on_from_there(settings, authority):
    first = Server(authority)
    assert forwarding.forward(at(settings, first.port)) == 5
    record(settings, 3)
    second = Server(authority)
    assert forwarding.forward(at(settings, second.port)) == 3
    assert rows_of(first.received()) == [1, 2, 3, 4, 5]
    assert rows_of(second.received()) == [6, 7, 8]


def test_where_nothing_is_new_nobody_is_called(settings, authority):
    server = Server(authority)
    forwarding.forward(at(settings, server.port))
    server.received()
    assert forwarding.forward(at(settings, server.port)) == 0


def test_what_a_server_that_was_away_missed_is_sent_when_it_is_back(settings, authority):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        away = closed.getsockname()[1]
    with pytest.raises(DeliveryError, match="nothing answers"):
        forwarding.forward(at(settings, away))
    back = Server(authority)
    assert forwarding.forward(at(settings, back.port)) == 5
    assert rows_of(back.received()) == [1, 2, 3, 4, 5]


def test_one_process_sends_at_a_time(settings, authority):
    with files.held(settings.home / forwarding.LOCK) as alone:
        assert alone
        assert forwarding.forward(at(settings, 1)) == 0


def test_a_database_or_a_disk_that_fails_is_told_and_waited_for_as_a_server_is(settings, caplog):
    bare = at(replace(settings, home=settings.home.parent / "bare"), 1)
    with opened(bare.home) as db:
        db.execute("CREATE TABLE other (id)")  # none of the program's: sqlite3.OperationalError
    barred = at(replace(settings, home=settings.home.parent / "barred"), 1)
    (barred.home / forwarding.LOCK).mkdir(parents=True)  # OSError
    for failing, why in ((bare, "no such table"), (barred, "Is a directory")):
        sender = forwarding._Sender(failing)
        sender.send()
        assert sender.next_at > time.monotonic() and sender.pause == 2 * forwarding.LOOK_SECONDS
        assert why in caplog.text
