"""The form for one more destination, over DICOM or DICOMweb."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import Proof, User
from cxr_core.ui.mishaps import told
from cxr_core.ui.session import site
from cxr_core.ui.web_address import web_address
from cxr_core.work import connecting

DICOM, WEB = "DICOM", "DICOMweb"
PROOFS = {
    Proof.QUERY: "Query: it is asked whether it has the answer",
    Proof.COMMITMENT: "Storage commitment: it says that it keeps it",
    Proof.NONE: "None: it is believed, and nothing is ever verified",
}


def destination_form(user: User, number: int) -> None:
    """Name, address, proof; what can't be is refused in words."""
    way = st.segmented_control("How it is spoken to", [DICOM, WEB], default=DICOM, required=True, key=f"way-{number}")
    with st.form(key=f"destination-{way}-{number}", border=False):
        name = st.text_input("Name", max_chars=connecting.LONGEST_NAME, placeholder="PACS")
        if way == DICOM:
            _dicom(user, name)
        else:
            _web(user, name)


def _dicom(user: User, name: str) -> None:
    address = st.text_input("Address", max_chars=300, placeholder="AE@host:port, like PACS@10.1.2.3:104")
    tls = st.checkbox("Over TLS, with the certificate that this program has")
    proof = st.radio("Proof that it keeps what it accepts", list(PROOFS), format_func=PROOFS.__getitem__)
    if _adds():
        with told():
            connecting.add_dicom(site().home, user, name, address.strip(), tls, proof)
            st.rerun()


def _web(user: User, name: str) -> None:
    web = web_address()
    proofs = [proof for proof in PROOFS if proof is not Proof.COMMITMENT]
    proof = st.radio("Proof that it keeps what it accepts", proofs, format_func=PROOFS.__getitem__)
    if _adds():
        with told():
            connecting.add_stow(site().home, user, name, web, proof)
            st.rerun()


def _adds() -> bool:
    return st.form_submit_button("Add it", type="primary", key="add-destination")
