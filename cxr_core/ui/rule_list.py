"""The rules that hold, in words, and the form for one more."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr_core.records import User
from cxr_core.store.destinations import Rule
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import left_to, may
from cxr_core.ui.removal import removes
from cxr_core.ui.rule_form import Names, rule_form, warn_if_it_forestalls
from cxr_core.ui.rule_words import in_words
from cxr_core.ui.session import site
from cxr_core.work.hospital import connecting


def rule_list(user: User) -> None:
    """What goes where, and the form."""
    home = site().home
    found = connecting.all_rules(home, user)
    names = Names(
        {each.id: each.name for each in connecting.all_destinations(home, user)},
        {each.id: each.name for each in connecting.all_senders(home, user)},
    )
    listed, adding = st.columns(2, gap="large")
    with listed:
        st.html("<h3>What goes where</h3>")
        if not found:
            words.empty("No rules, so no answers go out", "A rule is composed, and tried on what came before.")
        for each in found:
            _row(user, each, names)
    with adding:
        if not may(connecting.add_rule, user):
            left_to(connecting.add_rule, "Rules are added and removed")
            return
        st.html("<h3>Add a rule</h3>")
        if names.destinations:
            rule_form(user, names, len(found))
        else:
            words.empty("No destination", "Say first, under Destinations, where answers can go.")


def _row(user: User, rule: Rule, names: Names) -> None:
    said, button = st.columns([4, 1], vertical_alignment="center")
    said.html(f'<div class="listed">{escape(in_words(rule, *names))}</div>')
    if may(connecting.remove_rule, user):
        with button, st.container(horizontal=True, horizontal_alignment="right"):
            _remove(user, rule)
    warn_if_it_forestalls(user, rule)


def _remove(user: User, rule: Rule) -> None:
    if removes("What it has queued goes out all the same; nothing more is queued by it.", f"rule-{rule.id}"):
        with told():
            connecting.remove_rule(site().home, user, rule.id)
            st.rerun()
