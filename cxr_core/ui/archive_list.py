"""The archives that are asked: how fetching there stands, what comes by itself, and removing them."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import streamlit as st

from cxr_core.records import Job, JobState, User
from cxr_core.store.pulls import Pull
from cxr_core.store.senders import Sender
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import may
from cxr_core.ui.removal import removes
from cxr_core.ui.session import end_if_signed_out, site
from cxr_core.work.hospital import pulling

SAID = {
    "fetched": "fetched", "known": "here before", "gone": "there no longer", "refused": "refused",
    "erased": "of somebody erased", "failed": "failed",
}  # fmt: skip
"""What became of X-rays that were to be fetched, in words."""


def archive_list(user: User, found: list[Sender]) -> None:
    """A row for each, which follows what is being fetched there."""
    fetches, rules = pulling.newest(site().home, user), pulling.all_pulls(site().home, user)
    for each in found:
        _row(user, each, fetches.get(each.id), next((pull for pull in rules if pull.source == each.id), None))
    if rules or any(job.state.is_open for job in fetches.values()):
        _watch(user, _standing(fetches, rules))


def _row(user: User, source: Sender, fetch: Job | None, pull: Pull | None) -> None:
    assert source.address is not None
    lines = [f"<b>{escape(source.name)}</b> {escape(source.address['url'])}", by_itself(pull)]
    if fetch and not fetch.state.is_open:
        lines.append(fetched(fetch))
    st.html(f'<div class="listed">{"<br>".join(lines)}</div>')
    if may(pulling.remove_source, user):
        _buttons(user, source, pull)


def _buttons(user: User, source: Sender, pull: Pull | None) -> None:
    with st.container(horizontal=True, gap="small"):
        if pull is None:
            _rule(user, source)
        else:
            if pull.held_at and st.button("Let go on", key=f"pull-on-{source.id}"):
                _do(lambda: pulling.go_on(site().home, user, source.name))
            if st.button("Not by itself any more", key=f"no-pull-{source.id}"):
                _do(lambda: pulling.every_no_more(site().home, user, source.name))
        then = "It is asked for nothing any more; what is being fetched there is broken off. What came stays."
        if removes(then, f"archive-{source.id}"):
            _do(lambda: pulling.remove_source(site().home, user, source.name))


def _rule(user: User, source: Sender) -> None:
    """What is to come by itself."""
    with st.popover("Fetch by itself", key=f"ask-pull-{source.id}"), st.form(key=f"pull-{source.id}", border=False):
        st.caption("What is new there comes by itself; what has come before is left alone.")
        modalities = st.multiselect("Modalities", ["CR", "DX"], ["CR", "DX"], key=f"pull-modalities-{source.id}")
        left, right = st.columns(2)
        minutes = left.number_input("Every so many minutes", 1, 10_080, 15, key=f"pull-minutes-{source.id}")
        days = right.number_input("Days back", 1, 365, 2, key=f"pull-days-{source.id}")
        station = st.text_input("Station, if one alone", max_chars=16, key=f"pull-station-{source.id}")
        if st.form_submit_button("Fetch by itself from now on", key=f"start-pull-{source.id}"):
            pull = Pull(source.id, tuple(modalities), int(days), int(minutes), station.strip() or None)
            _do(lambda: pulling.every(site().home, user, source.name, pull))


def by_itself(pull: Pull | None) -> str:
    """A rule and what came of it the last time, as HTML."""
    if pull is None:
        return '<span class="dim">nothing comes by itself</span>'
    days = words.how_many(pull.days, "days")
    station = f" of station {escape(pull.station)}" if pull.station else ""
    rule = f"every {pull.minutes} min: {', '.join(pull.modalities)} of the last {days}{station}"
    if pull.held_at:
        why = escape(pull.held_because or "")
        return f'{rule}<br><span class="dead">held since {words.day(pull.held_at)} UTC: {why}</span>'
    if not pull.ran_at:
        return f'{rule}<br><span class="dim">not asked yet</span>'
    kind = "dead" if pull.failed else "dim"
    said = f": {escape(pull.said)}" if pull.said else ""
    return f'{rule}<br><span class="{kind}">{words.ago(pull.ran_at)}{said}</span>'


def fetched(job: Job) -> str:
    """What came of fetching what was chosen, as HTML."""
    when = f'<span class="dim">({words.ago(job.finished_at or job.created_at)})</span>'
    if job.state is JobState.FAILED:
        return f'<span class="dead">Fetching ended: {escape(job.error or "")}</span> {when}'
    why = f' <span class="dead">{escape(job.result["why"])}</span>' if job.result.get("why") else ""
    return f"chosen by hand: {escape(came(job.result))}{why} {when}"


def came(counts: dict[str, Any]) -> str:
    """How many X-rays became of what: `3 fetched, 1 here before`."""
    return ", ".join(f"{counts[name]} {said}" for name, said in SAID.items() if counts.get(name)) or "nothing came"


@st.fragment(run_every=1.0)
def _watch(user: User, drawn: set[object]) -> None:
    """How far fetching is, and the way to break it off; draws the page anew once anything stands otherwise."""
    end_if_signed_out()
    fetches = pulling.newest(site().home, user)
    if _standing(fetches, pulling.all_pulls(site().home, user)) != drawn:
        st.rerun(scope="app")
    for job in fetches.values():
        if job.state.is_open:
            _progress(user, job)


def _standing(fetches: dict[int, Job], rules: list[Pull]) -> set[object]:
    """What the rows tell of, to see whether it has changed."""
    return {*rules, *((job.id, job.state.is_open) for job in fetches.values())}


def _progress(user: User, job: Job) -> None:
    done, of = job.progress.get("done", 0), job.progress.get("of", 0)
    waits = f", waits: {job.progress['waits']}" if "waits" in job.progress else ""
    st.progress(done / of if of else 0.0, f"Fetching: {done} of {of}{waits}" if of else "Fetching: waits its turn")
    if may(pulling.cancel, user) and st.button("Cancel", key=f"cancel-{job.id}"):
        with told():
            pulling.cancel(site().home, user, job.id)
            st.rerun(scope="app")


def _do(what: Callable[[], object]) -> None:
    with told():
        what()
        st.rerun()
