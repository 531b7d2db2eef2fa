"""The hospital's own sign-in, with a provider that behaves and with one that doesn't."""

from __future__ import annotations

import json
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from cxr_core import settings
from cxr_core.errors import SettingsError
from cxr_core.store.db import opened, rows
from cxr_core.ui import entrance, hospital_sign_in
from cxr_core.ui.guard import Guard
from cxr_core.ui.hospital_sign_in import streamlits_secrets
from cxr_core.ui.routes import ROUTES
from cxr_core.ui.throttle import MANY
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from tests.ui import odd_provider
from tests.ui.odd_provider import UNKNOWN

SITE = "http://localhost:8501"
HTML = {"accept": "text/html"}
HERE, THERE = "192.0.2.1", "192.0.2.2"
WAYS = ["/sign-in/hospital", "/oauth2callback", "/sign-out/hospital"]


@pytest.fixture
def provider():
    with odd_provider.running() as found:
        yield found


@pytest.fixture
def configured(home, provider, tmp_path, monkeypatch):
    """The home of ann with a password, at which the hospital's sign-in is set up as well."""
    (tmp_path / "secret").write_text("a secret\n")
    for name, value in {
        "SITE_URL": SITE, "OIDC_URL": provider.url, "OIDC_CLIENT": odd_provider.CLIENT,
        "OIDC_SECRET": tmp_path / "secret", "OIDC_ROLES": "radiology=radiologist, cxr-admins=admin",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"CXR_{name}", str(value))
    for throttle in (entrance.THROTTLE, hospital_sign_in.REFUSALS):
        monkeypatch.setattr(throttle, "_attempts", {})
    secrets_singleton.merge_programmatic_secrets(streamlits_secrets(settings.load()))
    yield home
    secrets_singleton._reset()


async def inside(request):
    return HTMLResponse("inside")


@pytest.fixture
def visit():
    """Opens browsers, each without a cookie, before the app with the signed cookie that Streamlit gives it.

    `visit(HERE)` is at that address.
    """
    ways = [*ROUTES, Route("/{path:path}", inside)]
    guards = [Middleware(Guard), Middleware(SessionMiddleware, secret_key="a key", same_site="lax")]
    app = Starlette(routes=ways, middleware=guards)
    return lambda client="testclient": TestClient(app, base_url=SITE, client=(client, 5000), follow_redirects=False)


def sent_there(browser, wanted="/"):
    """What the browser takes along to the provider."""
    answer = browser.get("/sign-in/hospital", params={"next": wanted})
    assert answer.status_code == 302
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def way_back(taken):
    """The address to which the provider sends the browser back: the code is all that its answer needs."""
    code = f"{taken['nonce']} {taken['code_challenge']}"
    return f"/oauth2callback?{urlencode({'code': code, 'state': taken['state']})}"


def came_back(browser, wanted="/"):
    return browser.get(way_back(sent_there(browser, wanted)))


def refusals(home):
    """What the audit log tells of sign-ins that were refused: actors, subjects, details."""
    with opened(home) as db:
        return [tuple(row.values()) for row in rows(db, REFUSALS)]


REFUSALS = "SELECT actor, subject, details FROM audit WHERE action = 'refused sign in'"


def is_outside(browser):
    return browser.get("/history", headers=HTML).status_code == 303


def test_who_is_vouched_for_gets_a_session_of_ours_and_nothing_of_streamlits(configured, visit):
    browser = visit()
    answer = came_back(browser, "/review?image=ab")
    assert answer.status_code == 200
    assert 'content="0;url=/review?image=ab"' in answer.text
    cookies = {each.split("=")[0]: each for each in answer.headers.get_list("set-cookie")}
    assert set(cookies) == {"cxr_session", "session"}
    assert "SameSite=strict" in cookies["cxr_session"]
    assert "HttpOnly" in cookies["cxr_session"]
    assert browser.get("/history").text == "inside"


