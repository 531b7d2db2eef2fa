"""Who may send X-rays in: listed, let in, and removed."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr_core.records import User
from cxr_core.store.senders import Sender
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import left_to, may
from cxr_core.ui.removal import removes
from cxr_core.ui.session import site
from cxr_core.work.hospital import connecting

DICOM, STOW = "DICOM, by AE title", "DICOMweb (STOW-RS), by token"
TOKEN = "token of a sender"
"""Key of the session state: name and token of the sender just let in, shown until somebody has it."""


def sender_list(user: User) -> None:
    """Those that may send, the form for one more, and the token of the one just added."""
    listed, adding = st.columns([1.6, 1], gap="large")
    found = connecting.all_senders(site().home, user)
    with listed:
        st.html("<h3>Who may send</h3>")
        _token()
        if not found:
            words.empty("Nobody may send", "Let in the X-ray machines, or the router that sends for them.")
        for each in found:
            _row(user, each)
    with adding:
        if may(connecting.add_sender, user):
            st.html("<h3>Let one more send</h3>")
            _form(user, len(found))
        else:
            left_to(connecting.add_sender, "Senders are let in and removed")


def _row(user: User, sender: Sender) -> None:
    said, button = st.columns([4, 1], vertical_alignment="center")
    how = f"AE title {sender.calling}" if sender.calling else "STOW-RS with a token"
    certificate = f", certificate {words.short(sender.certificate)}…" if sender.certificate else ""
    place = machine_or_network(sender.network or "")
    what = f"<b>{escape(sender.name)}</b> {escape(how)}, from {escape(place)}{certificate}"
    said.html(f'<div class="listed">{what}</div>')
    if not may(connecting.remove_sender, user):
        return
    with button, st.container(horizontal=True, horizontal_alignment="right"):
        then = "What it sent stays; it can send no more, and is turned away when it calls."
        if removes(then, f"sender-{sender.id}"):
            with told():
                connecting.remove_sender(site().home, user, sender.name)
                st.rerun()


def machine_or_network(network: str) -> str:
    """A network as people write it: of one machine, the address alone."""
    return network.removesuffix("/128" if ":" in network else "/32")


def _form(user: User, number: int) -> None:
    way = st.segmented_control("How it sends", [DICOM, STOW], default=DICOM, required=True, key=f"way-in-{number}")
    with st.form(key=f"sender-{way}-{number}", border=False):
        name = st.text_input("Name", max_chars=connecting.LONGEST_NAME, placeholder="Room 1")
        network = st.text_input("Address or network", max_chars=64, placeholder="10.1.2.3, or 10.1.0.0/16")
        title = st.text_input("Its AE title", max_chars=16, placeholder="ROOM1") if way == DICOM else None
        certificate = _certificate() if way == DICOM else None
        if st.form_submit_button("Let it send", type="primary", key="let-send"):
            with told():
                if way == DICOM and not (title or "").strip():
                    st.error("Say the AE title that it calls by, as it is set at the machine.")
                    return
                token = connecting.add_sender(site().home, user, name, network, title, certificate)
                if token:
                    st.session_state[TOKEN] = (name.strip(), token)
                st.rerun()


def _certificate() -> str | None:
    about = "Only for one that calls over TLS. Shown by `openssl x509 -noout -fingerprint -sha256 -in FILE`."
    return st.text_input("SHA-256 of its certificate, if one is asked for", max_chars=95, help=about) or None


def _token() -> None:
    """Said once, and then known to nobody but its sender."""
    if not (found := st.session_state.get(TOKEN)):
        return
    name, token = found
    st.html(f'<div class="deaf">The token of {escape(name)}, kept nowhere and shown only now: enter it there.</div>')
    st.code(token, language=None)
    if st.button("I have it", key="have-token"):
        del st.session_state[TOKEN]
        st.rerun()
