"""The end of the chain is told once a day by webhook and mail, and finds what was done to the chain since."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.settings import Settings
from cxr_core.store import audit
from cxr_core.store.audit_chain import seal
from cxr_core.store.db import opened, rows, transaction
from cxr_core.store.migrations import migrate
from cxr_core.work.auditing import anchoring, checking
from cxr_core.work.guarding import COMMAND_LINE
from tests.store.rows import without_triggers
from tests.work.hosts import MailServer, Webhook, serving


@pytest.fixture
def webhook():
    with serving(Webhook()) as server:
        yield server


@pytest.fixture
def settings(tmp_path, webhook):
    found = Settings(home=tmp_path / "home", webhook_url=webhook.url, anchor_daily=True)
    migrate(found.home)
    with opened(found.home) as db:
        for number in range(4):
            with transaction(db):
                audit.record(db, "ann", "read", f"image {number}")
    return found


def head(settings):
    with opened(settings.home) as db:
        return str(audit.head(db))


def test_it_is_told_once_a_day_and_each_time_on_record(settings, webhook):
    ended = head(settings)
    assert (anchoring.tell(settings), anchoring.tell(settings)) == (1, 0)
    with clock.at(clock.now() + timedelta(days=1)):
        assert anchoring.tell(settings) == 1
    first, second = webhook.bodies
    assert (first["event"], first["audit_head"]) == ("audit head", ended)
    assert second["audit_head"].startswith("5 ")
    with opened(settings.home) as db:
        assert len(rows(db, "SELECT 1 FROM audit WHERE action = 'send audit head'")) == 2


def test_what_was_not_taken_is_told_again(settings, webhook):
    webhook.answers = [500]
    assert (anchoring.tell(settings), anchoring.tell(settings)) == (0, 1)


def test_mail_says_how_to_check_it(tmp_path, settings):
    with serving(MailServer()) as mail:
        by_mail = Settings(
            home=settings.home, mail_host="127.0.0.1", mail_port=mail.port, mail_starttls=False,
            mail_from="cxr@hospital.example", mail_to="audit@hospital.example",
        )  # fmt: skip
        ended = head(settings)
        assert anchoring.tell(by_mail) == 1
    (letter,) = mail.letters
    assert letter["Subject"] == "CXR Second Reader: The audit chain ends at row 4"
    assert f'audit verify --head "{ended}"' in letter.get_content()


def test_a_chain_that_somebody_sealed_anew_with_its_end_is_found_by_what_was_told(settings, webhook):
    anchoring.tell(settings)
    told = webhook.bodies[0]["audit_head"]
    without_triggers(settings.home)
    with opened(settings.home) as db, transaction(db):
        before = audit.GENESIS
        for event in rows(db, "SELECT * FROM audit ORDER BY id"):
            event.pop("hash")
            event["actor"] = "eve" if event["id"] == 2 else event["actor"]
            before = seal(before, event)
            db.execute("UPDATE audit SET actor = ?, hash = ? WHERE id = ?", (event["actor"], before, event["id"]))
        db.execute("UPDATE site SET value = ? WHERE name = ?", (f"{event['id']} {before}", audit.HEAD))
    assert checking.verify(settings.home, COMMAND_LINE, []).problem == ""
    said = checking.verify(settings.home, COMMAND_LINE, [told]).problem
    assert said == "audit row 4 isn't the one whose hash was kept: rows from 1 on were written anew"


def test_a_tail_that_was_cut_off_with_its_end_is_found_by_what_was_told(settings, webhook):
    with opened(settings.home) as db:
        second = rows(db, "SELECT id, hash FROM audit WHERE id = 2")[0]
    anchoring.tell(settings)
    without_triggers(settings.home)
    with opened(settings.home) as db:
        db.execute("DELETE FROM audit WHERE id > 2")
        db.execute("UPDATE site SET value = ? WHERE name = ?", (f"2 {second['hash']}", audit.HEAD))
    assert checking.verify(settings.home, COMMAND_LINE, []).problem == ""
    said = checking.verify(settings.home, COMMAND_LINE, [webhook.bodies[0]["audit_head"]]).problem
    assert said == "audit row 3 is missing: the chain ends before it, and row 4 was there once"