def test_state_nonce_and_pkce_go_along_though_the_provider_announces_no_pkce(configured, visit):
    first, second = sent_there(visit()), sent_there(visit())
    assert first["code_challenge_method"] == "S256"
    assert first["redirect_uri"] == f"{SITE}/oauth2callback"
    assert (first["client_id"], first["scope"], first["prompt"]) == ("cxr", "openid profile email", "select_account")
    assert all(first[name] != second[name] and len(first[name]) >= 20 for name in ("state", "nonce", "code_challenge"))


@pytest.mark.parametrize(
    "wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "/sign-out", "javascript:1"]
)
def test_nobody_is_sent_elsewhere_by_signing_in(configured, visit, wanted):
    assert 'content="0;url=/"' in came_back(visit(), wanted).text


SPOILT = {
    "by another key": {"key": UNKNOWN},
    "not signed": {"unsigned": True},
    "not signed, as the provider announces": {
        "unsigned": True, "metadata": {"id_token_signing_alg_values_supported": ["none", "RS256"]},
    },
    "for somebody else": {"claims": {"aud": "other"}},
    "for another sign-in": {"claims": {"nonce": "of another"}},
    "without a nonce": {"claims": {"nonce": None}},
    "by another issuer": {"claims": {"iss": "https://evil.example"}},
    "of last week": {"claims": {"exp": int(time.time()) - 7 * 86_400}},
    "of next week": {"claims": {"iat": int(time.time()) + 7 * 86_400}},
    "of nobody": {"claims": {"sub": None}},
    "refused": {"refuses": True},
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILT)
def test_an_answer_that_does_not_hold_lets_nobody_in(configured, provider, visit, how):
    for name, value in SPOILT[how].items():
        setattr(provider, name, value)
    browser = visit()
    answer = came_back(browser)
    assert answer.status_code == 401
    assert "vouch for you" in answer.text
    assert "cxr_session" not in str(answer.headers)
    assert [(who, whose) for who, whose, _ in refusals(configured)] == [("somebody", "")]
    assert is_outside(browser)
    assert [each.account.name for each in people.everybody(settings.load(), COMMAND_LINE)] == ["ann"]


def test_an_answer_for_another_program_is_refused_though_it_names_us_as_the_one_who_asked(configured, provider, visit):
    provider.claims = {"aud": "other", "azp": odd_provider.CLIENT}
    browser = visit()
    assert came_back(browser).status_code == 403
    assert is_outside(browser)


def test_without_a_role_it_is_said_what_is_missing(configured, provider, visit):
    provider.claims = {"roles": ["<b>nurses"]}
    answer = came_back(visit())
    assert answer.status_code == 403
    assert "roles has none of radiology, cxr-admins" in answer.text
    assert "/sign-out/hospital" in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize("query", ["", "?code=a%20b", "?code=a%20b&state=guessed", "?error=access_denied&state=x"])
def test_a_way_back_that_nobody_set_out_on_leads_nowhere(configured, provider, visit, query):
    browser = visit()
    assert browser.get(f"/oauth2callback{query}").status_code == 401
    assert is_outside(browser)
    assert "/token" not in provider.asked


def test_what_a_refusal_says_stands_in_no_log(configured, visit, caplog, capfd):
    browser = visit()
    state = sent_there(browser)["state"]
    told = {"error": "access_denied", "error_description": "forged\nline of Doe^Jane", "state": state}
    assert browser.get("/oauth2callback", params=told).status_code == 401
    assert len(refusals(configured)) == 1
    logged = caplog.text + "".join(capfd.readouterr()) + str(refusals(configured))
    assert "forged" not in logged and "access_denied" not in logged


@pytest.fixture
def at_once(monkeypatch):
    """All that happens happens at the same moment."""
    for doors in (hospital_sign_in, entrance):
        monkeypatch.setattr(doors, "monotonic", lambda: 7.0)


def came_back_often(browser):
    for _ in range(40):
        assert browser.get("/oauth2callback?error=x").status_code == 401


def test_who_comes_back_again_and_again_does_not_fill_the_log(configured, visit, at_once):
    came_back_often(visit())
    assert len(refusals(configured)) == MANY.free


def test_who_comes_back_again_and_again_keeps_no_other_refusal_out_of_the_log(configured, visit, at_once):
    came_back_often(visit(HERE))
    before = len(refusals(configured))
    assert visit(THERE).get("/oauth2callback?error=x").status_code == 401
    assert len(refusals(configured)) == before + 1


