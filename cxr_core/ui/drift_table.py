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
from cxr_core.work.sighting import MODELS_OWN, SITES_OWN
from cxr_core.work.watching import Watch

WEEKS = 12
RANK = {state: rank for rank, state in enumerate((State.ALARM, State.WATCH, State.STEADY, State.TOO_FEW))}
CLASSES = {State.ALARM: "alarm", State.WATCH: "watch", State.STEADY: "steady", State.TOO_FEW: "few"}
PLACES = ["Of one device or view", "What changed"]
CHANGED = (State.ALARM, State.WATCH)
NETWORK = "Network's view"
"""The row that stands for all of the network's axes."""
BESIDE = {MODELS_OWN: "Beside the model's own", SITES_OWN: "Beside the site's"}


def summary(watch: Watch) -> None:
    """One sentence: what today's look says."""
    state, sentence = verdict(watch)
    {State.ALARM: st.error, State.WATCH: st.warning, State.STEADY: st.success, State.TOO_FEW: st.info}[state](sentence)


def verdict(watch: Watch) -> tuple[State, str]:
    """The worst of what the whole site says, and the sentence on it."""
    said = _worst(each for each in watch.now if each.scope == SITE)
    changed = [title for title, finding in said.items() if finding.state is State.ALARM]
    watched = [title for title, finding in said.items() if finding.state is State.WATCH]
    judged = [title for title, finding in said.items() if finding.state is not State.TOO_FEW]
    if changed:
        return State.ALARM, f"{len(changed)} of {len(said)} signals changed: {', '.join(changed)}."
    if watched:
        return State.WATCH, f"Nothing is certain, but this may be changing: {', '.join(watched)}."
    if judged:
        return State.STEADY, f"{len(judged)} of {len(said)} signals can be judged, and are steady."
    most = max((finding.n for finding in said.values()), default=0)
    return State.TOO_FEW, f"Too few images to say: at least {ENOUGH} in four weeks are needed, there are {most}."


def places(watch: Watch) -> None:
    """The devices and views of which something is said that isn't steady."""
    if found := loud_places(watch):
        words.grid(PLACES, found)


def loud_places(watch: Watch) -> list[list[str]]:
    """The rows of that table, under PLACES."""
    loud = [each for each in watch.now if each.scope != SITE and each.finding.state in CHANGED]
    by_place = {place: _worst(each for each in loud if each.scope == place) for place in {each.scope for each in loud}}
    return [[str(place), ", ".join(found)] for place, found in sorted(by_place.items(), key=lambda row: str(row[0]))]


def table(watch: Watch) -> None:
    """A row a signal of the whole site, in the order of what it is about; weeks as cells."""
    st.html(heat(watch))


def heat(watch: Watch) -> str:
    """The same as HTML."""
    weeks = sorted(watch.weeks)[-WEEKS:]
    heads = "".join(f"<th>{week.day} {week:%b}</th>" for week in weeks)
    references = [beside for beside in BESIDE if any(said.beside == beside for said in watch.now)]
    columns = "".join(f"<th>{BESIDE[beside]}</th>" for beside in references)
    body = "".join(_group(watch, about, references, weeks) for about in About)
    return (
        f"<table class='heat'><tr><td class='none' colspan='{2 + len(references)}'></td><th class='span' "
        f"colspan='{len(weeks)}'>Images in the four weeks up to the week from</th></tr>"
        f"<tr><th>Signal</th>{columns}<th>Since</th>{heads}<th>What a change usually means</th></tr>{body}</table>"
    )


def _worst(said: Iterable[Said]) -> dict[str, Finding]:
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
    here = [said for said in watch.now if said.finding.signal.about is about and said.scope == SITE]
    by_week = [_worst(said for said in watch.weeks[week] if said.scope == SITE) for week in weeks]
    beside = [_worst(said for said in here if said.beside == reference) for reference in references]
    ranked = sorted(_worst(here).items(), key=lambda row: RANK[row[1].state])
    rows = (
        _row(title, worst, [found.get(title) for found in beside], [week.get(title) for week in by_week])
        for title, worst in ranked
    )
    across = 3 + len(references) + len(weeks)
    head = f"<tr><th class='group' colspan='{across}'>{about.value[:1].upper()}{about.value[1:]}</th></tr>"
    return head + "".join(rows) if ranked else ""


def _row(title: str, worst: Finding, beside: list[Finding | None], weeks: list[Finding | None]) -> str:
    changed = worst.state in CHANGED
    what = f": {worst.what}" if changed and worst.what else ""
    since = f"{worst.since.day} {worst.since:%b}" if changed and worst.since else ""
    meaning = escape(worst.signal.meaning) if changed else ""
    return (
        f"<tr><td>{escape(title + what)}</td>{''.join(map(_state, beside))}<td>{since}</td>"
        f"{''.join(map(_cell, weeks))}<td class='meaning'>{meaning}</td></tr>"
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
