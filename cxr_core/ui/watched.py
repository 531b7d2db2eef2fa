"""What monitors the service asks: whether it lives, whether it is ready, and its figures. No session, no cookie."""

from __future__ import annotations

import hmac
import logging
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from cxr_core import settings
from cxr_core.ui.doors import to_anybody
from cxr_core.ui.forms import nearby
from cxr_core.work.exposition import MEDIA_TYPE
from cxr_core.work.service import figures, health

FRESH = {"Cache-Control": "no-store"}

log = logging.getLogger(__name__)


@to_anybody()
async def healthz(request: Request) -> Response:
    """GET /healthz: 200 where this process answers and the database can be read, else 503."""
    lives = await run_in_threadpool(health.alive, settings.load().home)
    return PlainTextResponse("ok\n" if lives else "the database can't be read\n", 200 if lives else 503, FRESH)


@to_anybody()
async def readyz(request: Request) -> Response:
    """GET /readyz: what must hold for an X-ray to be read, and whether it does; 503 where anything doesn't."""
    found = await run_in_threadpool(health.readiness, settings.load())
    return JSONResponse(found, 200 if all(found.values()) else 503, FRESH)


@to_anybody("this machine, or the token of CXR_METRICS_TOKEN")
async def metrics(request: Request) -> Response:
    """GET /metrics: for this machine, and for whom has the token of CXR_METRICS_TOKEN; 403 for others."""
    chosen = settings.load()
    if not (nearby(request) or await run_in_threadpool(_bears_token, request, chosen.metrics_token)):
        return PlainTextResponse("Figures are for this machine, or with the token of CXR_METRICS_TOKEN.\n", 403)
    text = await run_in_threadpool(figures.figures, chosen)
    return Response(text, headers={"Content-Type": MEDIA_TYPE, **FRESH})


def _bears_token(request: Request, file: Path | None) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if file is None or scheme.lower() != "bearer":
        return False
    try:
        wanted = file.read_bytes().strip()
    except OSError as error:
        log.error("the file that CXR_METRICS_TOKEN names can't be read: %s", error.strerror)
        return False
    return bool(wanted) and hmac.compare_digest(given.strip().encode(), wanted)


ROUTES = [Route(f"/{answer.__name__}", answer, methods=["GET"]) for answer in (healthz, readyz, metrics)]
