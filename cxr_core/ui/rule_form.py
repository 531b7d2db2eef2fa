"""The form for one more rule, which is tried on what came before it is added."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple, TypeVar

import streamlit as st

from cxr_core.records import Answer, Label, Release, User
from cxr_core.store.destinations import Rule
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.rule_words import ANSWERS, RELEASES, dry_run_words, forestalls, in_words
from cxr_core.ui.session import site
from cxr_core.work.hospital import connecting, traffic
from cxr_core.work.reading_room import listing

MODALITIES = ("CR", "DX", "OT")
TRIED = "tried rule"
"""Key of the session state: the rule that was tried, over how many days, and what it would have done."""
LONGEST_DAYS = 90
Choice = TypeVar("Choice")


class Names(NamedTuple):
    """What destinations and senders in use are called, by their numbers."""

    destinations: dict[int, str]
    senders: dict[int, str]


def rule_form(user: User, names: Names, number: int) -> None:
    """Its fields, the dry run, and the button that adds it once it was tried as it stands."""
    rule = _composed(user, names, number)
    warn_if_it_forestalls(user, rule)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        days = st.number_input("Days to try it on", 1, LONGEST_DAYS, 7, key=f"days-{number}", width=140)
        if st.button("Dry run", key="dry-run", disabled=not rule.answers):
            st.session_state[TRIED] = (rule, days, connecting.dry_run(site().home, user, rule, days))
        tried = st.session_state.get(TRIED)
        is_tried = tried is not None and tried[:2] == (rule, days)
        adds = st.button("Add this rule", key="add-rule", type="primary", disabled=not is_tried)
    if tried is not None and is_tried:
        what, came = in_words(rule, *names), dry_run_words(tried[2], days)
        st.html(f'<div class="tried"><b>{escape(what)}</b><br>{escape(came)}</div>')
    elif not rule.answers:
        st.caption("Choose what is sent: at least one kind of answer.")
    else:
        st.caption("A dry run sends nothing. A rule can be added once it was tried, and holds for what comes then.")
    if adds:
        with told():
            connecting.add_rule(site().home, user, rule)
            del st.session_state[TRIED]
            st.rerun()


def warn_if_it_forestalls(user: User, rule: Rule) -> None:
    """Say so where what a rule sends may reach a reader before they have read."""
    if rule.release is Release.AT_ONCE and (blind := listing.blind_lists(site().home, user)):
        st.warning(forestalls(blind))


def _composed(user: User, names: Names, number: int) -> Rule:
    """The rule that the fields say."""
    called = names.destinations.__getitem__
    where = st.selectbox("To", list(names.destinations), format_func=called, key=f"rule-to-{number}")
    answers = st.multiselect(
        "What is sent", list(ANSWERS), [Answer.CAPTURE, Answer.REPORT], format_func=ANSWERS.__getitem__,
        key=f"answers-{number}",
    )  # fmt: skip
    release = st.selectbox("When", list(RELEASES), format_func=RELEASES.__getitem__, key=f"release-{number}")
    kinds = sorted({*MODALITIES, *traffic.modalities(site().home, user)})
    stations = traffic.stations(site().home, user)
    first, second, third, fourth = st.columns(4, gap="small")
    with first:
        sender = _any("From", list(names.senders), f"from-{number}", names.senders.__getitem__)
    with second:
        modality = _any("Modality", kinds, f"modality-{number}")
    with third:
        device = _any("Station", stations, f"station-{number}", words.short)
    with fourth:
        label = _any("Labelled", list(Label), f"label-{number}")
    return Rule(where, tuple(answers), release, sender, modality, device, label, _hours(number))


def _any(title: str, choices: Sequence[Choice], key: str, shown: Callable[[Choice], str] = str) -> Choice | None:
    return st.selectbox(title, choices, index=None, placeholder="any", format_func=shown, key=key)


def _hours(number: int) -> tuple[int, int] | None:
    """In this machine's time; over midnight where the first is later."""
    about = "For what came in within these hours, by this machine's clock; 18 to 7 is the night."
    if not st.toggle("Only within hours", key=f"within-{number}", help=about):
        return None
    left, right = st.columns(2, gap="small")
    first = left.number_input("From hour", 0, 23, 18, key=f"first-hour-{number}")
    last = right.number_input("To before hour", 1, 24, 7, key=f"last-hour-{number}")
    return int(first), int(last)