def test_who_comes_back_again_and_again_slows_no_password_at_their_address(configured, visit, at_once):
    came_back_often(visit(HERE))
    answer = visit(HERE).post("/sign-in", data={"name": "ann", "password": "a long password"})
    assert answer.status_code == 303


def test_a_way_back_is_gone_once_and_in_the_browser_that_set_out(configured, visit):
    browser, other = visit(), visit()
    address = way_back(sent_there(browser))
    assert other.get(address).status_code == 401
    assert browser.get(address).status_code == 200
    assert browser.get(address).status_code == 401


@pytest.mark.parametrize("key", ["guessed", "right"])
def test_streamlits_own_cookie_opens_nothing_even_if_it_is_signed(configured, visit, key):
    secret = secrets_singleton["auth"]["cookie_secret"] if key == "right" else key
    said = {"iss": "x", "sub": "1001", "aud": "cxr", "roles": ["cxr-admins"], "is_logged_in": True}
    browser = visit()
    browser.cookies.set("_streamlit_user", create_signed_value(secret, "_streamlit_user", json.dumps(said)).decode())
    assert is_outside(browser)
    assert browser.get("/oauth2callback").status_code == 401
    assert is_outside(browser)


def test_a_provider_that_does_not_answer_is_told_and_passwords_still_work(configured, provider, visit, monkeypatch):
    monkeypatch.setattr(provider, "answer", lambda path, form: (503, {}))
    answer = visit().get("/sign-in/hospital")
    assert answer.status_code == 502
    assert "doesn&#x27;t answer" in answer.text
    assert visit().post("/sign-in", data={"name": "ann", "password": "a long password"}).status_code == 303


def test_the_sign_in_page_leads_there_and_back_to_what_was_wanted(configured, visit):
    page = visit().get("/sign-in?next=/review?image=ab").text
    assert 'href="/sign-in/hospital?next=%2Freview%3Fimage%3Dab"' in page
    assert "Sign out there" not in page


def test_signing_out_here_offers_to_sign_out_there(configured, provider, visit):
    browser = visit()
    came_back(browser)
    answer = browser.post("/sign-out")
    assert answer.headers["location"] == "/sign-in?left"
    assert is_outside(browser)
    assert 'href="/sign-out/hospital"' in browser.get("/sign-in?left").text
    out = urlsplit(browser.get("/sign-out/hospital").headers["location"])
    assert f"{out.scheme}://{out.netloc}{out.path}" == f"{provider.url}/out"
    assert dict(parse_qsl(out.query)) == {"a": "b", "client_id": "cxr", "post_logout_redirect_uri": f"{SITE}/sign-in"}


def test_a_provider_without_a_way_out_is_told(configured, provider, visit):
    provider.metadata = {"end_session_endpoint": None}
    answer = visit().get("/sign-out/hospital")
    assert answer.status_code == 502
    assert "close the browser" in answer.text


def test_signing_out_with_a_password_says_nothing_of_the_hospital(configured, visit):
    browser = visit()
    browser.post("/sign-in", data={"name": "ann", "password": "a long password"})
    assert browser.post("/sign-out").headers["location"] == "/sign-in"


@pytest.mark.parametrize("path", WAYS)
def test_where_it_is_not_set_up_there_is_nothing_and_nobody_is_asked(home, provider, visit, path):
    browser = visit()
    assert browser.get(path).status_code == 404
    assert provider.asked == []
    page = browser.get("/sign-in?left").text
    assert "hospital" not in page
    assert streamlits_secrets(settings.load()) is None


@pytest.mark.parametrize("path", ["/auth/login", "/auth/logout", "/auth/login?provider=x"])
def test_streamlits_own_routes_are_closed(configured, visit, path):
    browser = visit()
    came_back(browser)
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff"])
def test_a_secret_that_can_not_be_read_stops_the_program_and_is_named(configured, tmp_path, content):
    (tmp_path / "secret").unlink()
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    with pytest.raises(SettingsError, match=f"CXR_OIDC_SECRET={tmp_path}/secret"):
        streamlits_secrets(settings.load())
