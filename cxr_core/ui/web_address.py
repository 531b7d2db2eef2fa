"""The fields that say where a DICOMweb server is, and how to sign in there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from cxr_core.settings import Settings
from cxr_core.ui.session import site
from cxr_core.work.hospital.connecting import WebAddress
from cxr_core.work.hospital.credentials import LONGEST_NAME


def web_address(now: Mapping[str, Any] | None = None) -> WebAddress:
    """URL, user, and names of files with the secret, as typed; at first as they are `now`, if it is to be changed."""
    now = now or {}
    url = st.text_input(
        "URL of its DICOMweb", now.get("url", ""), max_chars=500, placeholder="https://pacs.hospital/dicom-web"
    )
    left, right = st.columns(2)
    who = left.text_input("User, if it asks for one", now.get("user", ""), max_chars=100)
    password = right.text_input(
        "File with the password", now.get("password_file", ""), max_chars=LONGEST_NAME, placeholder="pacs-password"
    )
    token = st.text_input("Or file with a token", now.get("token_file", ""), max_chars=LONGEST_NAME)
    st.caption(where_files_lie(site()))
    unencrypted = st.checkbox("X-rays may go there unencrypted (http)", bool(now.get("unencrypted")))
    return WebAddress(url.strip(), who.strip(), password, token, unencrypted)


def where_files_lie(settings: Settings) -> str:
    """Where files that are named here are looked for."""
    if settings.secrets is None:
        return "Files by name: CXR_SECRETS names the folder where they lie, and isn't set yet."
    return f"Files by name, in {settings.secrets} (CXR_SECRETS), open to the program alone. Their content isn't stored."
