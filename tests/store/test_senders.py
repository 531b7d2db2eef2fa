"""Who may send, and who is asked: found by name and token, never once removed."""

import sqlite3

import pytest

from cxr_core.errors import Conflict, NotFound
from cxr_core.store import senders
from tests.store.exchanged import add_sender


def test_at_first_nobody_may_send(db):
    assert senders.allowed(db) == []


def test_one_that_may_send_is_found_by_its_name_however_it_is_written(db):
    add_sender(db, "Ward 3")
    assert senders.named(db, "WARD 3").calling == "ROUTER"
    with pytest.raises(Conflict, match="take another name"):
        add_sender(db, "ward 3")


def test_a_token_is_not_kept_but_known_again(db):
    add_sender(db, "Web", calling=None, token="secret token")
    assert senders.with_token(db, "secret token").name == "Web"
    assert senders.with_token(db, "secret  token") is None
    assert "secret token" not in "\n".join(db.conn.iterdump())


def test_one_that_was_removed_may_send_no_more_but_keeps_its_name_in_what_it_sent(db):
    number = add_sender(db, "Web", calling=None, token="secret token")
    assert senders.remove(db, "Web") == number
    assert senders.allowed(db) == [] and senders.with_token(db, "secret token") is None
    with pytest.raises(NotFound, match="no sender called Web"):
        senders.named(db, "Web")
    assert senders.names(db) == {number: "Web"}
    assert add_sender(db, "Web") != number


def test_one_that_is_asked_sends_nothing_itself_and_is_found_by_its_name(db):
    address = {"url": "https://pacs.hospital/dicom-web", "user": ""}
    number = senders.add_source(db, "PACS", address)
    add_sender(db, "Router")
    assert [sender.name for sender in senders.allowed(db)] == ["Router"]
    assert [sender.id for sender in senders.asked(db)] == [number]
    assert senders.named(db, "pacs") == senders.get(db, number)
    assert (senders.get(db, number).address, senders.get(db, number).network) == (address, None)
    with pytest.raises(Conflict, match="take another name"):
        add_sender(db, "pacs")
    with pytest.raises(Conflict, match="take another name"):
        senders.add_source(db, "router", address)
    senders.remove(db, "PACS")
    assert senders.asked(db) == []
    assert senders.get(db, number).name == "PACS"


@pytest.mark.parametrize("columns", [
    {"network": "10.0.0.0/8"}, {"calling": "A", "token_sha256": "x", "network": "10.0.0.0/8"},
    {"address": "{}", "network": "10.0.0.0/8"}, {"calling": "A"}, {"calling": "A", "address": "{}"},
])  # fmt: skip
def test_one_is_of_one_kind_alone(db, columns):
    with pytest.raises(sqlite3.IntegrityError):
        db.table("senders").insert({"name": "N", "created_at": "2026", **columns})
