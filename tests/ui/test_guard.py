"""The door: what needs a session, and the headers on every answer."""

from __future__ import annotations

import pytest
from starlette.websockets import WebSocketDisconnect

from cxr_core.store.db import opened
from cxr_core.ui.guard import POLICY

HTML = {"accept": "text/html,*/*"}


@pytest.mark.parametrize("path", ["/", "/review?image=ab", "/retrain", "/_stcore/", "/media/x", "/secret"])
def test_a_page_without_a_session_leads_to_the_sign_in(home, browser, path):
    answer = browser().get(path, headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=%2F")


def test_after_signing_in_one_is_where_one_wanted_to_be(home, browser):
    visitor = browser()
    form = visitor.get(visitor.get("/review?image=ab", headers=HTML).headers["location"])
    assert 'name="next" value="/review?image=ab"' in form.text


@pytest.mark.parametrize("path", ["/_stcore/upload_file/a/b", "/media/x.csv", "/component/x/y.js", "/_stcore/metrics"])
def test_what_is_no_page_is_refused_without_a_session(home, browser, path):
    assert browser().get(path).status_code == 401
    assert browser().put(path).status_code == 401


def test_the_socket_is_refused_without_a_session(home, browser):
    with pytest.raises(WebSocketDisconnect), browser().websocket_connect("/_stcore/stream"):
        pass


def test_the_socket_opens_with_a_session(signed_in):
    cookie = {"cookie": f"cxr_session={signed_in.cookies['cxr_session']}"}  # the test client has no jar for sockets
    with signed_in.websocket_connect("/_stcore/stream", headers=cookie) as socket:
        assert socket.receive_text() == "inside"


@pytest.mark.parametrize(
    "path", ["/_stcore/agent/interact", "/_stcore/agent/mcp", "/review/_stcore/agent/openapi.json"]
)
def test_the_interface_for_programs_is_closed_to_everybody(signed_in, path):
    assert signed_in.get(path).status_code == 404
    assert signed_in.post(path).status_code == 404


@pytest.mark.parametrize("path", ["/_stcore/health", "/static/js/index.js", "/favicon.png"])
def test_what_holds_nothing_of_the_site_is_open(home, browser, path):
    assert browser().get(path).status_code == 200


def test_a_session_that_has_idled_too_long_opens_nothing(signed_in, home):
    with opened(home) as db:
        db.execute("UPDATE sessions SET seen_at = '2020-01-01T00:00:00.000000+00:00'")
    assert signed_in.get("/", headers=HTML).status_code == 303


@pytest.mark.parametrize("path", ["/", "/sign-in", "/_stcore/health", "/images/x.png", "/_stcore/agent/mcp"])
def test_every_answer_says_that_nothing_foreign_may_be_loaded_or_frame_it(home, browser, path):
    headers = browser().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "*" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_scripts_are_neither_inline_nor_evaluated():
    [scripts] = [part for part in POLICY.split("; ") if part.startswith("script-src")]
    assert "unsafe" not in scripts
    assert "sha256-" in scripts
