"""The app that `streamlit run app.py` serves: the frame with its pages, and the routes beside them."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from cxr_core import settings
from cxr_core.errors import SettingsError
from cxr_core.ui.guard import Guard
from cxr_core.ui.mishaps import show
from cxr_core.ui.routes import ROUTES
from cxr_core.ui.server import lifespan

try:
    settings.load()
except SettingsError as error:
    raise SystemExit(f"cxr: {error}") from None

# The frame lies inside cxr_core: beside a folder called pages/, Streamlit would serve each page without it.
app = st.App(
    Path(__file__).parent / "cxr_core" / "ui" / "frame.py",
    routes=ROUTES,
    lifespan=lifespan,
    middleware=[Middleware(Guard)],
    on_script_error=show,
)
