"""A model's card in words, tables and pictures."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cxr_core.model.calibrate import ALPHA, Calibration
from cxr_core.ui import charts, words
from cxr_core.work.models.registry import Version

HASH = 64
"""Length of a hash in hexadecimal digits: shown by its first few."""
STAGES = ("head", "layer4", "layer3", "layer2", "layer1", "stem")
"""Of a network, from the top down."""


def card_page(version: Version) -> None:
    """Everything that is known of one model version."""
    card = version.card
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        words.table([*_registered(version), *_in_words(card)])
    with right:
        _figures(card["metrics"], card["name"])
        if card["metrics"].get("reliability"):
            charts.reliability(card["metrics"]["reliability"], f"reliability-{card['name']}")
        if card["history"]:
            charts.curves(card["history"], f"curves-{card['name']}")


def _registered(version: Version) -> list[tuple[str, str]]:
    """Where the version stands, who decided so, and the hashes by which all that made it is found again."""
    gate = version.card["metrics"].get("gate")
    verdict = gate and ("lets it through" if gate["passed"] else f"says no: {'; '.join(gate['reasons'])}")
    rows = [
        ("State", version.state.value),
        ("Decisions", " ".join(map(_decision, version.decisions)) or "none yet"),
        ("Gate", verdict),
        ("Trained on", version.learnt and words.counted(version.learnt)),
        ("Weights", version.weights_sha256),
        ("Training set", version.training_set),
        ("Plan", version.plan),
    ]
    return [(title, told) for title, told in rows if told]


def _decision(taken: dict[str, Any]) -> str:
    return (
        f"{words.day(taken['decided_at'])} UTC {taken['action']}, by {taken['decided_by_name'] or 'the program'}: "
        f"{taken['reason'].rstrip('.')}."
    )


def _in_words(card: dict[str, Any]) -> list[tuple[str, str]]:
    intended, calibration, metrics = card["intended"], card["calibration"], card["metrics"]
    error = words.ranged(metrics.get("ece"), metrics.get("ece_ci95"))
    band = f"{calibration['normal_up_to']:.1%} to {calibration['pneumonia_from']:.1%}"
    return [
        ("Intended for", intended["description"]),
        ("Judges", f"views {', '.join(intended['views'])}; ages {intended['youngest']} to {intended['oldest']} years"),
        ("Made", f"{words.day(card['created_at'])} UTC from {card['parent'] or 'no other version'}; "
         f"base: {card['base']}"),
        *_recipe(card["recipe"]),
        ("Data", _listed(card["data"])),
        ("Calibration", f"Platt scaling, slope {calibration['slope']:.3f}, intercept "
         f"{calibration['intercept']:.3f}; expected calibration error {error}"),
        ("Threshold", f"Pneumonia from {calibration['threshold']:.1%}, where an answer is forced: sensitivity "
         f"{calibration['sensitivity']:.1%} on the calibration patients"),
        ("Uncertain", f"{band}: there the model says so, rather than guess"),
        ("Coverage", _coverage(calibration, metrics.get("coverage", {}))),
        ("AUC", f"{words.ranged(metrics.get('auc'), metrics.get('auc_ci95'))} on {metrics.get('n', 0)} images of "
         f"{metrics.get('patients', words.NONE)} locked patients, never trained on"),
        ("Heatmaps", _heatmaps(card)),
        ("Limits", "Children outside the stated ages, other views and other findings than pneumonia were not tested. "
         "The heatmap shows what weighed in the answer; it is no outline of disease."),
        ("Network", card["architecture"]),
    ]  # fmt: skip


def _recipe(recipe: dict[str, Any]) -> list[tuple[str, str]]:
    """A recipe in up to three rows: itself, how it changes images, and in what that which follows differs."""
    own = {name: value for name, value in recipe.items() if name not in ("augmentation", "then")}
    then = recipe.get("then") or {}
    rows = [("Recipe", own), ("Images changed", recipe.get("augmentation") or {}), ("Then", _unlike(then, recipe))]
    return [(title, _listed({name: value for name, value in part.items() if value})) for title, part in rows if part]


def _unlike(values: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """The parts of a nested mapping that are other in another."""
    unlike = {name: value for name, value in values.items() if value != others.get(name)}
    inner = {name: _unlike(value, others.get(name) or {}) for name, value in unlike.items() if isinstance(value, dict)}
    return unlike | inner


def _heatmaps(card: dict[str, Any]) -> str:
    """Whether the heatmaps passed the check with randomised weights, in its figures."""
    check = card.get("heatmap_check")
    if check is None:
        return "Made before heatmaps were checked"
    verdict = "Shown" if check["passed"] else "Hidden, since they don't show what was learnt"
    likeness = ", ".join(f"{stage} {check['similarity'][stage]:.2f}" for stage in STAGES)
    return (
        f"{verdict}. With new random weights from the top down, rank correlation with the maps before, either way "
        f"round: {likeness} (below 0.50 is wanted). "
        f"Pneumonias show {check['contrast']:.2f} logits more evidence than normals, "
        f"randomised networks {check['contrast_randomised']:.2f} at most (less than a third is wanted)."
    )


def _coverage(calibration: dict[str, Any], coverage: dict[str, Any]) -> str:
    """How seldom each class is called the other one, measured on locked patients."""
    measured = "; ".join(
        f"{label}: {words.ranged(found['covered'], found['covered_ci95'])} of {found['n']}"
        for label, found in coverage.items()
    )
    promise = "guaranteed" if Calibration(**calibration).guarantees else "aimed at"
    return (
        f"At most {ALPHA:.0%} of each class called the other: {promise}, by {calibration['normal']} normal and "
        f"{calibration['pneumonia']} pneumonia images. Not called the other on locked ones: {measured or words.NONE}"
    )


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
