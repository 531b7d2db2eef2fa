"""The routes beside Streamlit's own: signing in and out, the pictures, the export, and where X-rays are sent to."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from math import ceil
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from cxr_core import clock, settings
from cxr_core.errors import BadInput, Conflict, CxrError, IntegrityError, NotAllowed, NotFound
from cxr_core.records import Role, User
from cxr_core.ui import drift_downloads, sign_in, stow
from cxr_core.ui.guard import user_of
from cxr_core.ui.session import COOKIE
from cxr_core.ui.throttle import THROTTLE
from cxr_core.work import accounts, starting
from cxr_core.work.incoming import pictures
from cxr_core.work.reading_room import explaining, recording, reviewing

WEB = Path(__file__).parent / "web"
LARGEST_FORM = 16_384
JUDGED_AT_ONCE = CapacityLimiter(2)
"""Passwords judged at a time, while the others queue: each takes 64 MB and all of a core for a sixth of a second."""
THUMBNAIL = 180
"""Pixels of the longer side of an X-ray that stands in a row of several."""
MADE_AT_ONCE = CapacityLimiter(1)
"""Such X-rays that are made at a time, each of which takes a core for some tenths of a second: pages go before them."""
LOOPBACK = {"127.0.0.1", "::1"}
LOCAL_NAMES = {"127.0.0.1", "[::1]", "localhost"}
STATUS: dict[type[CxrError], int] = {BadInput: 400, NotAllowed: 403, NotFound: 404, IntegrityError: 404, Conflict: 409}
"""The status that answers an error. A stored file that has changed is as good as none."""


def local_path(address: str) -> str:
    """`address` if it is a page of this app, else `/`: nobody is sent elsewhere by signing in."""
    parts = urlsplit(address)
    plain = address.isprintable() and not re.search(r"[\\\s]", address)
    here = plain and not parts.scheme and not parts.netloc and re.match(r"/(?!/)", address)
    return address if here and not address.startswith(("/sign-", "/history.csv", "/drift.")) else "/"


def nearby(request: Request) -> bool:
    """Whether the browser is on this very machine: no proxy between, and no foreign name that resolves to it."""
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    host = re.sub(r":\d+$", "", request.headers.get("host", ""))
    return bool(request.client and request.client.host in LOOPBACK and host in LOCAL_NAMES and not forwarded)


def same_origin(request: Request) -> bool:
    """Whether a POST comes from this app's own pages; programs that send neither header aren't browsers."""
    fetched = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if fetched is not None:
        return fetched == "same-origin"
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _for_user(answer: Callable[[Request, User], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A route for who is signed in: 401 for others, 403 for a POST of another site, and for errors what STATUS says."""

    @wraps(answer)
    async def asked(request: Request) -> Response:
        if request.method == "POST":
            await _form(request)
        user = await run_in_threadpool(user_of, request)
        if user is None:
            return PlainTextResponse("Sign in first.", 401)
        try:
            return await answer(request, user)
        except tuple(STATUS) as error:
            return PlainTextResponse(str(error), STATUS[type(error)])

    return asked


async def show_sign_in(request: Request) -> Response:
    """GET /sign-in."""
    wanted = local_path(request.query_params.get("next", "/"))
    if request.headers.get("sec-fetch-site") == "cross-site":
        return HTMLResponse(sign_in.again(f"/sign-in?next={quote(wanted, safe='')}"), headers=sign_in.HEADERS)
    if await run_in_threadpool(user_of, request):
        return RedirectResponse(wanted, 303)
    return await _page(request, next=wanted)


async def do_sign_in(request: Request) -> Response:
    """POST /sign-in: 303 with a cookie, or the page again: 401 for a wrong name or password, 429 if it's too early."""
    form = await _form(request)
    name, wanted = form.get("name", ""), local_path(form.get("next", "/"))
    client = request.client.host if request.client else ""
    if wait := ceil(THROTTLE.attempt(client, name, monotonic())):
        told = f"Too many attempts: wait {wait} {'seconds' if wait > 1 else 'second'}, then try again."
        refused = await _page(request, 429, next=wanted, name=name, message=told)
        refused.headers["Retry-After"] = str(wait)
        return refused
    judge = partial(accounts.sign_in, settings.load(), name, form.get("password", ""))
    token = await to_thread.run_sync(judge, limiter=JUDGED_AT_ONCE)
    if token is None:
        return await _page(request, 401, next=wanted, name=name, message="The name or the password is wrong.")
    THROTTLE.forgive(client, name)
    return _signed_in(request, token, wanted)


async def make_first_admin(request: Request) -> Response:
    """POST /first-admin, from the machine itself and only while nobody has an account."""
    form = await _form(request)
    _only_nearby(request)
    chosen, name, password = settings.load(), form.get("name", ""), form.get("password", "")
    try:
        await run_in_threadpool(accounts.add_first_admin, chosen.home, name, password)
    except (BadInput, Conflict) as error:
        return await _page(request, 400, message=str(error))
    token = await run_in_threadpool(accounts.sign_in, chosen, name, password)
    return _signed_in(request, token or "", "/")


async def start_demo(request: Request) -> Response:
    """POST /demo, from the machine itself and only while the home is empty."""
    await _form(request)
    _only_nearby(request)
    try:
        await run_in_threadpool(starting.ask_for_demo, settings.load().home)
    except Conflict as error:
        return await _page(request, 409, message=str(error))
    return RedirectResponse("/sign-in", 303)


async def do_sign_out(request: Request) -> Response:
    """POST /sign-out: ends the session in every tab, and takes the pictures out of the browser's cache."""
    await _form(request)
    if token := request.cookies.get(COOKIE):
        await run_in_threadpool(accounts.sign_out, settings.load(), token)
    response = RedirectResponse("/sign-in", 303, headers={"Clear-Site-Data": '"cache"'})
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


