"""What monitors the service gets in without a session, learns of nobody, and of figures only from where it may."""

from __future__ import annotations

import os

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cxr_core.records import Lane
from cxr_core.store import workers
from cxr_core.store.db import opened

AWAY = {"host": "cxr.hospital", "client": "192.0.2.7"}
PARTS = {"database", "schema", "reading worker", "model", "room on the disk"}


def test_whoever_asks_learns_that_it_lives(home, browser):
    answer = browser(**AWAY).get("/healthz")
    assert (answer.status_code, answer.text, answer.headers["cache-control"]) == (200, "ok\n", "no-store")
    for path in home.glob("feedback.db*"):
        path.unlink()
    assert browser(**AWAY).get("/healthz").status_code == 503


def test_ready_says_what_is_missing_and_nothing_else(home, browser, monkeypatch):
    monkeypatch.setenv("CXR_FREE_MB", "0")
    answer = browser(**AWAY).get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json()) == PARTS
    assert [what for what, holds in answer.json().items() if not holds] == ["reading worker"]
    with opened(home) as db:
        workers.register(db, "w", Lane.READING, "1")
    assert browser(**AWAY).get("/readyz").status_code == 200


def test_figures_are_for_this_machine(home, browser):
    answer = browser().get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert list(text_string_to_metric_families(answer.text))


@pytest.mark.parametrize(
    ("where", "headers"),
    [
        (AWAY, {}),
        ({"host": "cxr.hospital"}, {}),
        ({}, {"x-forwarded-for": "127.0.0.1"}),
        (AWAY, {"authorization": "Bearer "}),
        (AWAY, {"authorization": "Bearer wrong"}),
        (AWAY, {"authorization": "Basic a-token"}),
    ],
)
def test_from_elsewhere_or_through_a_proxy_figures_need_the_token(home, browser, tmp_path, monkeypatch, where, headers):
    (tmp_path / "token").write_text("a-token\n")
    monkeypatch.setenv("CXR_METRICS_TOKEN", str(tmp_path / "token"))
    assert browser(**where).get("/metrics", headers=headers).status_code == 403
    good = {**headers, "authorization": "Bearer a-token"}
    assert browser(**where).get("/metrics", headers=good).status_code == 200


@pytest.mark.parametrize("content", [None, b"", b" \n"])
def test_without_a_token_in_the_file_nobody_has_it(home, browser, tmp_path, monkeypatch, content):
    monkeypatch.setenv("CXR_METRICS_TOKEN", str(tmp_path / "token"))
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    assert browser(**AWAY).get("/metrics", headers={"authorization": "Bearer "}).status_code == 403
    assert browser(**AWAY).get("/metrics", headers={"authorization": f"Bearer {os.sep}"}).status_code == 403
