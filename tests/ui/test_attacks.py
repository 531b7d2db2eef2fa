"""Attacks on the door and the routes: by strangers, by other sites, with bad cookies, and on files beside ours."""

from __future__ import annotations

import re
from itertools import product

import anyio
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Mount
from starlette.websockets import WebSocketDisconnect

from cxr_core.store.db import opened, rows
from cxr_core.ui import forms
from cxr_core.ui.routes import ROUTES
from tests.ui.conftest import IMAGE, PASSWORD

FOR_ANYBODY = {
    "/sign-in", "/sign-out", "/password", "/first-admin", "/demo", "/sign-in/hospital", "/oauth2callback",
    "/sign-out/hospital", "/healthz", "/readyz", "/metrics",
}  # fmt: skip
"""What comes before signing in, each with its own tests, and what monitors ask."""
FOREIGN = [
    {"origin": "https://evil.example"}, {"origin": "http://localhost:9999"}, {"origin": "null"},
    {"origin": "http://localhost:8501.evil.example"},
    {"origin": "http://localhost:8501", "sec-fetch-site": "same-site"},
    {"origin": "http://localhost:8501", "sec-fetch-site": "cross-site"},
]  # fmt: skip
COOKIES = ["", "0", "null", "' OR 1=1 --", "%00", "../../site", "ann", "1", "é", "a" * 5000, "ab" * 16, "ab" * 32]
ELSEWHERE = [
    "..", "../../feedback.db", "..%2f..%2ffeedback.db", "%2e%2e/%2e%2e/feedback.db", "..%5c..%5cfeedback.db",
    "%2fetc%2fpasswd", "....//....//feedback.db", "feedback.db%00", "%00", f"{IMAGE}%00", f"{IMAGE}/..", "~", "*",
    "' OR 1=1 --", "%f0%28%8c%28", "a" * 5000,
]  # fmt: skip
"""Ways to name a file of which a route doesn't speak."""


def leaves(ways, before=""):
    """Method and path of each route, those that are mounted included."""
    for way in ways:
        if isinstance(way, Mount):
            yield from leaves(way.routes, before + way.path) if way.routes else [("GET", f"{before}{way.path}/x")]
        else:
            yield from ((method, before + way.path) for method in sorted(way.methods))


LEAVES = sorted(set(leaves(ROUTES)))
PATHS = sorted({path for _, path in LEAVES if "{" in path} | {"/viewer/{file}"})


def filled(path, value):
    """A route's path with this value for its first parameter, and a good one for others."""
    return re.sub(r"\{.*?\}", IMAGE, re.sub(r"\{.*?\}", lambda _: value, path, count=1))


def test_no_route_answers_a_stranger(home, browser):
    tried = [(method, path) for method, path in LEAVES if path not in FOR_ANYBODY]
    answers = {leaf: browser().request(leaf[0], filled(leaf[1], IMAGE)).status_code for leaf in tried}
    assert answers == dict.fromkeys(tried, 401)


def test_a_forged_cookie_opens_nothing(browser, signed_in):
    """Not even while somebody is signed in."""
    for cookie in COOKIES:
        headers = {"cookie": b"cxr_session=" + cookie.encode("utf-8")}
        assert browser().get(f"/images/{IMAGE}", headers=headers).status_code == 401


def test_the_stored_form_of_a_session_is_no_cookie(home, browser, signed_in):
    """Whoever has read the database, or a backup of it, has no session by that."""
    with opened(home) as db:
        (session,) = rows(db, "SELECT * FROM sessions")
    for value in map(str, session.values()):
        assert browser().get(f"/images/{IMAGE}", headers={"cookie": f"cxr_session={value}"}).status_code == 401


def test_a_stolen_cookie_opens_nothing_once_its_owner_has_signed_out(home, browser, signed_in):
    """Until then it does, from wherever: readers' addresses change, and a proxy has but one."""
    stolen = {"cookie": f"cxr_session={signed_in.cookies['cxr_session']}"}
    thief = browser(client="192.0.2.9")
    assert thief.get(f"/images/{IMAGE}", headers=stolen).status_code == 200
    signed_in.post("/sign-out")
    assert thief.get(f"/images/{IMAGE}", headers=stolen).status_code == 401


def opened_with(signed_in, headers):
    """What the app's socket says to a page that has the reader's cookie and sends these headers."""
    cookie = {"cookie": f"cxr_session={signed_in.cookies['cxr_session']}", "host": "localhost:8501"}
    with signed_in.websocket_connect("/_stcore/stream", headers=cookie | headers) as socket:
        return socket.receive_text()


def test_a_page_of_another_site_or_port_gets_no_socket(signed_in):
    for headers in FOREIGN:
        with pytest.raises(WebSocketDisconnect):
            opened_with(signed_in, headers)


def test_an_own_page_gets_its_socket(signed_in):
    for headers in ({"origin": "http://localhost:8501"}, {"sec-fetch-site": "same-origin"}):
        assert opened_with(signed_in, headers) == "inside"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_another_site_changes_nothing_in_the_name_of_who_is_signed_in(signed_in, method):
    for path in ("/_stcore/upload_file/a/b", f"/images/{IMAGE}/beat", "/sign-out", "/"):
        for headers in FOREIGN:
            assert signed_in.request(method, path, headers=headers).status_code == 403
    assert signed_in.get(f"/images/{IMAGE}").status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_path_leads_to_no_other_file(signed_in, path):
    for method, value in product(("GET", "POST"), ELSEWHERE):
        answer = signed_in.request(method, filled(path, value))
        assert answer.status_code in (200, 204, 303, 400, 401, 404, 405)
        assert b"SQLite" not in answer.content and b"root:" not in answer.content
        assert answer.status_code != 200 or answer.text == "inside", "it is no path of ours any more"


def test_a_name_is_no_sql(home, browser):
    for name in ("' OR 1=1 --", "ann' --", 'ann"; DROP TABLE users; --', "ann\0", "%", "_nn"):
        assert browser().post("/sign-in", data={"name": name, "password": PASSWORD}).status_code == 401
    with opened(home) as db:
        assert [row["name"] for row in rows(db, "SELECT name FROM users")] == ["ann"]


def test_a_form_that_never_ends_is_given_up(home, monkeypatch):
    monkeypatch.setattr(forms, "FORM_SECONDS", 0.05)
    scope = {"type": "http", "method": "POST", "path": "/sign-in", "headers": [], "query_string": b""}

    async def asked():
        return await forms.form(Request(scope, receive=anyio.sleep_forever))

    with pytest.raises(HTTPException) as refused:
        anyio.run(asked)
    assert refused.value.status_code == 408
