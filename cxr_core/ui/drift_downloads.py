"""The drift page's figures as files: links to them, and what each holds."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from cxr_core.records import User
from cxr_core.work import reporting
from cxr_core.work.reporting import Report

KINDS = {"html": "text/html; charset=utf-8", "csv": "text/csv", "json": "application/json"}
"""What each kind of file is."""
TITLES = {
    "html": "All of this page in one file, which opens without a network and prints.",
    "csv": "What each signal says today and said at each week's end.",
    "json": "The same figures as `python -m cxr_core drift` prints.",
}


def downloads(days: int) -> None:
    """A link for each kind. A file is made when it is asked for, and each is on record."""
    links = (
        f'<a class="button" href="/drift.{kind}?days={days}" title="{title} The export is written into the audit '
        f'chain.">{"Report" if kind == "html" else kind.upper()}</a>'
        for kind, title in TITLES.items()
    )
    st.html(f'<span class="strip">{"".join(links)}</span>', width="content")


def made(home: Path, user: User, days: int, kind: str) -> str:
    """The file of a kind, with what the page shows to this user. Raises BadInput if the model has no reference."""
    found = reporting.report(home, user, days)
    reporting.put_on_record(home, user, found, kind)
    return text_of(found, kind)


def text_of(found: Report, kind: str) -> str:
    """What a file of a kind holds."""
    if kind == "csv":
        return reporting.table(found)
    if kind == "json":
        return json.dumps(reporting.figures(found), allow_nan=False)
    from cxr_core.ui import drift_report  # with Plotly, which the server needn't load before anybody asks

    return drift_report.page(found)
