"""What the drift page looks at: how long, up to when, which version, which device; all of it kept in the address."""

from __future__ import annotations

import streamlit as st

from cxr_core import clock
from cxr_core.records import User
from cxr_core.ui import asked_for, fields, words
from cxr_core.ui.ending import end_page
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import may
from cxr_core.ui.session import site
from cxr_core.work.drift import watching
from cxr_core.work.drift.watching import View, Watch
from cxr_core.work.incoming import requests
from cxr_core.work.reading_room import reviewing

RANGES = {"4 weeks": 28, "3 months": 91, "1 year": 365}
USUAL = "3 months"
DEVICE = "machine"
"""In the address. Not `device`, as on the worklist: when a page is left, Streamlit takes the names of its fields out of
the address, and would take that of a link to the worklist with them."""


def view(user: User) -> View:
    """As chosen."""
    today = clock.now().date()
    versions, devices = watching.versions(site().home, user), reviewing.devices(site().home, user)
    asked_for.one_of("range", RANGES, "time")
    asked_for.day("until", clock.EARLIEST, today)
    asked_for.one_of("version", versions, "version with opinions")
    asked_for.one_of(DEVICE, set(map(words.short, devices)), "device")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        span = st.segmented_control(
            "Time", list(RANGES), key="range", default=USUAL, required=True, bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        st.caption("up to", width="content")
        until = fields.day_so_far("Up to", today, "until", 140)
        version = fields.one_of("Version", versions, "version", 210, "in use then")
        device = fields.device(devices, DEVICE)
    return View(RANGES[span or USUAL], until if until != today else None, version, device)


def watched(user: User, chosen: View) -> Watch:
    """What is looked at, with a sentence on it; where that can't be shown, the page ends with why."""
    with told():
        found = watching.watch(site().home, user, chosen)
        _caption(found)
        return found
    end_page()


def _caption(watch: Watch) -> None:
    st.caption(
        f"Each week up to {watch.until} beside the reference of {watch.model}: what it saw on patients kept from its "
        "training; and beside the site's own, where there is one."
    )


def nothing(user: User) -> None:
    """No X-ray came in the time and from the device that were chosen."""
    uploads = "Upload X-rays on the worklist. " if may(requests.take_in, user) else ""
    words.empty("No X-rays in this time", f"{uploads}Choose a longer time, another last day, or any device.")
