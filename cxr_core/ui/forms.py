"""What browsers send: forms of this app's own pages, and from where."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from anyio import fail_after
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request

LARGEST_FORM = 16_384
FORM_SECONDS = 30.0
"""That a form may take to come in: nobody sends one slowly for ever."""
LOOPBACK = {"127.0.0.1", "::1"}
LOCAL_NAMES = {"127.0.0.1", "[::1]", "localhost"}


def local_path(address: str) -> str:
    """`address` if it is a page of this app, else `/`: nobody is sent elsewhere by signing in."""
    parts = urlsplit(address)
    plain = address.isprintable() and not re.search(r"[\\\s]", address)
    here = plain and not parts.scheme and not parts.netloc and re.match(r"/(?!/)", address)
    return address if here and not address.startswith(("/sign-", "/password", "/history.csv", "/drift.")) else "/"


def nearby(request: Request) -> bool:
    """Whether the browser is on this very machine: no proxy between, and no foreign name that resolves to it."""
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    host = re.sub(r":\d+$", "", request.headers.get("host", ""))
    return bool(request.client and request.client.host in LOOPBACK and host in LOCAL_NAMES and not forwarded)


def same_origin(connection: HTTPConnection) -> bool:
    """Whether what sends this is a page of this app; programs that send neither header aren't browsers.

    Another port of the same host is another origin, though browsers send this app's cookie from there.
    """
    fetched = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if fetched is not None:
        return fetched == "same-origin"
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host")


async def form(request: Request) -> dict[str, str]:
    """The fields of a form that one of our own pages sent. Raises HTTPException 403, 408 or 413."""
    if not same_origin(request):
        raise HTTPException(403, "This form was sent by another site.")
    try:
        with fail_after(FORM_SECONDS):
            body = await _short_body(request)
    except TimeoutError:
        raise HTTPException(408, "This form came too slowly: send it again.") from None
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


async def _short_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise HTTPException(413, "This form is too long.")
    return body


def require_nearby(request: Request) -> None:
    """Raises HTTPException 403 for a browser that isn't on this very machine."""
    if not nearby(request):
        raise HTTPException(403, "This is possible only on the machine itself, at http://localhost.")
