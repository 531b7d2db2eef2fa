"""The family tree of the model versions, beside what is known of each at a glance; a click chooses one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape
from pathlib import Path

import streamlit as st

from cxr_core.ui import words
from cxr_core.ui.charts import PAPER
from cxr_core.ui.colours import AMBER, BLUE, DIM, GREEN, RED
from cxr_core.work.models.registry import State, Version

KEY = "family"
FOLDER = Path(__file__).parent
COLOURS = {
    State.IN_USE: GREEN, State.CANDIDATE: AMBER, State.WAS_IN_USE: BLUE, State.REFUSED: RED, State.RETIRED: DIM,
    State.RIVAL: DIM,
}  # fmt: skip
SOLID = (State.IN_USE, State.WAS_IN_USE)
ACROSS, DOWN = 14, 20
"""From one line to the next, and from one version to the next, in the picture's own units: ten are a rem."""
ROUND = 6
TITLES = ("Version", "State", "AUC (95 %)", "Here since (UTC)", "Trained on", "Last decision", "Weights", "Set", "Plan")

_component = st.components.v2.component(
    "cxr_family",
    html='<div class="family"></div>',
    css=(FOLDER / "family.css").read_text(encoding="utf-8"),
    js=(FOLDER / "family.js").read_text(encoding="utf-8"),
)


def chosen(versions: Sequence[Version]) -> Version:
    """Show the versions (at least one) as a tree; returns the one that the address names, else the one in use."""
    by_name = {version.name: version for version in versions}
    in_use = next((version for version in versions if version.state is State.IN_USE), versions[-1])
    found = by_name.get(st.query_params.get("version", ""), in_use)
    _component(key=KEY, data={"html": drawn(versions, found.name)}, on_chosen_change=_remember)
    return found


def placed(versions: Sequence[Version]) -> list[tuple[Version, int]]:
    """The versions from top to bottom, each with the line that it stands on: 0 is leftmost.

    A version's children stand below it, one line to the right; the last of them that was ever in use goes on with its
    parent's line, so that what served stands straight and what didn't branches off.
    """
    children = defaultdict(list)
    for version in versions:
        children[version.parent].append(version)
    waiting = [(root, 0) for root in reversed(children[None])]
    found = []
    while waiting:
        version, line = waiting.pop()
        found.append((version, line))
        heir = next((child for child in reversed(children[version.name]) if child.was_used), None)
        branches = [child for child in children[version.name] if child is not heir]
        waiting += [(heir, line)] if heir else []
        waiting += [(branch, line + 1) for branch in reversed(branches)]
    return found


def drawn(versions: Sequence[Version], selected: str) -> str:
    """The tree as HTML: a picture of the lines, and over it a table with a row a version; all text is escaped."""
    order = placed(versions)
    lines = 1 + max(line for _, line in order)
    head = "".join(f"<th>{title}</th>" for title in TITLES)
    rows = "".join(_row(version, version.name == selected) for version, _ in order)
    style = f"--lines:{lines * ACROSS / 10}rem"
    return f'<div style="{style}">{_picture(order, lines)}<table><tr>{head}</tr>{rows}</table></div>'


def _picture(order: list[tuple[Version, int]], lines: int) -> str:
    at = {version.name: (_middle(line, ACROSS), _middle(row, DOWN)) for row, (version, line) in enumerate(order)}
    ways = "".join(_way(at[version.parent], at[version.name]) for version, _ in order if version.parent)
    dots = "".join(_dot(version, *at[version.name]) for version, _ in order)
    width, height = lines * ACROSS, len(order) * DOWN
    size = f"width:{width / 10}rem;height:{height / 10}rem"
    return f'<svg viewBox="0 0 {width} {height}" style="{size}" aria-hidden="true">{ways}{dots}</svg>'


def _middle(place: int, step: int) -> int:
    return place * step + step // 2


def _way(parent: tuple[int, int], child: tuple[int, int]) -> str:
    """Down from the parent, then round the corner to a child that stands to its right."""
    (x, y), (right, below) = parent, child
    turn = f"V{below - ROUND}Q{x} {below} {x + ROUND} {below}H{right}" if right > x else f"V{below}"
    return f'<path d="M{x} {y}{turn}"/>'


def _dot(version: Version, x: int, y: int) -> str:
    colour = COLOURS[version.state]
    inside = colour if version.state in SOLID else "#0b0d0f"
    ring = f'<circle cx="{x}" cy="{y}" r="6" fill="{PAPER}" stroke="{colour}" stroke-width="1"/>'
    dot = f'<circle cx="{x}" cy="{y}" r="3.5" fill="{inside}" stroke="{colour}" stroke-width="1.5"/>'
    return dot + ring if version.state is State.IN_USE else dot


def _row(version: Version, selected: bool) -> str:
    name, metrics = escape(version.name), version.card["metrics"]
    button = f'<button aria-pressed="{str(selected).lower()}">{name}</button>'
    state = f'<span style="color:{COLOURS[version.state]}">{version.state}</span>'
    auc = words.ranged(metrics.get("auc"), metrics.get("auc_ci95"))
    told = [auc, words.day(version.made_at), words.counted(version.learnt), _last_decision(version)]
    hashes = [version.weights_sha256, version.training_set, version.plan]
    cells = [button, state, *map(_cell, told), *map(_hash, hashes)]
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr data-version="{name}"{" class=chosen" if selected else ""}>{row}</tr>'


def _cell(text: str) -> str:
    return f'<span title="{escape(text)}">{escape(text)}</span>'


def _hash(sha256: str | None) -> str:
    return f'<code title="{sha256 or ""}">{words.short(sha256)}</code>'


def _last_decision(version: Version) -> str:
    if not version.decisions:
        return words.NONE
    last = version.decisions[-1]
    return f"{last['action']}, {last['decided_by_name'] or 'program'}: {last['reason']}"


def _remember() -> None:
    """Write the version that was clicked into the address."""
    st.query_params["version"] = st.session_state[KEY]["chosen"]
