"""The drift page's figures as files: links to them, and what each holds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from html import escape
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from cxr_core.errors import BadInput
from cxr_core.records import User
from cxr_core.work.drift import reporting
from cxr_core.work.drift.reporting import Report
from cxr_core.work.drift.watching import View

KINDS = {"html": "text/html; charset=utf-8", "csv": "text/csv", "json": "application/json"}
"""What each kind of file is."""
TITLES = {
    "html": "All of this page in one file, which opens without a network and prints.",
    "csv": "What each signal says today and said at each week's end.",
    "json": "The same figures as `python -m cxr_core drift` prints.",
}


def downloads(view: View) -> None:
    """A link for each kind. A file is made when it is asked for, and each is on record."""
    asked = escape(urlencode({name: value for name, value in asdict(view).items() if value}))
    links = (
        f'<a class="button" href="/drift.{kind}?{asked}" title="{title} The export is written into the audit '
        f'chain.">{"Report" if kind == "html" else kind.upper()}</a>'
        for kind, title in TITLES.items()
    )
    st.html(f'<span class="strip">{"".join(links)}</span>', width="content")


def asked_for(query: Mapping[str, str]) -> View:
    """What a link of `downloads` asks for. Raises BadInput where it is none."""
    days, until = query.get("days", ""), query.get("until")
    if not re.fullmatch(r"[1-9]\d{0,2}", days):
        raise BadInput("choose a file on the drift page")
    try:
        last = date.fromisoformat(until) if until else None
    except ValueError as error:
        raise BadInput(f"{until!r} is no day") from error
    return View(int(days), last, query.get("model"), query.get("device"))


def made(home: Path, user: User, view: View, kind: str) -> str:
    """The file of a kind, with what the page shows to this user. Raises BadInput and NotFound as the page does."""
    found = reporting.report(home, user, view)
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
