"""Each role, on a home full of things: what is shown may be done, and an auditor's clicks change nothing."""

from __future__ import annotations

import shutil
from typing import Any, NamedTuple

import pytest

from cxr_core.records import Role
from cxr_core.settings import Settings
from cxr_core.store import audit
from cxr_core.store.db import opened, rows
from cxr_core.ui.places import PAGES
from cxr_core.work import accounts
from cxr_core.work.auditing import checking
from tests.pages.conftest import PEOPLE
from tests.pages.full import fill

LEFT_BY_LOOKING = {"audit", "sessions"}
"""The tables that an auditor's looking leaves traces in: that they looked, and when last."""
ASKED_BY_LOOKING = checking.CHECK
"""The one kind of job that an auditor may ask for: it reads the audit log, and changes nothing."""
REFUSED = "may do this; you are"
PARTS = ("Traffic", "Ledger", "Quarantine", "Senders", "Archives", "Destinations", "Rules")


class Scene(NamedTuple):
    """A page as an address opens it, with what was typed there and the row that was clicked."""

    page: str
    query: dict[str, str]
    typed: dict[str, str] = {}  # noqa: RUF012 - never changed
    row: int | None = None

    def __str__(self) -> str:
        return " ".join((self.page, *self.query.values(), *self.typed.values(), str(self.row or ""))).strip()


def image(number: int) -> str:
    return f"{number:064x}"


SCENES = [
    Scene("worklist", {}),
    Scene("review", {"image": image(1)}),
    Scene("review", {"image": image(4)}),
    Scene("review", {"image": image(6)}),
    Scene("history", {"read": "1"}),
    Scene("history", {"read": "3"}),
    Scene("lists", {}),
    Scene("retrain", {}),
    Scene("models", {}),
    Scene("models", {"version": "cxr-resnet18-2"}),
    Scene("models", {"image": image(1)}),
    Scene("drift", {"alarm-1": "true"}),
    Scene("readers", {}),
    Scene("lineage", {}, {"of": f"{1:08x}" * 3}),
    *(Scene("pacs", {"part": part}) for part in PARTS),
    Scene("pacs", {"part": "Ledger"}, {}, 1),
    *(Scene("admin", {}, {}, row) for row in (0, 2, 4)),  # ann; who is disabled; who is locked
    Scene("audit", {}),
    Scene("account", {}),
]
SEEN = [
    (name, scene)
    for name, role in PEOPLE.items()
    for scene in SCENES
    if scene.page in PAGES and role in PAGES[scene.page][1]
]


def test_every_page_has_a_scene():
    missing = set(PAGES) - {scene.page for scene in SCENES}
    assert not missing, f"add {sorted(missing)} to SCENES here: else no button of it is pressed as each role"


@pytest.fixture(scope="module")
def full(furnished, tmp_path_factory):
    """The furnished home with all that pages have a form for, and the site's key beside it; made once."""
    folder = tmp_path_factory.mktemp("full")
    home, key = folder / "home", folder / "identity.key"
    shutil.copytree(furnished[0], home)
    users = {name: accounts.user_of(Settings(home=home), token) for name, token in furnished[1].items()}
    fill(home, users, key)
    return home, key


@pytest.fixture
def look(full, show, tmp_path, monkeypatch):
    """Open a scene as somebody, in the home as it was filled."""
    home = tmp_path / "full"
    monkeypatch.setenv("CXR_IDENTITY_KEY", str(full[1]))

    def run(scene: Scene, name: str) -> Any:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(full[0], home)
        monkeypatch.setenv("CXR_HOME", str(home))
        app = show(scene.page, name, **scene.query)
        for key, value in scene.typed.items():
            app.text_input(key=key).set_value(value).run()
        if scene.row is not None:
            tables = [table.key for table in app.dataframe if table.key and table.key.startswith("rows")]
            cells = {"selection": {"rows": [], "columns": [], "cells": [[scene.row, "State"]]}}
            for table in tables:
                app.session_state[table] = cells
            app.run()
        return app

    run.home = home
    return run


def keys(app: Any) -> list[str]:
    return [button.key for button in app.button if not button.disabled]


def refused(app: Any, said: Any) -> bool:
    return REFUSED in said(app) + "".join(str(each.value) for each in app.exception)


def content(home) -> dict[str, list]:
    """All rows of all tables, save what looking leaves."""
    with opened(home) as db:
        names = set(db.table_names()) - LEFT_BY_LOOKING
        found = {name: rows(db, f"SELECT * FROM [{name}]") for name in names - {"jobs", "sqlite_sequence"}}
        found["site"] = rows(db, "SELECT * FROM site WHERE name != ?", (audit.HEAD,))
        return found | {"jobs": rows(db, "SELECT * FROM jobs WHERE kind != ?", (ASKED_BY_LOOKING,))}


@pytest.mark.parametrize(("name", "scene"), SEEN, ids=[f"{name} {scene}" for name, scene in SEEN])
def test_whatever_is_shown_to_a_role_it_may_do(look, said, name, scene):
    app = look(scene, name)
    assert not app.exception
    assert not refused(app, said)
    for key in keys(app):
        pressed = look(scene, name)
        before = content(look.home) if PEOPLE[name] is Role.AUDITOR else None
        pressed.button(key=key).click().run()
        assert not refused(pressed, said), key
        assert before is None or content(look.home) == before, key
