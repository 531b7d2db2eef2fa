"""Whose address and scheme count behind reverse proxies."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from cxr_core.ui.proxies import Proxies

PROXY, OUTER, READER, FEIGNED = "10.0.0.5", "10.0.1.9", "192.0.2.7", "198.51.100.1"


async def seen(request):
    return PlainTextResponse(f"{request.client.host} {request.url.scheme}")


def ask(trusted, client, *forwarded, scheme="https"):
    app = Starlette(routes=[Route("/", seen)], middleware=[Middleware(Proxies, trusted=trusted)])
    headers = [("x-forwarded-for", each) for each in forwarded] + [("x-forwarded-proto", scheme)]
    return TestClient(app, base_url="http://cxr.hospital", client=(client, 5000)).get("/", headers=headers).text


@pytest.mark.parametrize(
    ("trusted", "client", "forwarded", "expected"),
    [
        (PROXY, PROXY, [READER], f"{READER} https"),
        ("10.0.0.0/24", PROXY, [READER], f"{READER} https"),
        ("::1/128,2001:db8::/32", "2001:db8::5", ["2001:db9::7"], "2001:db9::7 https"),
        (PROXY, PROXY, [f"{FEIGNED}, {READER}"], f"{READER} https"),
        (PROXY, PROXY, [FEIGNED, READER], f"{READER} https"),
        (f"{PROXY}/32,{OUTER}/32", PROXY, [f"{FEIGNED}, {READER}, {OUTER}"], f"{READER} https"),
        ("10.0.0.0/8", PROXY, ["10.7.7.7"], "10.7.7.7 https"),
        (PROXY, PROXY, ["unknown"], f"{PROXY} https"),
        (PROXY, PROXY, [""], f"{PROXY} https"),
        (PROXY, PROXY, [], f"{PROXY} https"),
        (PROXY, f"::ffff:{PROXY}", [READER], f"{READER} https"),
        ("10.0.0.0/24", f"::ffff:{PROXY}", [f"::ffff:{READER}"], f"{READER} https"),
        (f"{PROXY},{OUTER}", PROXY, [f"{READER}, ::ffff:{OUTER}"], f"{READER} https"),
        (f"::ffff:{PROXY}", PROXY, [READER], f"{READER} https"),
        ("::ffff:10.0.0.0/120", f"::ffff:{PROXY}", [READER], f"{READER} https"),
        ("::/0", PROXY, [READER], f"{PROXY} http"),
        ("", f"::ffff:{READER}", [FEIGNED], f"{READER} http"),
        ("", PROXY, [READER], f"{PROXY} http"),
        (PROXY, READER, [FEIGNED], f"{READER} http"),
        (PROXY, "testclient", [FEIGNED], "testclient http"),
    ],
)
def test_only_a_proxy_that_is_trusted_is_believed(trusted, client, forwarded, expected):
    assert ask(trusted, client, *forwarded) == expected


def test_a_scheme_that_there_is_not_changes_nothing():
    assert ask(PROXY, PROXY, READER, scheme="javascript") == f"{READER} http"
