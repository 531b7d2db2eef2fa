"""pacs from, query, fetch, every: at an archive that others made."""

import signal
from threading import Event

import pytest

from cxr_core.pacs.web.finding import Query
from cxr_core.records import Lane
from cxr_core.store import workers
from cxr_core.store.db import opened
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import fetching, pulling, receiving
from tests.orthanc import PASSWORD, USER, running
from tests.pacs.web.films import CANARY, film, uid
from tests.pacs.web.servers import serving
from tests.processes import PATIENCE, started, wait_until
from tests.work.asked import NAME, ask_there, sealing_home
from tests.work.sites import job, query, run_errands


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    """An archive that others made, with three X-rays in it."""
    with running(tmp_path_factory.mktemp("orthanc-commands")) as archive:
        for number in (1, 2, 3):
            archive.upload(film(number, rows=400, StudyDate=f"2026011{number}", StationName=f"ROOM{number}"))
        yield archive


@pytest.fixture
def site(run, orthanc, tmp_path, monkeypatch):
    """Runs commands in a home with a key that may ask the archive."""
    monkeypatch.setenv("CXR_FREE_MB", "0")
    assert run("pacs", "key", tmp_path / "identity.key").status == 0
    monkeypatch.setenv("CXR_IDENTITY_KEY", str(tmp_path / "identity.key"))
    monkeypatch.setenv("CXR_SECRETS", str(tmp_path / "secrets"))
    (tmp_path / "secrets").mkdir()
    password = tmp_path / "secrets" / "pacs"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    assert run("pacs", "from", "PACS", orthanc.web, "--user", USER, "--password-file", "pacs").status == 0
    return run


def test_what_an_archive_has_is_shown_to_whoever_types_it_and_rests_nowhere(site, home):
    shown = site("pacs", "query", "PACS", "--since", "2026-01-12", "--modality", "DX")
    assert (shown.status, sorted(line["patient"] for line in shown.lines)) == (0, [f"{CANARY}-2", f"{CANARY}-3"])
    assert CANARY not in shown.words
    assert not any(CANARY.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize(("question", "number"), [
    (["--until", "2026-01-11"], 1), (["--station", "ROOM2"], 2), (["--patient", f"{CANARY}-3"], 3),
])  # fmt: skip
def test_it_is_asked_for_what_was_typed(site, question, number):
    (line,) = site("pacs", "query", "PACS", *question).lines
    assert line["instance"] == uid(film(number, rows=400))


def test_what_was_asked_for_is_fetched_and_told(site):
    assert site("pacs", "fetch", "PACS", "--until", "2026-01-12").lines == [{"of": 2, "fetched": 2, "why": ""}]
    assert site("pacs", "fetch", "PACS", "--since", "2026-02-01").lines == [{"of": 0}]


def test_a_command_that_is_alone_takes_in_what_fetching_waits_for(site, monkeypatch):
    monkeypatch.setattr(receiving, "MOST_WAITING", 1)
    monkeypatch.setattr(fetching, "LOOK_SECONDS", 0.01)
    assert site("pacs", "fetch", "PACS").lines == [{"of": 3, "fetched": 3, "why": ""}]


def test_a_rule_is_shown_with_its_archive_until_it_is_gone(site, orthanc):
    assert site("pacs", "every", "PACS", "15", "--modality", "DX", "--days", "3").status == 0
    (shown,) = [line for line in site("pacs", "status").lines if "source" in line]
    assert (shown["source"], shown["url"], shown["every"]["minutes"]) == ("PACS", orthanc.web, 15)
    assert PASSWORD not in str(shown)
    assert site("pacs", "every-no-more", "PACS").status == 0
    assert [line["every"] for line in site("pacs", "status").lines if "source" in line] == [None]
    assert site("pacs", "from-no-more", "PACS").status == 0
    assert site("pacs", "status").lines == []


@pytest.mark.parametrize("by_another", [False, True])
def test_a_question_that_is_broken_off_leaves_nothing_sealed_behind(tmp_path, by_another):
    """Whether this very command asks the archive, or a worker that hasn't come to it yet."""
    settings, go_on = sealing_home(tmp_path), Event()
    with serving(lambda request: (204, {}, b"") if go_on.wait(PATIENCE) else None) as server:
        ask_there(settings, server.url)
        if by_another:
            with opened(settings.home) as db:
                workers.register(db, "busy", Lane.READING, "1")
        known = {"CXR_IDENTITY_KEY": str(settings.identity_key), "CXR_SECRETS": str(settings.secrets)}
        asks = started(settings, "pacs", "query", NAME, **known)
        wait_until(lambda: query(settings, "SELECT 1 FROM jobs") and (by_another or server.came.is_set()), asks)
        asks.send_signal(signal.SIGINT)
        assert asks.wait(PATIENCE) == 130
        go_on.set()
    (left,) = query(settings, "SELECT state, error, payload FROM jobs")
    assert (left["state"], left["error"]) == ("failed", "broken off by command line")
    assert "sealed" not in left["payload"]


def test_an_answer_that_came_too_late_is_dropped(tmp_path):
    settings = sealing_home(tmp_path)
    with serving(lambda request: (204, {}, b"")) as server:
        ask_there(settings, server.url)
        asked = pulling.search(settings.home, COMMAND_LINE, NAME, Query())
        run_errands(settings)
    assert "sealed" in job(settings, asked.job).result
    pulling.let_go(settings.home, COMMAND_LINE, asked)
    assert job(settings, asked.job).result == {"found": 0}


def test_what_can_not_be_asked_is_one_line_and_status_1(site, home, tmp_path, monkeypatch):
    unknown = site("pacs", "query", "nobody")
    assert (unknown.status, unknown.lines, "no sender called nobody" in unknown.words) == (1, [], True)
    (tmp_path / "secrets" / "pacs").write_text("wrong")
    refused = site("pacs", "query", "PACS")
    assert (refused.status, "check user and password" in refused.words) == (1, True)
    monkeypatch.delenv("CXR_IDENTITY_KEY")
    locked = site("pacs", "query", "PACS")
    assert (locked.status, "say CXR_IDENTITY_KEY" in locked.words) == (1, True)
