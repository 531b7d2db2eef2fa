"""A home with two accounts and the program's release, and pages run in it without a browser."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cxr_core.records import Role
from cxr_core.settings import Settings
from cxr_core.work import accounts, people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.opening import open_home
from tests.pages.arrived import predicted, refused

PAGES = Path(__file__).parents[2] / "pages"
PASSWORD = "a long password"
PEOPLE = {"ann": Role.RADIOLOGIST, "bob": Role.ADMIN, "eva": Role.AUDITOR, "pia": Role.PACS_ADMIN}


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    """An empty home, opened, with somebody of each role (PEOPLE), and a session token of each; made once."""
    folder = tmp_path_factory.mktemp("furnished")
    open_home(folder)
    for name, role in PEOPLE.items():
        people.add_user(folder, COMMAND_LINE, name, role, PASSWORD)
    chosen = Settings(home=folder)
    return folder, {name: accounts.sign_in(chosen, name, PASSWORD) for name in PEOPLE}


@pytest.fixture
def home(furnished, tmp_path, monkeypatch):
    """A copy of the furnished home, which this test's pages use."""
    shutil.copytree(furnished[0], tmp_path / "home")
    monkeypatch.setenv("CXR_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CXR_BASE_DATA", raising=False)
    return tmp_path / "home"


@pytest.fixture
def ann(home, furnished):
    """The radiologist."""
    return accounts.user_of(Settings(home=home), furnished[1]["ann"])


@pytest.fixture
def banner(home, furnished):
    """What the frame draws above every page to somebody, by its module of the screens."""

    def run(module: str, who: str) -> AppTest:
        app = AppTest.from_function(_banner, default_timeout=30, kwargs={"module": module})
        app.session_state["token"] = furnished[1][who]
        return app.run()

    return run


def _banner(module: str) -> None:
    from importlib import import_module

    from cxr_core.ui.session import require_user

    import_module(f"cxr_core.ui.{module}").banner(require_user())


@pytest.fixture
def show(home, furnished):
    """Run a page as somebody, or signed out for None; further keywords are query parameters."""

    def run(page: str, who: str | None = None, **query: str) -> AppTest:
        app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=30)
        if who:
            app.session_state["token"] = furnished[1][who]
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return run


@pytest.fixture
def arrive(home):
    """Put an image into the home, predicted with `probability`. Returns the image's id."""
    return partial(predicted, home)


@pytest.fixture
def refuse(home):
    """Put an image into the home that the model refused, for reasons of one kind. Returns the image's id."""
    return partial(refused, home)


@pytest.fixture
def said():
    """Everything that a page says through text elements, in one string."""

    def texts(app: AppTest) -> str:
        kinds = ("warning", "error", "info", "success", "caption", "markdown")
        found = [element.value for kind in kinds for element in getattr(app, kind)]
        return "\n".join([*found, *(html.proto.body for html in app.get("html"))])

    return texts
