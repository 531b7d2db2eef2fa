"""The form for one more destination, or for another address of one, over DICOM or DICOMweb."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import Proof, User
from cxr_core.store.destinations import Destination
from cxr_core.ui.mishaps import told
from cxr_core.ui.session import site
from cxr_core.ui.web_address import web_address
from cxr_core.work.hospital import connecting

DICOM, WEB = "DICOM", "DICOMweb"
PROOFS = {
    Proof.QUERY: "Query: it is asked whether it has the answer",
    Proof.COMMITMENT: "Storage commitment: it says that it keeps it",
    Proof.NONE: "None: it is believed, and nothing is ever verified",
}


def destination_form(user: User, number: int, found: Destination | None = None) -> None:
    """Name, address, proof; what can't be is refused in words. Of one that is `found`, all but the name may change."""
    key = f"change-{found.id}" if found else str(number)
    usual = WEB if found and found.kind == "stow" else DICOM
    way = st.segmented_control("How it is spoken to", [DICOM, WEB], default=usual, required=True, key=f"way-{key}")
    with st.form(key=f"destination-{way}-{key}", border=False):
        name = found.name if found else st.text_input("Name", max_chars=connecting.LONGEST_NAME, placeholder="PACS")
        (_dicom if way == DICOM else _web)(user, name, found)


def _dicom(user: User, name: str, found: Destination | None) -> None:
    now = found.address if found and found.kind == "dicom" else {}
    at = "{called}@{host}:{port}".format(**now) if now else ""
    address = st.text_input("Address", at, max_chars=300, placeholder="AE@host:port, like PACS@10.1.2.3:104")
    tls = st.checkbox("Over TLS, with the certificate that this program has", bool(now.get("tls")))
    proof = _proof(list(PROOFS), found)
    if _is_sent(found):
        with told():
            does = connecting.change_dicom if found else connecting.add_dicom
            does(site().home, user, name, address.strip(), tls, proof)
            st.rerun()


def _web(user: User, name: str, found: Destination | None) -> None:
    web = web_address(found.address if found and found.kind == "stow" else None)
    proof = _proof([proof for proof in PROOFS if proof is not Proof.COMMITMENT], found)
    if _is_sent(found):
        with told():
            does = connecting.change_stow if found else connecting.add_stow
            does(site().home, user, name, web, proof)
            st.rerun()


def _proof(offered: list[Proof], found: Destination | None) -> Proof:
    usual = offered.index(found.proof) if found and found.proof in offered else 0
    return st.radio("Proof that it keeps what it accepts", offered, usual, format_func=PROOFS.__getitem__)


def _is_sent(found: Destination | None) -> bool:
    if found:
        return st.form_submit_button("Change it", type="primary", key=f"change-destination-{found.id}")
    return st.form_submit_button("Add it", type="primary", key="add-destination")
