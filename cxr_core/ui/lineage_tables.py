"""Lineage in dense tables: what taught a model, and as a tree, where a patient's images went."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import Any

import streamlit as st

from cxr_core.ui import words
from cxr_core.work.models.lineage import THROUGH, OfModel, OfPatient, OfPrediction, Touched, Version

MOST_READS = 200
"""Rows of a table of reads; the command line gives all."""


def of_prediction(found: OfPrediction) -> None:
    """An opinion, and the versions that led to it."""
    said = found.prediction
    st.html(f"<h3>Image {words.short(found.image)}</h3>")
    words.table([
        ("Patient", found.patient),
        ("Opinion", f"{words.answer(said)}, probability of pneumonia {words.percent(said['probability'])}"),
        ("Given by", f"{said['model']} on {words.day(said['made_at'])} UTC"),
    ])  # fmt: skip
    _versions(found.versions)


def of_model(found: OfModel) -> None:
    """A model, what led to it, and what came of it."""
    st.html(f"<h3>Model {escape(found.versions[0].name)}</h3>")
    words.table([("Fine-tuned from it since", ", ".join(found.descendants) or "none")])
    _versions(found.versions)


def of_patient(found: OfPatient) -> None:
    """A patient's images, tombstones and reads, and the tree of what learnt from them."""
    st.html(f"<h3>{escape(found.patient)}</h3>")
    st.caption(f"On the side {found.side} for ever." if found.side else "Nothing of this patient was taken in.")
    left, right = st.columns(2, gap="large")
    with left:
        _images(found)
        _reads_on(found)
    with right:
        st.html(f"<h3>Where it went</h3>{_tree(found)}")


def learnt(models: list[Touched]) -> list[Touched]:
    """The models that learnt from a patient, themselves or through a parent."""
    return [touched for touched in models if touched.learnt]


def model_link(model: str) -> str:
    """A model's name as HTML that leads to its card."""
    return f'<a href="/models?version={escape(model)}" target="_self">{escape(model)}</a>'


def _versions(versions: list[Version]) -> None:
    for version in versions:
        st.html(f"<h3>{model_link(version.name)}</h3>")
        words.table([
            ("Made", f"{words.day(version.made_at)} UTC"),
            ("Last decision", version.decision or "none yet"),
            ("Fine-tuned from", version.parent or "nothing: the program's release"),
            ("Training set", version.training_set or "the release's own, which comes with the program"),
        ])  # fmt: skip
        if version.items:
            _items(version)


def _items(version: Version) -> None:
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        words.grid(
            ["Origin", "Side", "Label", "Images"],
            [[row["origin"], row["side"], row["label"], str(row["images"])] for row in version.items],
        )
    with right:
        words.grid(
            ["Image", "Patient", "Taken as", "Side", "Read by", "When (UTC)", "Reason", "Saw", "Mode"],
            [_read(row) for row in version.reads[:MOST_READS]],
        )
        if len(version.reads) > MOST_READS:
            st.caption(
                f"The first {MOST_READS} of {len(version.reads)} reads: python -m cxr_core lineage has them all."
            )


def _read(row: dict[str, Any]) -> list[str]:
    taken = [words.short(row["image"]), words.short(row["patient"]), row["label"], row["side"]]
    if row["erased_at"]:
        return [*taken, f"erased {words.day(row['erased_at'])}", *[words.NONE] * 4]
    return [
        *taken,
        row["reader"],
        words.day(row["made_at"]),
        row["reason"] or words.NONE,
        words.saw(row["seen"]),
        row["mode"],
    ]


def _images(found: OfPatient) -> None:
    st.html("<h3>Images</h3>")
    words.grid(
        ["Image", "Came in (UTC)", "Read as", "Reads", ""],
        [
            *([words.short(row["id"]), words.day(row["received_at"]), row["mode"], str(row["reads"]), ""]
              for row in found.images),
            *([words.short(row["image"]), words.NONE, words.NONE, str(row["reads"]), _tombstone(row)]
              for row in found.erased),
        ],
    )  # fmt: skip


def _tombstone(row: dict[str, Any]) -> str:
    if row["by_age"]:
        return f"removed {words.day(row['erased_at'])}: {row['reason']}"
    who = row["erased_by"] or "the command line"
    return f"erased {words.day(row['erased_at'])} by {who}: {row['reason']}"


def _reads_on(found: OfPatient) -> None:
    if not found.reads:
        return
    st.html("<h3>Reads</h3>")
    words.grid(
        ["Image", "Reader", "When (UTC)", "Says", "Reason", "Saw"],
        [
            [words.short(row["image"]), row["reader"], words.day(row["made_at"]), row["label"],
             row["reason"] or words.NONE, words.saw(row["seen"])]
            for row in found.reads
        ],
    )  # fmt: skip


def _tree(found: OfPatient) -> str:
    """Patient, images, what each was taken as, the models made of that, and what was fine-tuned from them."""
    if not found.taken:
        return '<p class="dim">No training set took anything of this patient: no model learnt from them.</p>'
    branches = [
        f"<li>image {words.short(image)}<ul>{''.join(_taken(found, row) for row in rows)}</ul></li>"
        for image, rows in groupby(sorted(found.taken, key=lambda row: str(row["image"])), lambda row: row["image"])
    ]
    return f'<ul class="tree"><li>{escape(found.patient)}<ul>{"".join(branches)}</ul></li></ul>'


def _taken(found: OfPatient, row: dict[str, Any]) -> str:
    taken = f"as {row['label']} ({row['origin']}) into set {words.short(row['training_set'])}"
    direct = next((touched for touched in found.models if touched.model == row["model"]), None)
    return f"<li>{escape(taken)}<ul>{_model(found, direct) if direct else '<li>no model came of it</li>'}</ul></li>"


def _model(found: OfPatient, touched: Touched) -> str:
    """A model with those that were fine-tuned from it: nothing passes on from one that was only compared."""
    children = "".join(_model(found, child) for child in found.models if child.how == f"{THROUGH} {touched.model}")
    state = "in use" if touched.running else touched.decision or "undecided"
    below = f"<ul>{children}</ul>" if children else ""
    return f"<li>{model_link(touched.model)} <b>{escape(touched.how)}</b> ({escape(state)}){below}</li>"
