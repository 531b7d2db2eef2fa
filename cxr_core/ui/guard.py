"""The door of the app: no page, socket, upload or picture without a session, and headers that keep others out."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import file_util

from cxr_core import settings
from cxr_core.records import User
from cxr_core.ui.forms import same_origin
from cxr_core.ui.session import COOKIE
from cxr_core.work import accounts

OPEN = re.compile(
    r"/(sign-in(/hospital)?|oauth2callback|sign-out(/hospital)?|password|first-admin|demo|healthz|readyz|metrics"
    r"|images/.*|dicom-web/.*|_stcore/health|static/.*|favicon\.png|manifest\.json)"
)
"""What needs no session, or asks for it itself (the pictures), or for a token (what sends X-rays, or monitors).
Streamlit's bundle holds nothing of the site."""
READING = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that change nothing."""
BY_TOKEN = re.compile(r"/dicom-web/.*")
"""Where no cookie counts, so that no page of another site can send."""
CLOSED = re.compile(r"/.*_stcore/agent(/.*)?|/auth(/.*)?")
"""Streamlit's interface for programs: a second way into every page, which nobody here needs. And its own sign-in, which
`hospital_sign_in` alone calls."""


def inline_script_hashes() -> str:
    """CSP sources (sha256) of the scripts written inside Streamlit's own index.html."""
    page = (file_util.get_static_dir() + "/index.html").replace("\\", "/")
    with open(page, encoding="utf-8") as file:
        scripts = re.findall(r"<script>(.*?)</script>", file.read(), re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    return " ".join(f"'sha256-{digest}'" for digest in digests)


# blob: is how Streamlit loads components; inline styles are how its interface is drawn.
POLICY = "; ".join((
    "default-src 'none'", f"script-src 'self' blob: {inline_script_hashes()}", "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:", "font-src 'self' data:", "connect-src 'self' blob: data:", "worker-src 'self' blob:",
    "manifest-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
))  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers hide the origin of our own forms from us, too
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def user_of(connection: HTTPConnection) -> User | None:
    """The signed-in user behind a request, by its cookie."""
    return accounts.user_of(settings.load(), connection.cookies.get(COOKIE))


class Guard:
    """ASGI middleware: turns away who isn't signed in, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            refusal = await _refusal(scope)
            await (refusal or self.app)(scope, receive, _with_headers(send))

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not same_origin(HTTPConnection(scope)):
            await send({"type": "websocket.close", "code": 1008, "reason": "a page of another site"})
        elif await run_in_threadpool(user_of, HTTPConnection(scope)):
            await self.app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": "sign in first"})


async def _refusal(scope: Scope) -> Response | None:
    """Why a request goes no further, or None if it may pass."""
    if CLOSED.fullmatch(scope["path"]):
        return PlainTextResponse("There is nothing here.", 404)
    if (
        scope["method"] not in READING
        and not BY_TOKEN.fullmatch(scope["path"])
        and not same_origin(HTTPConnection(scope))
    ):
        return PlainTextResponse("This was sent by another site.", 403)
    if OPEN.fullmatch(scope["path"]):
        return None
    if await run_in_threadpool(user_of, HTTPConnection(scope)):
        return None
    if scope["method"] in ("GET", "HEAD") and "text/html" in Headers(scope=scope).get("accept", ""):
        query = scope["query_string"].decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", 303)
    return PlainTextResponse("Sign in first.", 401)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
