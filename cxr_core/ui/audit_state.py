"""The chain as it stands: where it ends, what its last check said, and how much is recorded a day."""

from __future__ import annotations

from datetime import timedelta
from html import escape

import plotly.graph_objects as go
import streamlit as st

from cxr_core import clock
from cxr_core.records import User
from cxr_core.ui import charts, colours, words
from cxr_core.ui.session import end_if_signed_out, site
from cxr_core.work.auditing import browsing, checking
from cxr_core.work.auditing.checking import State

DAYS = 28
SECONDS = 1.0


def audit_state(user: User) -> None:
    """What is known of the chain, the button that has it checked, and the days."""
    found = checking.state(site().home, user)
    st.html("<h3>The chain</h3>")
    words.table([
        ("Rows", f"{found.head.number - found.first + 1:,}".replace(",", " ")),
        ("First row", str(found.first)),
    ])  # fmt: skip
    st.caption("Its end, as `audit verify --head` takes it")
    st.code(str(found.head), language=None, wrap_lines=True)
    _checked(found)
    if found.checking:
        _waiting(user)
    elif st.button("Verify now", key="verify-audit"):
        checking.ask(site().home, user)
        st.rerun()
    days = browsing.by_day(site().home, user, DAYS)
    if days:
        charts.show(by_day(days), "audit-days")


def _checked(found: State) -> None:
    last = found.checked
    if last is None:
        st.caption("It was not verified yet.")
    elif last.problem:
        st.html(f'<div class="dead">{"<br>".join(map(escape, last.problem.splitlines()))}</div>')
    else:
        number = last.head.split()[0]
        st.html(f'<div class="verified">Whole up to row {number}, verified {escape(words.ago(last.at))}</div>')
    for line in last.unchecked.splitlines() if last else ():
        st.html(f"<small>Not checked: {escape(line)}</small>")


@st.fragment(run_every=SECONDS)
def _waiting(user: User) -> None:
    """A worker verifies; the page is drawn anew when it is done."""
    end_if_signed_out()
    if not checking.state(site().home, user).checking:
        st.rerun(scope="app")
    st.caption("A worker is verifying it …")


def by_day(found: dict[str, int]) -> go.Figure:
    """A bar a day, also for days without any."""
    today = clock.now().date()
    days = [str(today - timedelta(days=back)) for back in range(DAYS - 1, -1, -1)]
    figure = go.Figure(go.Bar(x=days, y=[found.get(day, 0) for day in days], marker_color=colours.BLUE))
    charts.dressed(figure, 170, f"Rows a day, last {DAYS} days")
    return figure.update_yaxes(rangemode="tozero", nticks=4)
