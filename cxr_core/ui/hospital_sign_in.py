"""The hospital's own sign-in (OpenID Connect), by Streamlit's, which leads there and checks what comes back.

Authlib, below it, sees to state, nonce, PKCE, signature, issuer and times. Streamlit would then keep who it is in a
cookie for a month, which nothing could end; that cookie is read here and sent to nobody; a session of our own begins.
"""

from __future__ import annotations

import base64
import json
import secrets
from http.cookies import SimpleCookie
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from streamlit.auth_util import build_logout_url, encode_provider_token, get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_auth_routes import create_auth_routes
from streamlit.web.server.starlette.starlette_server_config import TOKENS_COOKIE_NAME, USER_COOKIE_NAME

from cxr_core import settings
from cxr_core.errors import SettingsError
from cxr_core.settings import Settings
from cxr_core.ui import entry, forms, sign_in
from cxr_core.ui.doors import to_anybody
from cxr_core.ui.throttle import Throttle
from cxr_core.work import vouching

_STREAMLITS = {route.path: route.endpoint for route in create_auth_routes("")}
BACK = "/oauth2callback"
"""Where the provider sends browsers back to: the address that is registered there, after that of the site."""
WANTED = "wanted"
"""Key of Streamlit's signed cookie for the time of a sign-in: the page to go to afterwards."""
REFUSALS = Throttle()
"""Of who isn't vouched for, by address. It slows no password, and keeps no other address's refusals out of the log."""
BROKEN_OFF = (
    "The hospital's sign-in didn't vouch for you: it was broken off, took too long, or gave no answer that holds."
)
NO_ANSWER = "The hospital's sign-in doesn't answer. Try again, or sign in with a name and a password of this program."
NO_WAY_OUT = "The hospital's sign-in can't be left from here: close the browser, so that it forgets you."


def streamlits_secrets(chosen: Settings) -> dict[str, Any] | None:
    """What Streamlit wants to know, from our settings; None where the hospital has no sign-in of its own.

    What signs a sign-in under way is made up at each start and known to nobody. Raises SettingsError.
    """
    if not chosen.oidc_url:
        return None
    return {
        "auth": {
            "redirect_uri": f"{chosen.site_url.rstrip('/')}{BACK}",
            "cookie_secret": secrets.token_hex(32),
            "client_id": chosen.oidc_client,
            "client_secret": _client_secret(chosen),
            "server_metadata_url": discovery(chosen),
            "client_kwargs": {
                "scope": chosen.oidc_scope,
                "prompt": chosen.oidc_prompt,
                "code_challenge_method": "S256",  # else Streamlit leaves PKCE out where it isn't announced
            },
        }
    }


def _client_secret(chosen: Settings) -> str:
    try:
        found = chosen.oidc_secret.read_text(encoding="utf-8").strip() if chosen.oidc_secret else ""
    except (OSError, ValueError) as error:
        raise SettingsError(f"CXR_OIDC_SECRET={chosen.oidc_secret}: {error}") from error
    if not found:
        raise SettingsError(f"CXR_OIDC_SECRET={chosen.oidc_secret}: the file is empty")
    return found


def discovery(chosen: Settings) -> str:
    """Where the provider says what it can do (OpenID Connect Discovery, 4)."""
    known = "/.well-known/openid-configuration"
    return chosen.oidc_url if chosen.oidc_url.endswith(known) else f"{chosen.oidc_url}{known}"


@to_anybody("the hospital to vouch")
async def begin(request: Request) -> Response:
    """GET /sign-in/hospital: to the provider, 404 where there is none, 502 where it doesn't answer."""
    if not settings.load().oidc_url:
        return _nothing()
    asked = urlencode({"provider": encode_provider_token("default")})
    inner = Request({**request.scope, "query_string": asked.encode()}, request.receive)
    answer: Response = await _STREAMLITS["/auth/login"](inner)
    if answer.status_code != 302:
        return await entry.page(request, 502, message=NO_ANSWER)
    request.session[WANTED] = forms.local_path(request.query_params.get("next", "/"))
    return answer


@to_anybody("the hospital to vouch")
async def back(request: Request) -> Response:
    """GET /oauth2callback: with a session's cookie on to the page that was wanted; 401, 403 or 404.

    The page goes there by itself, for what comes from elsewhere has no SameSite=Strict cookie with it.
    """
    chosen = settings.load()
    if not chosen.oidc_url:
        return _nothing()
    # Streamlit would log what a refusal says, word for word, whoever wrote it (OpenID Connect Core, 3.1.2.6).
    said = None if "error" in request.query_params else _said(await _STREAMLITS[BACK](request))
    wanted = forms.local_path(request.session.pop(WANTED, "/"))
    if said is None:
        return await _refused(request, chosen, wanted)
    admitted = await run_in_threadpool(vouching.sign_in, chosen, said)
    if not admitted.token:
        return await entry.page(request, 403, message=f"Not signed in: {admitted.refused}.", left=True)
    return entry.with_cookie(request, HTMLResponse(sign_in.again(wanted), headers=sign_in.HEADERS), admitted.token)


async def _refused(request: Request, chosen: Settings, wanted: str) -> Response:
    """Note it, if not so often that whoever comes here again and again could fill the log; 401."""
    client = request.client.host if request.client else ""
    if not REFUSALS.attempt(client, None, monotonic()):
        await run_in_threadpool(vouching.refuse, chosen)
    return await entry.page(request, 401, message=BROKEN_OFF, next=wanted)


def _said(answer: Response) -> dict[str, Any] | None:
    """What the provider said of somebody, out of the cookies that Streamlit's answer would set; None if none holds."""
    cookies: SimpleCookie = SimpleCookie()
    for header in answer.headers.getlist("set-cookie"):
        cookies.load(header)
    found = _kept(cookies, USER_COOKIE_NAME)
    return found if found and _is_signed(str(_kept(cookies, TOKENS_COOKIE_NAME).get("id_token"))) else None


def _kept(cookies: SimpleCookie, name: str) -> dict[str, Any]:
    def signed(part: str) -> bytes | None:
        return decode_signed_value(get_cookie_secret(), part, cookies[part].value) if part in cookies else None

    found = get_cookie_with_chunks(signed, name)
    return json.loads(found) if found else {}


def _is_signed(id_token: str) -> bool:
    """Authlib takes an unsigned token, too, from a provider that says that it makes some."""
    header = id_token.partition(".")[0]
    return json.loads(base64.urlsafe_b64decode(header + "==")).get("alg", "none").lower() != "none"


@to_anybody()
async def leave(request: Request) -> Response:
    """GET /sign-out/hospital: to the provider's own sign-out (OpenID Connect RP-Initiated Logout), which asks first."""
    chosen = settings.load()
    if not chosen.oidc_url:
        return _nothing()
    way_out = await _way_out(chosen)
    if not way_out:
        return await entry.page(request, 502, message=NO_WAY_OUT)
    return RedirectResponse(
        build_logout_url(way_out, chosen.oidc_client, f"{chosen.site_url.rstrip('/')}/sign-in"), 303
    )


async def _way_out(chosen: Settings) -> str | None:
    try:
        async with httpx.AsyncClient() as client:
            answer = (await client.get(discovery(chosen))).raise_for_status()
        return answer.json().get("end_session_endpoint")
    except (httpx.HTTPError, ValueError):
        return None


def _nothing() -> Response:
    return PlainTextResponse("There is nothing here.", 404)


ROUTES = [
    Route("/sign-in/hospital", begin, methods=["GET"]),
    Route(BACK, back, methods=["GET"]),
    Route("/sign-out/hospital", leave, methods=["GET"]),
]
