"""Where answers go: how each destination stands, whether it answers, and holding, letting go on, removing it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from cxr_core.records import Job, JobState, Proof, User
from cxr_core.store.destinations import Destination
from cxr_core.ui import words
from cxr_core.ui.destination_form import destination_form
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import left_to, may
from cxr_core.ui.removal import removes
from cxr_core.ui.session import end_if_signed_out, site
from cxr_core.work.hospital import connecting, echoing

PROOFS = {
    Proof.COMMITMENT: "proven by storage commitment",
    Proof.QUERY: "proven by a query",
    Proof.NONE: "believed without a proof",
}


def destination_list(user: User) -> None:
    """The destinations in use, and the form for one more."""
    listed, adding = st.columns([1.6, 1], gap="large")
    found, echoes = connecting.all_destinations(site().home, user), echoing.newest(site().home, user)
    with listed:
        st.html("<h3>Where answers go</h3>")
        if not found:
            words.empty("No destination", "Once the archive is added, an echo shows whether it answers.")
        for each in found:
            _row(user, each, echoes.get(each.id))
        if any(each.id in echoes and echoes[each.id].state.is_open for each in found):
            _until_tried(user)
    with adding:
        if may(connecting.add_dicom, user):
            st.html("<h3>Add a destination</h3>")
            destination_form(user, len(found))
        else:
            left_to(connecting.add_dicom, "Destinations are added and changed")


def _row(user: User, found: Destination, echo: Job | None) -> None:
    said, buttons = st.columns([2, 1.5], vertical_alignment="center")
    held = f"<br><span class='dead'>{escape(held_words(found))}</span>" if found.held_at else ""
    tried = f"<br>{echoed(echo)}" if echo else ""
    what = f"<b>{escape(found.name)}</b> {escape(address(found))}, {PROOFS[found.proof]}"
    said.html(f'<div class="listed">{what}{held}{tried}</div>')
    if may(connecting.change_dicom, user):
        with buttons:
            _buttons(user, found, is_tried=echo is not None and echo.state.is_open)


def _buttons(user: User, found: Destination, is_tried: bool) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if st.button("Echo", key=f"echo-{found.id}", disabled=is_tried):
            _do(lambda: echoing.ask(site().home, user, found.name))
        if found.held_at:
            if st.button("Let go on", key=f"go-on-{found.id}"):
                _do(lambda: connecting.go_on(site().home, user, found.name))
        else:
            _hold(user, found)
        with st.popover("Change", key=f"ask-change-{found.id}"):
            st.caption("Its rules stay, and what waits goes to the new address.")
            destination_form(user, found.id, found)
        then = "Nothing goes there any more, what waits included, and its rules go with it. The ledger stays."
        if removes(then, f"destination-{found.id}"):
            _do(lambda: connecting.remove_destination(site().home, user, found.name))


def _hold(user: User, found: Destination) -> None:
    with st.popover("Hold", key=f"ask-hold-{found.id}"):
        st.caption("Nothing is sent there until you let it go on; what is to go there waits.")
        because = st.text_input("Reason", max_chars=500, key=f"because-{found.id}", placeholder="Why? It is shown here")
        if st.button("Hold it", key=f"hold-{found.id}"):
            _do(lambda: connecting.hold(site().home, user, found.name, because))


def _do(what: Callable[[], object]) -> None:
    with told():
        what()
        st.rerun()


@st.fragment(run_every=1.0)
def _until_tried(user: User) -> None:
    """Draws the page anew once every echo has its answer."""
    end_if_signed_out()
    if not any(job.state.is_open for job in echoing.newest(site().home, user).values()):
        st.rerun(scope="app")


def address(found: Destination) -> str:
    """Where a destination is, as people write it."""
    where = found.address
    if found.kind == "stow":
        signs_in = "a token" if where.get("token_file") else where.get("user")
        return where["url"] + (f", signed in by {signs_in}" if signs_in else "")
    return f"{where['called']}@{where['host']}:{where['port']}{' over TLS' if where['tls'] else ''}"


def held_words(found: Destination) -> str:
    """Since when nothing is sent there, and why."""
    return f"held since {words.day(found.held_at)} UTC: {found.held_because}"


def echoed(job: Job) -> str:
    """What came of an echo, as HTML."""
    if job.state.is_open:
        return '<span class="dim">being tried …</span>'
    when = f'<span class="dim">({words.ago(job.finished_at or job.created_at)})</span>'
    if job.state is JobState.DONE:
        return f"answers in {job.result['milliseconds']:.0f} ms {when}"
    return f'<span class="dead">{escape(job.error or "")}</span> {when}'
