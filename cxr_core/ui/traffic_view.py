"""What came in today and from where, what waits, and how much came and went in the last hours."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import urlencode

import plotly.graph_objects as go
import streamlit as st

from cxr_core.records import DeliveryState, User
from cxr_core.ui import charts, colours, words
from cxr_core.ui.session import end_if_signed_out, site
from cxr_core.work.hospital import traffic
from cxr_core.work.hospital.traffic import Hour, Line, Queue
from cxr_core.work.models import stopping

SECONDS = 2.0
_BRIEF = 40
"""Characters of a reason; the whole of it is there under the pointer."""
STATES = {
    DeliveryState.QUEUED: "Waiting",
    DeliveryState.SENDING: "Being sent",
    DeliveryState.ACCEPTED: "Accepted",
    DeliveryState.VERIFIED: "Verified",
    DeliveryState.DEAD: "Dead",
}
CAME = ["Sender", "Station", "Came", "Refused", "Last (UTC)"]
NEXT_SEND = "X-rays that are sent here stand in this table by sender and station, with how many were refused."


def traffic_view(user: User) -> None:
    """The queue and what came today on the left, the hours on the right."""
    left, right = st.columns([1.3, 1], gap="large")
    with left:
        found = traffic.queue(site().home, user)
        if found.is_open:
            _live(user)
        else:
            _now(user, found)
    with right:
        st.html("<h3>The last 24 hours</h3>")
        _hours(traffic.by_hour(site().home, user))


@st.fragment(run_every=SECONDS)
def _live(user: User) -> None:
    """The same by itself while something waits; the page is drawn anew when nothing does any more."""
    end_if_signed_out()
    found = traffic.queue(site().home, user)
    if not found.is_open:
        st.rerun(scope="app")
    _now(user, found)


def _now(user: User, found: Queue) -> None:
    st.html("<h3>On their way</h3>")
    if stopping.standing(site().home, user):
        st.caption("No answer goes out while the model's opinion is switched off: what is queued waits.")
    _queue(found)
    st.html("<h3>Came in today, since midnight</h3>")
    _came(traffic.came_in_today(site().home, user))


def _queue(found: Queue) -> None:
    waiting = words.how_many(found.intake, "files")
    st.caption(f"{waiting} from the network {'waits' if found.intake == 1 else 'wait'} to be taken in.")
    if not found.lines:
        words.empty("No destination", "Say under Destinations where answers go, and under Rules which.")
        return
    head = "".join(f'<th class="right">{title}</th>' for title in STATES.values())
    rows = "".join(_row(line) for line in found.lines)
    st.html(f'<table class="grid"><tr><th>Answers to</th>{head}</tr>{rows}</table>')


def _row(line: Line) -> str:
    name = line.destination.name
    held = _held(line.destination.held_because or "") if line.destination.held_at else ""
    cells = "".join(_cell(name, state, line.counts.get(state, 0)) for state in STATES)
    return f"<tr><td>{escape(name)}{held}</td>{cells}</tr>"


def _held(why: str) -> str:
    brief = why if len(why) <= _BRIEF else f"{why[: _BRIEF - 1]}…"
    return f" <span class='dead' title='{escape(why)}'>held: {escape(brief)}</span>"


def _cell(name: str, state: DeliveryState, count: int) -> str:
    """A count that leads to its rows of the ledger."""
    address = "/pacs?" + urlencode({"part": "Ledger", "stands": state.value, "to": name})
    shown = f'<a class="{state}" href="{escape(address)}" target="_self">{count}</a>' if count else "0"
    return f'<td class="number{"" if count else " dim"}">{shown}</td>'


def _came(found: list[dict[str, Any]]) -> None:
    if not found:
        words.empty("Nothing came in today", NEXT_SEND)
        return
    words.grid(CAME, [came_row(row) for row in found])


def came_row(row: dict[str, Any]) -> list[str]:
    """A station of a sender, under CAME."""
    return [row["sender"], words.short(row["device"]), str(row["came"]), str(row["refused"]), words.day(row["last"])]


def _hours(found: list[Hour]) -> None:
    if any(hour.received or hour.delivered for hour in found):
        charts.show(by_hour(found), "by-hour")
        st.caption("By the hour, in UTC. Delivered is what a destination accepted.")
    else:
        words.empty("Quiet", "What comes in and what is delivered is drawn here by the hour.")


def by_hour(found: list[Hour]) -> go.Figure:
    """Received and delivered, a pair of bars an hour."""
    figure = go.Figure()
    begins = [f"{hour.begins}:00" for hour in found]
    for name, colour in (("received", colours.BLUE), ("delivered", colours.VIOLET)):
        figure.add_bar(x=begins, y=[getattr(hour, name) for hour in found], name=name, marker_color=colour)
    in_colour = ", ".join(f'<span style="color:{bar.marker.color}">{bar.name}</span>' for bar in figure.data)
    charts.dressed(figure, 300, in_colour)
    most = max(max(hour.received, hour.delivered) for hour in found)
    figure.update_yaxes(rangemode="tozero", dtick=1 if most < 6 else None)
    return figure.update_xaxes(tickformat="%H:%M", showgrid=False)
