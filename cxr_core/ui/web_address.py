"""The fields that say where a DICOMweb server is, and how to sign in there."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from cxr_core.work.connecting import WebAddress

ABOUT = "On this machine, readable by the program alone. The secret itself is not stored."


def web_address() -> WebAddress:
    """URL, user, and files with the secret, as typed."""
    url = st.text_input("URL of its DICOMweb", max_chars=500, placeholder="https://pacs.hospital/dicom-web")
    left, right = st.columns(2)
    who = left.text_input("User, if it asks for one", max_chars=100)
    password = right.text_input("File with the password", max_chars=500, help=ABOUT)
    token = st.text_input("Or file with a token", max_chars=500, help=ABOUT)
    unencrypted = st.checkbox("X-rays may go there unencrypted (http)")
    return WebAddress(url.strip(), who.strip(), _file(password), _file(token), unencrypted)


def _file(text: str) -> Path | None:
    return Path(text.strip()).expanduser() if text.strip() else None
