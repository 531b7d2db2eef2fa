"""The routes and the door, in front of a stand-in for Streamlit's own app."""

from __future__ import annotations

import gzip
import shutil

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

from cxr_core.records import Role
from cxr_core.ui import entrance
from cxr_core.ui.guard import Guard
from cxr_core.ui.routes import ROUTES
from cxr_core.ui.throttle import Throttle
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.opening import open_home

PASSWORD = "a long password"
IMAGE = "ab" * 32


async def inside(request):
    return HTMLResponse("inside")


async def stream(websocket):
    await websocket.accept()
    await websocket.send_text("inside")
    await websocket.close()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    """A home with one radiologist, ann, and a picture that is called IMAGE; made once."""
    folder = tmp_path_factory.mktemp("furnished")
    open_home(folder)
    people.add_user(folder, COMMAND_LINE, "ann", Role.RADIOLOGIST, PASSWORD)
    picture = folder / "pictures" / IMAGE[:2] / f"{IMAGE}.gz"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(gzip.compress(b"pixels"))
    return folder


@pytest.fixture
def home(furnished, tmp_path, monkeypatch):
    """A copy of the furnished home, in use."""
    shutil.copytree(furnished, tmp_path / "home")
    monkeypatch.setenv("CXR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def empty_home(tmp_path, monkeypatch):
    """A home without an account, in use."""
    monkeypatch.setenv("CXR_HOME", str(tmp_path))
    open_home(tmp_path)
    return tmp_path


@pytest.fixture
def browser(monkeypatch):
    """A browser on the machine itself; `browser(host=…, client=…)` is another."""
    monkeypatch.setattr(entrance, "THROTTLE", Throttle())

    def visit(host: str = "localhost", client: str = "127.0.0.1") -> TestClient:
        ways = [*ROUTES, WebSocketRoute("/_stcore/stream", stream), Route("/{path:path}", inside)]
        app = Starlette(routes=ways, middleware=[Middleware(Guard)])
        return TestClient(app, base_url=f"http://{host}:8501", client=(client, 5000), follow_redirects=False)

    return visit


@pytest.fixture
def signed_in(home, browser):
    """Ann's browser."""
    visitor = browser()
    assert visitor.post("/sign-in", data={"name": "ann", "password": PASSWORD}).status_code == 303
    return visitor
