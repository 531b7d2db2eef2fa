"""What every way in ends with: the sign-in page, or a session's cookie."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cxr_core import settings
from cxr_core.ui import forms, sign_in
from cxr_core.ui.session import COOKIE
from cxr_core.work import accounts, starting


async def page(request: Request, status: int = 200, **shown: Any) -> Response:
    """The sign-in page, with what a `sign_in.View` may show."""

    def view() -> sign_in.View:
        chosen, close = settings.load(), forms.nearby(request)
        home, shown["hospital"] = chosen.home, bool(chosen.oidc_url)
        shown["left"] = shown["hospital"] and shown.get("left", False)
        nobody, demo = accounts.nobody_yet(home), starting.demo_job(home)
        preparing = bool(nobody and demo and demo.state.is_open)
        known = accounts.shown_accounts(home) if close and not nobody else []
        return sign_in.View(nobody=nobody, nearby=close, preparing=preparing, accounts=known, **shown)

    return HTMLResponse(sign_in.page(await run_in_threadpool(view)), status, headers=sign_in.HEADERS)


def let_in(request: Request, token: str, wanted: str) -> Response:
    """Send a browser on to a page of the app, with the cookie of its session."""
    return with_cookie(request, RedirectResponse(wanted, 303), token)


def with_cookie(request: Request, response: Response, token: str) -> Response:
    """An answer that brings the cookie of a session."""
    secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
    response.set_cookie(COOKIE, token, path="/", httponly=True, samesite="strict", secure=secure)
    return response
