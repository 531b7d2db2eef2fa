"""Every route as nobody and as every role: it answers those that it declares, and turns the others away."""

from __future__ import annotations

import pytest
from starlette.routing import Mount, Route

from cxr_core.errors import CxrError
from cxr_core.records import Role
from cxr_core.settings import Settings
from cxr_core.ui.doors import endpoints
from cxr_core.ui.routes import ROUTES
from cxr_core.ui.session import COOKIE
from cxr_core.work import accounts, people
from cxr_core.work.guarding import COMMAND_LINE
from tests.ui.conftest import IMAGE, PASSWORD

WHERE = {"image": IMAGE, "sha256": "cd" * 32, "kind": "csv", "study": "1.2"}
"""What stands in the place of each part of a path."""
FILE = "main.js"
"""Of a folder of files."""


def ask(visitor, method, path):
    return visitor.request(method, path.replace("…", FILE).format(**WHERE), params={"days": 28})


def turned_away(answer):
    return answer.text == "Sign in first." or "may do this" in answer.text


@pytest.mark.parametrize("role", [*Role, None])
def test_a_route_answers_those_that_it_declares_alone(home, browser, role):
    token = None
    if role:
        people.add_user(home, COMMAND_LINE, "eve", role, PASSWORD)
        token = accounts.sign_in(Settings(home=home), "eve", PASSWORD)
    for method, path, door in endpoints(ROUTES):
        visitor = browser()
        if role and "sign-out" not in path:
            visitor.cookies.set(COOKIE, token, domain="localhost.local")
        answer = ask(visitor, method, path)
        if door.nobody if role is None else role in door.roles:
            assert not turned_away(answer), path
            assert door.asks or answer.status_code not in (401, 403), path
        else:
            assert turned_away(answer), path
            assert answer.status_code == (403 if role else 401), path


async def undeclared(request): ...


@pytest.mark.parametrize("route", [Route("/new", undeclared), Mount("/new", undeclared)])
def test_a_route_that_does_not_say_whom_it_answers_is_found(route):
    with pytest.raises(CxrError, match="/new doesn't say whom it answers"):
        endpoints([*ROUTES, route])
