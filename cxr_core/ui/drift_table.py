"""The states of all signals at a glance: what changed, beside which reference, since when, what it usually is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from html import escape

import streamlit as st

from cxr_core.drift.catalogue import About
from cxr_core.drift.sight import SITE, Said
from cxr_core.drift.trace import ENOUGH, Finding, State
from cxr_core.ui import words
from cxr_core.work.drift.sighting import FEWEST, MODELS_OWN, SITES_OWN
from cxr_core.work.drift.watching import Watch

WEEKS = 12
RANK = {state: rank for rank, state in enumerate((State.ALARM, State.WATCH, State.STEADY, State.TOO_FEW))}
CLASSES = {State.ALARM: "alarm", State.WATCH: "watch", State.STEADY: "steady", State.TOO_FEW: "few"}
CHANGED = (State.ALARM, State.WATCH)
NETWORK = "Network's view"
"""The row that stands for all of the network's axes."""
NOT_WATCHED = (
    f"This device isn't watched by itself: the site's reference has fewer than {FEWEST} of its X-rays, or it has sent "
    "none since. What it sends is drawn below."
)
BESIDE = {MODELS_OWN: "Beside the model's own", SITES_OWN: "Beside the site's"}


def summary(watch: Watch) -> None:
    """One sentence: what the last day's look says."""
    state, sentence = verdict(watch)
    {State.ALARM: st.error, State.WATCH: st.warning, State.STEADY: st.success, State.TOO_FEW: st.info}[state](sentence)


def verdict(watch: Watch) -> tuple[State, str]:
    """The worst of what the whole site says, or the device that is looked at, and the sentence on it."""
    said = worst(each for each in watch.now if each.scope == watch.scope)
    changed = [title for title, finding in said.items() if finding.state is State.ALARM]
    watched = [title for title, finding in said.items() if finding.state is State.WATCH]
    judged = [title for title, finding in said.items() if finding.state is not State.TOO_FEW]
    if changed:
        return State.ALARM, f"{len(changed)} of {len(said)} signals changed: {', '.join(changed)}."
    if watched:
        return State.WATCH, f"Nothing is certain, but this may be changing: {', '.join(watched)}."
    if judged:
        return State.STEADY, f"{len(judged)} of {len(said)} signals can be judged, and are steady."
    if not said and watch.scope != SITE:
        return State.TOO_FEW, NOT_WATCHED
    most = max((finding.n for finding in said.values()), default=0)
    return State.TOO_FEW, f"Too few images to say: at least {ENOUGH} in four weeks are needed, there are {most}."


def table(watch: Watch) -> None:
    """A row a signal of the site, or of the device, in the order of what it is about; weeks as cells."""
    if any(said.scope == watch.scope for said in watch.now):
        st.html(heat(watch))


def heat(watch: Watch) -> str:
    """The same as HTML."""
    weeks = sorted(watch.weeks)[-WEEKS:]
    heads = "".join(f"<th class='week'>{week.day} {week:%b}</th>" for week in weeks)
    besides = {said.beside for said in watch.now if said.scope == watch.scope}
    references = [beside for beside in BESIDE if beside in besides]
    columns = "".join(f"<th>{BESIDE[beside]}</th>" for beside in references)
    body = "".join(_group(watch, about, references, weeks) for about in About)
    return (
        f"<table class='heat'><tr><td class='none' colspan='{2 + len(references)}'></td><th class='span' "
        f"colspan='{len(weeks)}'>Images of four weeks, or since it changed, at the end of the week from</th></tr>"
        f"<tr><th>Signal</th>{columns}<th>Since</th>{heads}<th>What a change usually means</th></tr>{body}</table>"
    )


def worst(said: Iterable[Said]) -> dict[str, Finding]:
    """By title, what is said worst of a signal; the network's axes are one."""
    found: dict[str, Finding] = {}
    for each in said:
        title = _title(each)
        if title not in found or RANK[each.finding.state] < RANK[found[title].state]:
            found[title] = each.finding
    return found


def _title(said: Said) -> str:
    return NETWORK if said.finding.signal.about is About.NETWORK else said.finding.signal.title


def _group(watch: Watch, about: About, references: list[str], weeks: list[date]) -> str:
    """The rows of one part of the table, the worst first."""
    here = [said for said in watch.now if said.finding.signal.about is about and said.scope == watch.scope]
    by_week = [worst(said for said in watch.weeks[week] if said.scope == watch.scope) for week in weeks]
    beside = [worst(said for said in here if said.beside == reference) for reference in references]
    ranked = sorted(worst(here).items(), key=lambda row: RANK[row[1].state])
    rows = (
        _row(title, most, [found.get(title) for found in beside], [week.get(title) for week in by_week])
        for title, most in ranked
    )
    across = 3 + len(references) + len(weeks)
    head = f"<tr><th class='group' colspan='{across}'>{about.value[:1].upper()}{about.value[1:]}</th></tr>"
    return head + "".join(rows) if ranked else ""


def _row(title: str, most: Finding, beside: list[Finding | None], weeks: list[Finding | None]) -> str:
    changed = most.state in CHANGED
    what = f": {most.what}" if changed and most.what else ""
    since = f"{most.since.day} {most.since:%b}" if changed and most.since else ""
    meaning = escape(most.signal.meaning) if changed else ""
    return (
        f"<tr><td>{escape(title + what)}</td>{''.join(map(_state, beside))}<td>{since}</td>"
        f"{''.join(map(_cell, weeks))}<td class='wraps'>{meaning}</td></tr>"
    )


def _state(finding: Finding | None) -> str:
    if finding is None:
        return "<td class='few'>no reference</td>"
    size = "" if finding.effect is None else f", {words.percent(finding.effect)}"
    return f"<td class='{CLASSES[finding.state]}'>{finding.state.value}{size}</td>"


def _cell(finding: Finding | None) -> str:
    if finding is None:
        return "<td></td>"
    size = "" if finding.effect is None else f", {words.percent(finding.effect)} changed"
    return f"<td class='{CLASSES[finding.state]}' title='{finding.state.value}{size}'>{finding.n}</td>"
