"""A model's card in words, tables and pictures."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cxr_core.ui import charts, words

HASH = 64
"""Length of a hash in hexadecimal digits: shown by its first few."""


def card_page(version: dict[str, Any]) -> None:
    """Everything that is known of one model version."""
    card = version["card"]
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        words.table(_in_words(version))
    with right:
        _figures(card["metrics"], card["name"])
        if card["history"]:
            charts.curves(card["history"], f"curves-{card['name']}")


def _in_words(version: dict[str, Any]) -> list[tuple[str, str]]:
    card = version["card"]
    intended, calibration, metrics = card["intended"], card["calibration"], card["metrics"]
    error = words.ranged(metrics.get("ece"), metrics.get("ece_ci95"))
    band = f"{calibration['normal_up_to']:.1%} to {calibration['pneumonia_from']:.1%}"
    return [
        ("State", "in use" if version["running"] else version["action"] or "not decided on"),
        ("Intended for", intended["description"]),
        ("Judges", f"views {', '.join(intended['views'])}; ages {intended['youngest']} to {intended['oldest']} years"),
        ("Made", f"{words.day(card['created_at'])} UTC from {card['parent'] or 'no other version'}; "
         f"base: {card['base']}"),
        ("Recipe", _listed(card["recipe"])),
        ("Data", _listed(card["data"])),
        ("Calibration", f"Platt scaling, slope {calibration['slope']:.3f}, intercept "
         f"{calibration['intercept']:.3f}; expected calibration error {error}"),
        ("Threshold", f"Pneumonia from {calibration['threshold']:.1%}, where an answer is forced"),
        ("Uncertain", f"{band}: there the model says so, rather than guess"),
        ("AUC", f"{words.ranged(metrics.get('auc'), metrics.get('auc_ci95'))} on {metrics.get('n', 0)} images of "
         f"{metrics.get('patients', words.NONE)} locked patients, never trained on"),
        ("Limits", "Children outside the stated ages, other views and other findings than pneumonia were not tested. "
         "The heatmap shows what weighed in the answer; it is no outline of disease."),
        ("Network", f"{card['architecture']}; weights {card['weights_sha256'][:16]}…"),
    ]  # fmt: skip


def _listed(values: dict[str, Any]) -> str:
    """A nested mapping as words: `images: train 3600, validation 420; seed 0`."""

    def inner(value: Any) -> str:
        if isinstance(value, dict):
            return ", ".join(f"{name} {inner(part)}" for name, part in value.items())
        if isinstance(value, float):
            return f"{value:g}"
        return words.short(value) + "…" if isinstance(value, str) and len(value) == HASH else str(value)

    return "; ".join(f"{name.replace('_', ' ')}: {inner(value)}" for name, value in values.items()) or words.NONE


def _figures(metrics: dict[str, Any], name: str) -> None:
    matrix, report = st.columns([1, 1.2])
    with matrix:
        if metrics.get("confusion"):
            charts.confusion(metrics["confusion"], f"confusion-{name}")
    with report:
        _report(metrics.get("report", {}))


def _report(report: dict[str, Any]) -> None:
    """Scikit-learn's classification report as a table."""
    rows = [
        [title, *(words.number(row[part], 3) for part in ("precision", "recall", "f1-score")), f"{row['support']:.0f}"]
        for title, row in report.items()
        if isinstance(row, dict)
    ]
    words.grid(["Class", "Precision", "Recall", "F1", "Images"], rows)
    if "accuracy" in report:
        accuracy = f"Accuracy {report['accuracy']:.3f}."
        st.caption(f"{accuracy} Recall of Pneumonia is the sensitivity, of Normal the specificity.")
