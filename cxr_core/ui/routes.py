"""The routes beside Streamlit's own: signing in and out, the pictures, the export, and where X-rays are sent to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from cxr_core import clock, settings
from cxr_core.errors import BadInput, Conflict, CxrError, IntegrityError, NotAllowed, NotFound
from cxr_core.records import User
from cxr_core.ui import audit_filters, drift_downloads, entrance, forms, hospital_sign_in, stow, watched
from cxr_core.ui.doors import SIGNED_IN, Door, opened_to
from cxr_core.ui.guard import user_of
from cxr_core.work.auditing import browsing
from cxr_core.work.drift import reporting
from cxr_core.work.guarding import UseCase, roles_of
from cxr_core.work.incoming import pictures
from cxr_core.work.reading_room import explaining, recording, reviewing

ForUser = Callable[[Request, User], Awaitable[Response]]
WEB = Path(__file__).parent / "web"
THUMBNAIL = 180
"""Pixels of the longer side of an X-ray that stands in a row of several."""
MADE_AT_ONCE = CapacityLimiter(1)
"""Such X-rays that are made at a time, each of which takes a core for some tenths of a second: pages go before them."""
STATUS: dict[type[CxrError], int] = {BadInput: 400, NotAllowed: 403, NotFound: 404, IntegrityError: 404, Conflict: 409}
"""The status that answers an error. A stored file that has changed is as good as none."""


def _for_user(use: UseCase) -> Callable[[ForUser], Callable[[Request], Awaitable[Response]]]:
    """A route for those whom a use case is open to, which is what it does and what turns others away.

    401 for who isn't signed in, 403 for a POST of another site, and for errors what STATUS says.
    """

    def route(answer: ForUser) -> Callable[[Request], Awaitable[Response]]:
        @opened_to(Door(roles_of(use)))
        @wraps(answer)
        async def asked(request: Request) -> Response:
            if request.method == "POST":
                await forms.form(request)
            user = await run_in_threadpool(user_of, request)
            if user is None:
                return PlainTextResponse("Sign in first.", 401)
            try:
                return await answer(request, user)
            except tuple(STATUS) as error:
                return PlainTextResponse(str(error), STATUS[type(error)])

        return asked

    return route


class Picture(FileResponse):
    """A file of some megabytes, in few pieces: each costs a change of threads, which fifty readers would feel."""

    chunk_size = 2**20


@_for_user(pictures.path)
async def picture(request: Request, user: User) -> Response:
    """GET /images/{id}: 404 for what isn't there; a browser's copy is checked each time."""
    image = request.path_params["image"]
    path = await run_in_threadpool(pictures.path, settings.load().home, user, image)
    headers = {**_checked_each_time(image), "Content-Encoding": "gzip"}
    if _is_there_already(request, image):
        return Response(status_code=304, headers=headers)
    return Picture(path, media_type="application/octet-stream", headers=headers)


@_for_user(pictures.thumbnail)
async def thumbnail(request: Request, user: User) -> Response:
    """GET /images/{id}/thumbnail: a small PNG, made when a browser comes to it; 404 for what isn't there."""
    make = partial(pictures.thumbnail, settings.load().home, user, request.path_params["image"], THUMBNAIL)
    small = await to_thread.run_sync(make, limiter=MADE_AT_ONCE)
    return Response(small, media_type="image/png", headers={"Cache-Control": "private, no-store"})


@_for_user(explaining.heatmap)
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


@_for_user(recording.beat)
async def beat(request: Request, user: User) -> Response:
    """POST /images/{id}/beat: its reader is at the case."""
    await run_in_threadpool(recording.beat, settings.load().home, user, request.path_params["image"])
    return Response(status_code=204)


class ViewerFiles(StaticFiles):
    """The viewer's modules. A browser's copy is checked each time: after an update there is a new one."""

    door = SIGNED_IN

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """As Starlette's, with the order to ask again."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


@_for_user(reviewing.history_csv)
async def history_csv(request: Request, user: User) -> Response:
    """GET /history.csv: all reads, or with `?whose=mine` the own ones."""
    reader = user.id if request.query_params.get("whose") == "mine" else None
    text = await run_in_threadpool(reviewing.history_csv, settings.load().home, user, reader)
    return _attachment(text, "text/csv", f"reads-{clock.now():%Y-%m-%d}.csv")


@_for_user(browsing.export_csv)
async def audit_csv(request: Request, user: User) -> Response:
    """GET /audit.csv: the rows of the log that the audit page's filters leave, in pieces; 400 for what it hasn't."""
    wanted = audit_filters.wanted(request.query_params)
    pieces = await run_in_threadpool(browsing.export_csv, settings.load().home, user, wanted)
    headers = _as_file(f"audit-{clock.now():%Y-%m-%d}.csv")
    return StreamingResponse(pieces, media_type="text/csv", headers=headers)


@_for_user(reporting.report)
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
    return Response(text, media_type=media_type, headers=_as_file(name))


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


@opened_to(SIGNED_IN)
async def first_page(request: Request) -> Response:
    """GET /worklist: the first page lies at / for Streamlit, whatever its name."""
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/", 303)


ROUTES = [
    *entrance.ROUTES,
    *hospital_sign_in.ROUTES,
    Route("/worklist", first_page, methods=["GET"]),
    Route("/images/{image}", picture, methods=["GET"]),
    Route("/images/{image}/thumbnail", thumbnail, methods=["GET"]),
    Route("/images/{image}/heatmaps/{sha256}", heatmap, methods=["GET"]),
    Route("/images/{image}/beat", beat, methods=["POST"]),
    Mount("/viewer", ViewerFiles(directory=WEB)),
    Route("/history.csv", history_csv, methods=["GET"]),
    Route("/audit.csv", audit_csv, methods=["GET"]),
    Route("/drift.{kind}", drift_report, methods=["GET"]),
    stow.ROUTE,
    *watched.ROUTES,
]
