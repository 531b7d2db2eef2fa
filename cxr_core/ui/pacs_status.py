"""Whether anything listens on the network, and what is missing before X-rays come in and answers go back."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr_core.records import User
from cxr_core.store.listeners import Listening
from cxr_core.ui import words
from cxr_core.ui.permission import may, who_may
from cxr_core.ui.session import end_if_signed_out, site
from cxr_core.work.hospital import connecting, traffic
from cxr_core.work.hospital.traffic import Readiness
from cxr_core.work.incoming import holding

SECONDS = 5.0
MAKE_KEY = (
    "Make the site's key by <code>python -m cxr_core pacs key FILE</code>, with a FILE outside of the home, say "
    "<code>CXR_IDENTITY_KEY=FILE</code>, and start the program anew: what comes in is sealed to that key."
)
NAME_KEY = (
    "Say <code>CXR_IDENTITY_KEY</code>, the file with the site's key, and start the program anew: without it nothing "
    "that came in can be opened."
)
LISTEN = "Start <code>python -m cxr_core listen</code> beside the program."


@st.fragment(run_every=SECONDS)
def status(user: User) -> None:
    """What listens, and the steps that are left; looked at again every few seconds."""
    end_if_signed_out()
    found = traffic.readiness(site(), user)
    said = [f"Listening as {escape(where(each))} since {words.day(each.started_at)} UTC." for each in found.listening]
    line = " ".join(said) if said else "Nothing listens, so nothing comes in over the network."
    steps = _steps(missing(found)) if may(connecting.add_sender, user) else ""
    state = f'<div class="{"listens" if said else "deaf"}">{line}{steps}</div>'
    st.html(f'<div class="abreast">{state}{_held_back(holding.how_many(site().home, user))}</div>')


def _held_back(waiting: int) -> str:
    """Beside the other, for the same reason as `_steps`."""
    if not waiting:
        return ""
    link = f'<a href="/pacs?part=Quarantine" target="_self">{words.how_many(waiting, "files")}</a>'
    held = f"{link} {'is' if waiting == 1 else 'are'} held back under Quarantine: {who_may(holding.look)} must look."
    return f'<div class="deaf">{held}</div>'


def _steps(steps: list[str]) -> str:
    """On the same line where it is one: tables below it have the height."""
    if len(steps) <= 1:
        return "".join(f" {step}" for step in steps)
    return f"<ol>{''.join(f'<li>{step}</li>' for step in steps)}</ol>"


def where(found: Listening) -> str:
    """The AE title and the ports: `CXRREADER on 127.0.0.1:11112 (TLS 2762)`."""
    if found.port is None:
        return f"{found.ae_title} on {found.host}:{found.tls_port} (TLS)"
    tls = f" (TLS {found.tls_port})" if found.tls_port else ""
    return f"{found.ae_title} on {found.host}:{found.port}{tls}"


def missing(found: Readiness) -> list[str]:
    """What is still to be done, in the order in which one does it, as HTML."""
    steps = (
        (found.has_key, MAKE_KEY),
        (found.opens or not found.has_key, NAME_KEY),
        (found.senders, "Let somebody send, under Senders."),
        (found.listening, LISTEN),
        (found.destinations, "Say where answers go, under Destinations."),
        (found.rules, "Say which answers go there, under Rules."),
    )
    return [step for is_there, step in steps if not is_there]
