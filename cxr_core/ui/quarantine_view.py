"""Quarantine: files held back since there may be text in the picture, shown to an admin, who decides on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape

import streamlit as st

from cxr_core.records import User
from cxr_core.store.quarantine import Held
from cxr_core.ui import words
from cxr_core.ui.film_shown import Place, drawn, film, found_on
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import left_to, may
from cxr_core.ui.session import end_if_signed_out, site
from cxr_core.work.incoming import holding, requests
from cxr_core.work.incoming.holding import Picture
from cxr_core.work.incoming.passing import Asked

LOOK = "look into quarantine"
"""Key of the session state: the one that is being looked at. Its picture is in this memory and nowhere else."""
WHAT_FOR = "Files in whose picture there may be text, where it can't be taken out unseen, wait here for an admin."
EXPLAINED = (
    "Whoever is named in the picture would be named in what is stored. What is framed is blanked: "
    '<span class="sure">blue</span> is text for sure, <span class="doubt">amber</span> may be text, white is drawn. '
    "Remove what is wrong, and draw what is missing."
)


@dataclass(frozen=True)
class Look:
    """What this session looks at."""

    number: int
    asked: Asked
    places: tuple[Place, ...]
    """To be blanked: those that were found, until something is drawn or removed."""
    picture: Picture | None = None


def quarantine_view(user: User) -> None:
    """What waits and the decision on the left, the picture on the right."""
    found = {held.id: held for held in holding.held(site().home, user)}
    look = _look(user, found)
    if not found:
        words.empty("Nothing waits", WHAT_FOR)
        return
    left, right = st.columns([1, 1.7], gap="large")
    with right:
        _picture(user, look)
    with left:
        if look and look.picture:
            _decision(user, look)
        st.html(f"<h3>{words.how_many(len(found), 'files')} held back</h3>")
        for held in found.values():
            _row(user, held, look)


def _look(user: User, found: dict[int, Held]) -> Look | None:
    """What this session looks at, with its picture once it is there; None where that waits no more, or can't be."""
    look: Look | None = st.session_state.pop(LOOK, None)
    if look is None or look.number not in found:
        return None
    with told():
        if look.picture is None:
            look = replace(look, picture=holding.picture(site().home, user, look.asked))
        st.session_state[LOOK] = look
        return look
    return None


def _picture(user: User, look: Look | None) -> None:
    if not may(holding.look, user):
        left_to(holding.look, "What is held back is looked at and decided on")
    elif look is None:
        words.empty("No picture", "Look at a file on the left: its picture is shown here, to you alone.")
    elif look.picture is None:
        _until_made(user, look)
    else:
        film(look.number, look.picture, look.places, _remember)


def _remember() -> None:
    """Keep what was just drawn, before any part of the page is run again."""
    look: Look | None = st.session_state.get(LOOK)
    number, places = drawn()
    if look and look.number == number:
        st.session_state[LOOK] = replace(look, places=places)


@st.fragment(run_every=0.5)
def _until_made(user: User, look: Look) -> None:
    """Draws the page anew once the worker has made the picture, or can't."""
    end_if_signed_out()
    if not requests.is_under_way(site().home, user, look.asked.job):
        st.rerun(scope="app")
    words.empty("A moment", "The worker makes the picture.")


def _row(user: User, held: Held, look: Look | None) -> None:
    said, button = st.columns([3, 1], vertical_alignment="center")
    sender = f"from {escape(held.sender)}" if held.sender else "brought by somebody of the site"
    sure, doubts = words.how_many(len(held.boxes), "texts"), words.how_many(len(held.doubts), "doubts")
    said.html(
        f'<div class="listed"><b>No. {held.id}</b>{sender}<br>'
        f'<span class="dim">{words.ago(held.held_at)}: {sure}, {doubts}</span></div>'
    )
    with button, st.container(horizontal=True, horizontal_alignment="right"):
        is_on = look is not None and look.number == held.id
        if may(holding.look, user) and st.button("Look", key=f"look-{held.id}", disabled=is_on):
            with told():
                asked = holding.look(site().home, user, held.id)
                st.session_state[LOOK] = Look(held.id, asked, found_on(held))
                st.rerun()


def _decision(user: User, look: Look) -> None:
    """The three ways out, the last two behind a second click."""
    number = look.number
    st.html(f'<h3>No. {number}</h3><div class="places">{EXPLAINED}</div>')
    blank = f"Take in, with {words.how_many(len(look.places), 'places')} blanked"
    if st.button(blank, type="primary", key=f"take-{number}", disabled=not look.places):
        edges = [place.edges for place in look.places]
        _decide(lambda: holding.take(site().home, user, number, edges, look.asked))
    with st.container(horizontal=True, gap="small"):
        with st.popover("Nothing identifying", key=f"ask-as-is-{number}"):
            st.caption("It is taken in as it is: nothing is blanked, what is framed neither.")
            if st.button("Take in as it is", key=f"as-is-{number}"):
                _decide(lambda: holding.take(site().home, user, number, []))
        with st.popover("Refuse it", key=f"ask-refuse-{number}"):
            st.caption("It is deleted here. One from the network is answered: not analysed.")
            if st.button("Refuse and delete it", key=f"refuse-{number}"):
                _decide(lambda: holding.discard(site().home, user, number))


def _decide(what: Callable[[], object]) -> None:
    with told():
        what()
        st.session_state.pop(LOOK, None)
        st.rerun()