@_for_user
async def picture(request: Request, user: User) -> Response:
    """GET /images/{id}: 404 for what isn't there; a browser's copy is checked each time."""
    image = request.path_params["image"]
    path = pictures.path(settings.load().home, user, image)
    headers = {**_checked_each_time(image), "Content-Encoding": "gzip"}
    if _is_there_already(request, image):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


@_for_user
async def thumbnail(request: Request, user: User) -> Response:
    """GET /images/{id}/thumbnail: a small PNG, made when a browser comes to it; 404 for what isn't there."""
    make = partial(pictures.thumbnail, settings.load().home, user, request.path_params["image"], THUMBNAIL)
    small = await to_thread.run_sync(make, limiter=MADE_AT_ONCE)
    return Response(small, media_type="image/png", headers={"Cache-Control": "private, no-store"})


@_for_user
async def heatmap(request: Request, user: User) -> Response:
    """GET /images/{id}/heatmaps/{sha256}: 403 where it may not be seen (yet), 404 for what isn't there."""
    image, wanted = request.path_params["image"], request.path_params["sha256"]
    found = await run_in_threadpool(explaining.heatmap, settings.load().home, user, image, wanted)
    headers = _checked_each_time(wanted)
    if _is_there_already(request, wanted):
        return Response(status_code=304, headers=headers)
    return Response(found, media_type="application/octet-stream", headers=headers)


def _checked_each_time(content: str) -> dict[str, str]:
    """A browser keeps what has this hash, and asks each time whether it may still show it."""
    return {"Cache-Control": "private, no-cache", "ETag": f'"{content}"'}


def _is_there_already(request: Request, content: str) -> bool:
    return f'"{content}"' in request.headers.get("if-none-match", "")


@_for_user
async def beat(request: Request, user: User) -> Response:
    """POST /images/{id}/beat: its reader is at the case."""
    if user.role is Role.RADIOLOGIST:
        await run_in_threadpool(recording.beat, settings.load().home, user, request.path_params["image"])
    return Response(status_code=204)


class ViewerFiles(StaticFiles):
    """The viewer's modules. A browser's copy is checked each time: after an update there is a new one."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """As Starlette's, with the order to ask again."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


@_for_user
async def history_csv(request: Request, user: User) -> Response:
    """GET /history.csv: all reads, or with `?whose=mine` the own ones."""
    reader = user.id if request.query_params.get("whose") == "mine" else None
    text = await run_in_threadpool(reviewing.history_csv, settings.load().home, user, reader)
    return _attachment(text, "text/csv", f"reads-{clock.now():%Y-%m-%d}.csv")


@_for_user
async def drift_report(request: Request, user: User) -> Response:
    """GET /drift.html, .csv or .json?days=: what the drift page shows; 400 for what it doesn't offer, 404, 409."""
    kind = request.path_params["kind"]
    view = drift_downloads.asked_for(request.query_params)
    if kind not in drift_downloads.KINDS:
        raise BadInput("Choose a file on the drift page.")
    try:
        text = await run_in_threadpool(drift_downloads.made, settings.load().home, user, view, kind)
    except BadInput as error:  # the page may have offered it when this was asked for
        raise Conflict(str(error)) from error
    return _attachment(text, drift_downloads.KINDS[kind], f"drift-{clock.now():%Y-%m-%d}.{kind}")


def _attachment(text: str, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, media_type=media_type, headers=headers)


async def first_page(request: Request) -> Response:
    """GET /worklist: the first page lies at / for Streamlit, whatever its name."""
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/", 303)


async def _page(request: Request, status: int = 200, **shown: str) -> Response:
    def view() -> sign_in.View:
        home, close = settings.load().home, nearby(request)
        nobody, demo = accounts.nobody_yet(home), starting.demo_job(home)
        preparing = bool(nobody and demo and demo.state.is_open)
        known = accounts.shown_accounts(home) if close and not nobody else []
        return sign_in.View(nobody=nobody, nearby=close, preparing=preparing, accounts=known, **shown)

    return HTMLResponse(sign_in.page(await run_in_threadpool(view)), status, headers=sign_in.HEADERS)


def _signed_in(request: Request, token: str, wanted: str) -> Response:
    response = RedirectResponse(wanted, 303)
    secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
    response.set_cookie(COOKIE, token, path="/", httponly=True, samesite="strict", secure=secure)
    return response


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form that one of our own pages sent. Raises HTTPException 403 or 413."""
    if not same_origin(request):
        raise HTTPException(403, "This form was sent by another site.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise HTTPException(413, "This form is too long.")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def _only_nearby(request: Request) -> None:
    if not nearby(request):
        raise HTTPException(403, "This is possible only on the machine itself, at http://localhost.")


ROUTES = [
    Route("/sign-in", show_sign_in, methods=["GET"]),
    Route("/sign-in", do_sign_in, methods=["POST"]),
    Route("/sign-out", do_sign_out, methods=["POST"]),
    Route("/first-admin", make_first_admin, methods=["POST"]),
    Route("/demo", start_demo, methods=["POST"]),
    Route("/worklist", first_page, methods=["GET"]),
    Route("/images/{image}", picture, methods=["GET"]),
    Route("/images/{image}/thumbnail", thumbnail, methods=["GET"]),
    Route("/images/{image}/heatmaps/{sha256}", heatmap, methods=["GET"]),
    Route("/images/{image}/beat", beat, methods=["POST"]),
    Mount("/viewer", ViewerFiles(directory=WEB)),
    Route("/history.csv", history_csv, methods=["GET"]),
    Route("/drift.{kind}", drift_report, methods=["GET"]),
    stow.ROUTE,
]
