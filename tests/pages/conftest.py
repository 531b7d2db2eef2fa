"""A home with two accounts and the program's release, and pages run in it without a browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database
from streamlit.testing.v1 import AppTest

from cxr_core import clock
from cxr_core.records import Label, Opinion, Role, Side
from cxr_core.settings import Settings
from cxr_core.store import images, models, predictions
from cxr_core.store.db import opened
from cxr_core.work import accounts
from cxr_core.work.drift import rolling
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.opening import open_home

PAGES = Path(__file__).parents[2] / "pages"
PASSWORD = "a long password"


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    """An empty home, opened, with a radiologist (ann), an admin (bob), and a session token of each; made once."""
    folder = tmp_path_factory.mktemp("furnished")
    open_home(folder)
    accounts.add_user(folder, COMMAND_LINE, "ann", Role.RADIOLOGIST, PASSWORD)
    accounts.add_user(folder, COMMAND_LINE, "bob", Role.ADMIN, PASSWORD)
    chosen = Settings(home=folder)
    return folder, {name: accounts.sign_in(chosen, name, PASSWORD) for name in ("ann", "bob")}


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

    def add(number: int, probability: float = 0.9, label: Label = Label.PNEUMONIA, put_right: str | None = None) -> str:
        with opened(home) as db:
            image = _image(db, number)
            heatmap = np.full((7, 7), probability, np.float32)
            opinion = Opinion(probability, 1.0, label, heatmap, np.zeros(512, np.float32), put_right=put_right)
            predictions.add(db, image, models.running(db), opinion)
            rolling.count_opinion(db, images.get(db, image), models.running(db), rolling.of_opinion(opinion, [], None))
        return image

    return add


def _image(db: Database, number: int) -> str:
    image = f"{number:064x}"
    row = {
        "id": image, "patient": f"{number:08x}" * 3, "file_sha256": image, "source": "dicom", "modality": "DX",
        "view": "AP", "age_years": 3, "sex": "F", "manufacturer": "Phantom", "device": "d" * 24,
        "photometric": "MONOCHROME2", "bits": 12, "pixel_rows": 64, "pixel_columns": 64, "synthetic": 1,
        "appearance": {"mean": 0.5, "contrast": 0.2}, "received_at": clock.stamp(),
    }  # fmt: skip
    images.add(db, row, Side.TRAIN)
    rolling.count_picture(db, images.get(db, image))
    return image


@pytest.fixture
def refuse(home):
    """Put an image into the home that the model refused, for reasons of one kind. Returns the image's id."""

    def add(
        number: int, kind: str = "age", reasons: tuple[str, ...] = ("patient of 40 years: too old. Read it.",)
    ) -> str:
        with opened(home) as db:
            image = _image(db, number)
            predictions.add_not_analysed(db, image, models.running(db), list(reasons), [kind] * len(reasons))
        return image

    return add


@pytest.fixture
def said():
    """Everything that a page says through text elements, in one string."""

    def texts(app: AppTest) -> str:
        kinds = ("warning", "error", "info", "success", "caption", "markdown")
        found = [element.value for kind in kinds for element in getattr(app, kind)]
        return "\n".join([*found, *(html.proto.body for html in app.get("html"))])

    return texts
