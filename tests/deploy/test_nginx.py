"""The nginx configuration, beside what the server that it stands before does."""

from __future__ import annotations

import re
from pathlib import Path

import uvicorn
from streamlit.web.server.starlette import starlette_server

TEXT = (Path(__file__).parents[2] / "deploy" / "nginx" / "cxr.conf").read_text(encoding="utf-8")


def test_a_quiet_connection_is_given_up_by_the_proxy_before_the_server_does():
    """Else a request may meet one that is just being closed; a form isn't sent twice, but answered with 502."""
    (upstream,) = re.findall(r"^upstream cxr \{(.*?)^\}", TEXT, re.DOTALL | re.MULTILINE)
    (seconds,) = re.findall(r"^\s*keepalive_timeout (\d+)s;$", upstream, re.MULTILINE)
    served = uvicorn.Config("app:app", **starlette_server._get_uvicorn_config_kwargs())
    assert int(seconds) < served.timeout_keep_alive
