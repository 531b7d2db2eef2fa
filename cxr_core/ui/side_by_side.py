"""Two to four versions side by side: the figures of each on locked patients, and their ROC curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from cxr_core.records import User
from cxr_core.ui import charts, words
from cxr_core.ui.session import site
from cxr_core.work.models import registry
from cxr_core.work.models.registry import State, Version

MOST = 4


def side_by_side(user: User, versions: Sequence[Version], chosen: Version) -> None:
    """Choose the versions, then their figures beside their curves."""
    names = [version.name for version in versions]
    picked = st.multiselect(
        "Versions (two to four)", names, _suggested(versions, chosen), key=f"beside-{chosen.name}",
        max_selections=MOST, placeholder="Choose two to four versions",
    )  # fmt: skip
    if len(picked) < 2:
        words.empty("Nothing to compare", "Choose two to four versions.")
        return
    found = registry.side_by_side(site().home, user, picked)
    by_name = {version.name: version for version in versions}
    left, right = st.columns([1, 1.1], gap="large")
    with left:
        words.grid(["", *picked], _figures(found.measured, [by_name[name] for name in picked]))
        st.caption(_where(found.report))
    with right:
        _curves(found.measured)


def _suggested(versions: Sequence[Version], chosen: Version) -> list[str]:
    """The chosen version with the one in use, or with its parent where it is that itself."""
    in_use = next((version.name for version in versions if version.state is State.IN_USE), None)
    other = in_use if chosen.name != in_use else chosen.parent
    return [chosen.name, *([other] if other else [])]


def _figures(measured: dict[str, dict[str, Any]], versions: Sequence[Version]) -> list[list[str]]:
    """A row a figure, a column a version."""
    found = list(measured.values())

    def row(title: str, name: str, digits: int = 1) -> list[str]:
        return [title, *(words.percent(metrics.get(name), digits) for metrics in found)]

    return [
        ["AUC (95 %)", *(words.ranged(metrics.get("auc"), metrics.get("auc_ci95")) for metrics in found)],
        row("Accuracy", "accuracy"), row("Sensitivity", "sensitivity"), row("Specificity", "specificity"),
        ["Calibration error", *(words.number(metrics.get("ece")) for metrics in found)],
        row("Uncertain", "uncertain_rate"),
        ["X-rays refused", *map(_refused, found)],
        ["Threshold", *(words.percent(version.card["calibration"]["threshold"], 1) for version in versions)],
        ["Locked images", *(str(metrics.get("n", words.NONE)) for metrics in found)],
        ["Here since (UTC)", *(words.day(version.made_at) for version in versions)],
    ]  # fmt: skip


def _refused(metrics: dict[str, Any]) -> str:
    if "refused" not in metrics or not metrics.get("n"):
        return words.NONE
    return words.percent(metrics["refused"] / metrics["n"], 1)


def _where(report: str | None) -> str:
    if report:
        return f"All on the same locked patients, never trained on: from the gate report of {report}."
    return (
        "Each from its own card, on the locked patients of its own day: no gate report has all of these. "
        "Differences may lie in the patients."
    )


def _curves(measured: dict[str, dict[str, Any]]) -> None:
    curves = {name: metrics for name, metrics in measured.items() if metrics.get("roc")}
    if curves:
        charts.roc(curves, "roc")
    if without := [name for name in measured if name not in curves]:
        st.caption(f"No curve of {', '.join(without)}: what was measured then kept no points.")
