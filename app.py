"""The app that `streamlit run app.py` serves: the frame with its pages, and the routes beside them."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from cxr_core import settings
from cxr_core.errors import CxrError
from cxr_core.ui.guard import Guard
from cxr_core.ui.heard import take_over
from cxr_core.ui.hospital_sign_in import streamlits_secrets
from cxr_core.ui.mishaps import show
from cxr_core.ui.proxies import Proxies
from cxr_core.ui.routes import ROUTES
from cxr_core.ui.server import lifespan
from cxr_core.work.opening import open_home

# Here and not in the server's life, where an error is shown with a trace that buries what to do.
try:
    take_over(chosen := settings.load())
    open_home(chosen.home)
    known_to_streamlit = streamlits_secrets(chosen)
except CxrError as error:
    raise SystemExit(f"cxr: {error}") from None

# The frame lies inside cxr_core: beside a folder called pages/, Streamlit would serve each page without it.
app = st.App(
    Path(__file__).parent / "cxr_core" / "ui" / "frame.py",
    secrets=known_to_streamlit,
    routes=ROUTES,
    lifespan=lifespan,
    middleware=[Middleware(Proxies, trusted=chosen.trusted_proxy), Middleware(Guard)],
    on_script_error=show,
)
