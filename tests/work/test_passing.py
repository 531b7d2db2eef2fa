"""What is told to who asked is for them alone: once, and not for long."""

import pytest

from cxr_core import clock
from cxr_core.errors import BadInput, IntegrityError, NotFound
from cxr_core.records import Lane
from cxr_core.store import jobs, seal
from cxr_core.store.db import opened
from cxr_core.work.incoming import passing
from cxr_core.work.incoming.passing import Asked
from tests.work.sites import new_home


@pytest.fixture
def db(tmp_path):
    with opened(new_home(tmp_path).home) as database:
        yield database


def ask(db):
    return passing.ask(db, jobs.Request("k", Lane.READING, {"about": 1}))


def answered(db, asked, answer=b"answer"):
    job = jobs.claim(db, Lane.READING, "w")
    jobs.finish(db, job.id, "w", {"sealed": passing.sealed(job.payload["key"], answer, b"p")})
    return asked


def test_an_answer_is_there_once_it_was_given_and_once_only(db):
    asked = ask(db)
    assert passing.take(db, asked, b"p") is None
    answered(db, asked)
    assert passing.take(db, asked, b"p") == b"answer"
    with pytest.raises(NotFound, match="ask again"):
        passing.take(db, asked, b"p")


def test_another_key_than_that_of_who_asked_opens_nothing(db):
    asked = answered(db, ask(db))
    with pytest.raises(IntegrityError):
        passing.take(db, Asked(asked.job, seal.passing_key()), b"p")


def test_why_there_is_no_answer_is_told(db):
    asked = ask(db)
    jobs.claim(db, Lane.READING, "w")
    jobs.fail(db, asked.job, "w", "the archive is shut")
    with pytest.raises(BadInput, match="the archive is shut"):
        passing.take(db, asked, b"p")


def test_what_nobody_took_goes_when_it_is_old(db):
    asked = answered(db, ask(db))
    passing.sweep(db, ["k"])
    assert "sealed" in jobs.get(db, asked.job).result
    db.execute("UPDATE jobs SET finished_at = ? WHERE id = ?", (clock.ago(hours=2), asked.job))
    passing.sweep(db, ["another"])
    assert "sealed" in jobs.get(db, asked.job).result
    passing.sweep(db, ["k"])
    assert "sealed" not in jobs.get(db, asked.job).result


def test_the_key_is_shown_nowhere(db):
    assert "key" not in repr(ask(db))
