"""The routes of the way in and out: signing in, the first admin, one's own password, signing out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import ceil
from time import monotonic
from typing import Any
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from cxr_core import settings
from cxr_core.errors import BadInput, Conflict, NotAllowed
from cxr_core.ui import entry, forms, sign_in
from cxr_core.ui.doors import to_anybody
from cxr_core.ui.guard import user_of
from cxr_core.ui.session import COOKIE
from cxr_core.ui.throttle import THROTTLE
from cxr_core.work import accounts, people, starting, vouching
from cxr_core.work.accounts import Judged

JUDGED_AT_ONCE = CapacityLimiter(2)
"""Passwords judged at a time, while the others queue: each takes 64 MB and all of a core for a sixth of a second."""


@to_anybody()
async def show_sign_in(request: Request) -> Response:
    """GET /sign-in."""
    wanted = forms.local_path(request.query_params.get("next", "/"))
    if request.headers.get("sec-fetch-site") == "cross-site":
        return HTMLResponse(sign_in.again(f"/sign-in?next={quote(wanted, safe='')}"), headers=sign_in.HEADERS)
    if await run_in_threadpool(user_of, request):
        return RedirectResponse(wanted, 303)
    return await entry.page(request, next=wanted, left="left" in request.query_params)


@to_anybody("a name and its password")
async def do_sign_in(request: Request) -> Response:
    """POST /sign-in: 303 with a cookie, or the page again: 401 for a wrong name or password, 429 if it's too early.

    With a password that an admin gave comes the form for a new one.
    """
    form = await forms.form(request)
    shown: dict[str, Any] = {"name": form.get("name", ""), "next": forms.local_path(form.get("next", "/"))}
    ask = partial(accounts.judge, settings.load(), shown["name"], form.get("password", ""))
    judged = await _judged(request, shown["name"], ask)
    if judged.must_change:
        return await entry.page(
            request, **shown, change=True, message="This password was given to you: choose your own."
        )
    return await _answer(request, judged, shown)


@to_anybody()
async def show_password(request: Request) -> Response:
    """GET /password: the form for another password, for who is signed in or not."""
    user = await run_in_threadpool(user_of, request)
    return await entry.page(request, name=user.name if user else "", change=True)


@to_anybody("a name and its password")
async def do_password(request: Request) -> Response:
    """POST /password: 303 with a cookie, or the form again: 400 for a new password that won't do, 401, 429."""
    form = await forms.form(request)
    shown: dict[str, Any] = {"name": form.get("name", ""), "next": "/", "change": True}
    old, new = form.get("password", ""), form.get("new", "")
    if new != form.get("again", ""):
        return await entry.page(request, 400, **shown, message="The new password was typed in two ways.")
    try:
        ask = partial(accounts.change_password, settings.load(), shown["name"], old, new)
        return await _answer(request, await _judged(request, shown["name"], ask), shown)
    except BadInput as error:
        return await entry.page(request, 400, **shown, message=f"{str(error).capitalize()}.")


async def _judged(request: Request, name: str, ask: Callable[[], Judged]) -> Judged:
    """What becomes of a name and a password; whoever guesses waits before they are looked at."""
    client = request.client.host if request.client else ""
    wait = THROTTLE.attempt(client, name, monotonic())
    if wait and await _is_unlocked(client, name):
        wait = THROTTLE.attempt(client, name, monotonic())
    if wait:
        return Judged(wait_seconds=ceil(wait))
    judged = await to_thread.run_sync(ask, limiter=JUDGED_AT_ONCE)
    if judged.token or judged.must_change:
        THROTTLE.forgive(client, name)
    return judged


async def _is_unlocked(client: str, name: str) -> bool:
    """Whether an admin let this name be tried again at once after it was tried here last. The address waits as ever."""
    since = await run_in_threadpool(accounts.unlocked_since, settings.load(), name)
    return since is not None and THROTTLE.begin_anew(client, name, monotonic() - since)


async def _answer(request: Request, judged: Judged, shown: dict[str, Any]) -> Response:
    if judged.token:
        return entry.let_in(request, judged.token, shown["next"])
    if judged.wait_seconds:
        told = f"Too many attempts: wait {_told(judged.wait_seconds)}, then try again."
        refused = await entry.page(request, 429, **shown, message=told)
        refused.headers["Retry-After"] = str(judged.wait_seconds)
        return refused
    return await entry.page(request, 401, **shown, message="The name or the password is wrong.")


def _told(seconds: int) -> str:
    number, unit = (seconds, "second") if seconds < 120 else (ceil(seconds / 60), "minute")
    return f"{number} {unit}{'s' if number > 1 else ''}"


@to_anybody("the code from the console, while nobody has an account")
async def make_first_admin(request: Request) -> Response:
    """POST /first-admin, with the code from the console and only while nobody has an account: 303, 400, 403 or 429."""
    form = await forms.form(request)
    chosen, name, password = settings.load(), form.get("name", ""), form.get("password", "")
    client = request.client.host if request.client else ""
    if wait := ceil(THROTTLE.attempt(client, people.FIRST_CODE, monotonic())):
        told = f"Too many attempts: wait {_told(wait)}, then try again."
        return await entry.page(request, 429, name=name, message=told)
    try:
        await run_in_threadpool(people.add_first_admin, chosen.home, form.get("code", ""), name, password)
    except (BadInput, Conflict, NotAllowed) as error:
        status = 403 if isinstance(error, NotAllowed) else 400
        return await entry.page(request, status, name=name, message=str(error))
    token = await run_in_threadpool(partial(accounts.sign_in, chosen, name, password))
    return entry.let_in(request, token or "", "/")


@to_anybody("to be on the machine itself, while nobody has an account")
async def start_demo(request: Request) -> Response:
    """POST /demo, from the machine itself and only while the home is empty."""
    await forms.form(request)
    forms.require_nearby(request)
    try:
        await run_in_threadpool(starting.ask_for_demo, settings.load().home)
    except Conflict as error:
        return await entry.page(request, 409, message=str(error))
    return RedirectResponse("/sign-in", 303)


@to_anybody()
async def do_sign_out(request: Request) -> Response:
    """POST /sign-out: ends the session in every tab, with `everywhere` on every machine, and empties the cache."""
    form = await forms.form(request)
    chosen, token = settings.load(), request.cookies.get(COOKIE)
    user = await run_in_threadpool(user_of, request)
    vouched = user is not None and await run_in_threadpool(vouching.is_vouched_for, chosen, user)
    if user and "everywhere" in form:
        await run_in_threadpool(accounts.sign_out_everywhere, chosen.home, user)
    elif token:
        await run_in_threadpool(accounts.sign_out, chosen, token)
    place = "/sign-in?left" if vouched else "/sign-in"
    response = RedirectResponse(place, 303, headers={"Clear-Site-Data": '"cache"'})
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


ROUTES = [
    Route("/sign-in", show_sign_in, methods=["GET"]),
    Route("/sign-in", do_sign_in, methods=["POST"]),
    Route("/password", show_password, methods=["GET"]),
    Route("/password", do_password, methods=["POST"]),
    Route("/sign-out", do_sign_out, methods=["POST"]),
    Route("/first-admin", make_first_admin, methods=["POST"]),
    Route("/demo", start_demo, methods=["POST"]),
]
