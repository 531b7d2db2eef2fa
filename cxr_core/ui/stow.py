"""STOW-RS (DICOM PS3.18, 10.5) for those who may send: a bearer token lets in, and no cookie is looked at."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from math import ceil
from pathlib import Path
from time import monotonic

from anyio import CapacityLimiter, WouldBlock, fail_after
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from cxr_core import settings
from cxr_core.errors import RejectedFile, SettingsError
from cxr_core.pacs.web import stow
from cxr_core.pacs.web.multipart import Limits
from cxr_core.pacs.web.stow import Failed, Stored
from cxr_core.records import MEGABYTE
from cxr_core.settings import Settings
from cxr_core.store.senders import Sender
from cxr_core.ui.doors import to_anybody
from cxr_core.ui.throttle import Throttle
from cxr_core.work.hospital import receiving

BODIES_AT_ONCE = CapacityLimiter(4)
"""Each may hold an X-ray in memory, and its sealed copy."""
IDLE_SECONDS = 60.0
"""After which a sender of whom nothing comes gives its place to others."""
BODY_SECONDS = 600.0
"""That a whole body may be waited for, however often something of it comes."""
AGAIN_SECONDS = 30
"""What a sender is asked to wait for room, or for others to end."""
TOKENS = Throttle()
"""Of wrong tokens, by address. It slows no sign-in, and nobody with a right one: no token can be found by trying."""

log = logging.getLogger(__name__)


@to_anybody("a sender's token; no session counts")
async def store(request: Request) -> Response:
    """POST /dicom-web/studies, or /dicom-web/studies/{study}: 200, 202 or 409 by what became of the objects.

    401 and 429 without a token, 406, 413 and 415 as PS3.18 has them, 503 while the site can't receive.
    """
    chosen = settings.load()
    sender = await run_in_threadpool(_sender, chosen.home, request)
    if sender is None:
        return _turned_away(request)
    if not stow.acceptable(",".join(request.headers.getlist("accept"))):
        return PlainTextResponse(f"The answer is {stow.ANSWER_TYPE}.", 406)
    try:
        await run_in_threadpool(receiving.require_key, chosen.home)
    except SettingsError as error:
        log.error("%s sends, and nothing is taken: %s", sender.name, error)
        return _later("This site can't receive yet: its log says why.")
    try:
        BODIES_AT_ONCE.acquire_nowait()
    except WouldBlock:
        return _later("Others are sending: try again.")
    try:
        return await _stored(chosen, sender, request)
    finally:
        BODIES_AT_ONCE.release()


async def _stored(chosen: Settings, sender: Sender, request: Request) -> Response:
    limits = Limits(part=min(Limits.part, chosen.max_upload_mb * MEGABYTE))
    study = request.path_params.get("study")
    stored: list[Stored] = []
    failed: list[Failed] = []
    try:
        async for file in stow.parts(request.headers.get("content-type", ""), _pieces(request), limits):
            taken = await run_in_threadpool(receiving.take, chosen, sender, file, study)
            if taken.refused is None:
                stored.append(Stored(taken.sop_class, taken.instance))
            else:
                log.warning("%s sent what isn't taken: %s", sender.name, taken.why)
                failed.append(Failed(taken.sop_class, taken.instance, taken.refused))
    except RejectedFile as error:
        status, words = stow.refused(error)
        return PlainTextResponse(words, status)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    except TimeoutError:
        return PlainTextResponse("The body stopped coming, or came too slowly: send it again.", 408)
    status, body = stow.answer(stored, failed)
    return Response(body, status, headers=_again(status), media_type=stow.ANSWER_TYPE)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes in. Raises TimeoutError where nothing comes for IDLE_SECONDS, or all of it too slowly.

    Only waiting counts: what is done with the pieces is no fault of the sender's.
    """
    stream, left = request.stream(), BODY_SECONDS
    while True:
        began = monotonic()
        with fail_after(min(IDLE_SECONDS, left)):
            piece = await anext(stream, None)
        left -= monotonic() - began
        if piece is None:
            return
        yield piece


def _sender(home: Path, request: Request) -> Sender | None:
    token = _token(request)
    return receiving.sender_bearing(home, token, _address(request)) if token else None


def _turned_away(request: Request) -> Response:
    """401 (RFC 6750), or 429 where many wrong tokens come from an address. Without any, a client asks for the way."""
    address = _address(request)
    if _token(request):
        if wait := ceil(TOKENS.attempt(address, "a token", monotonic())):
            return PlainTextResponse("Too many attempts.", 429, {"Retry-After": str(wait)})
        log.warning("a sender at %r has a token that isn't good there", address)
    return PlainTextResponse("A token is needed.", 401, {"WWW-Authenticate": 'Bearer realm="STOW-RS"'})


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _later(words: str) -> Response:
    return PlainTextResponse(words, 503, _again(503))


def _again(status: int) -> dict[str, str]:
    return {"Retry-After": str(AGAIN_SECONDS)} if status == 503 else {}


ROUTE = Mount(
    "/dicom-web",
    routes=[Route("/studies", store, methods=["POST"]), Route("/studies/{study}", store, methods=["POST"])],
)
"""Nothing else below it is there for anybody, signed in or not."""
