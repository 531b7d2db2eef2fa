"""What the model says of a case, and what is known of the image, in the narrow panel beside it."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from cxr_core.records import Mode
from cxr_core.ui import words
from cxr_core.ui.stopping import why
from cxr_core.work.reading_room.reviewing import Case, Stage

HEADS = {
    Stage.FIRST: "Your opinion first", Stage.DONE: "You have read this", Stage.TAKEN: "Others read this",
    Stage.OPEN: "Your opinion", Stage.LOOK: "",
}  # fmt: skip


def opinion(case: Case) -> None:
    """The model's answer with its probability, or why there is none, or none yet."""
    prediction = case.prediction
    if prediction is None:
        blinded = case.stage is Stage.FIRST and case.image["mode"] == Mode.BLINDED
        head = "Your opinion alone" if blinded else "Switched off" if case.stop else HEADS[case.stage]
        st.html(f'<div class="opinion"><div class="answer none">{head}</div>{_withheld(case)}</div>')
    elif prediction["status"] == "predicted":
        st.html(_answer(prediction, case.calibration) + _unchecked(case) + _put_right(prediction["put_right"]))
    else:
        reasons = "".join(f"<li>{escape(reason)}</li>" for reason in prediction["reasons"])
        answer = '<div class="answer none">Not analysed</div>'
        yours = '<div class="dim">You can read and label it all the same.</div>'
        st.html(f'<div class="opinion">{answer}<ul class="dim">{reasons}</ul>{yours}</div>')


def _withheld(case: Case) -> str:
    """Why the model's opinion isn't there."""
    if case.stop and case.stage is not Stage.FIRST:
        return f'<div class="dim">{escape(why(case.stop))}</div>'
    if case.stage is Stage.TAKEN:
        return ""
    later = case.image["mode"] == Mode.SECOND_READER
    told = "The model's opinion comes once yours is recorded." if later else "This list is read without the model."
    return f'<div class="dim">{told}</div>'


def _unchecked(case: Case) -> str:
    """What the gate could not ask, for a picture without a header tells neither age nor view."""
    made_for, image = case.intended, case.image
    years, views = f"{made_for['youngest']} to {made_for['oldest']} years", " or ".join(made_for["views"])
    lacking = [
        *([f"age (made for {years})"] if image["age_years"] is None else []),
        *([f"view (made for {views})"] if image["view"] is None else []),
    ]
    return f'<div class="dim">Not known, so unchecked: {escape(", ".join(lacking))}.</div>' if lacking else ""


def _put_right(what: str | None) -> str:
    """What was done to the image before the model looked, for the reader who sees it as it came."""
    return f'<div class="dim">The image came {escape(what)}; the model judged it put right.</div>' if what else ""


def _answer(prediction: dict[str, Any], calibration: dict[str, Any]) -> str:
    label, probability = prediction["label"], prediction["probability"]
    low, high, threshold = (calibration[name] for name in ("normal_up_to", "pneumonia_from", "threshold"))
    unsure = f"Uncertain {words.percent(low)} to {words.percent(high)}"
    marks = (
        f'<div class="band" title="{unsure}" '
        f'style="left:{low:.2%};width:{high - low:.2%}"></div>'
        f'<div class="mark" title="Threshold {threshold:.0%}" style="left:{threshold:.2%}"></div>'
    )
    return (
        f'<div class="opinion"><div class="answer {label}"><span>{label}</span>'
        f"<span>{words.percent(probability)}</span></div>"
        f'<div class="bar {label}"><div class="fill" style="width:{probability:.2%}"></div>{marks}</div>'
        f'<div class="scale"><span>0 %</span><span>{unsure}</span><span>100 %</span></div>'
        f'<div class="dim">Probability of pneumonia, by {escape(prediction["model"])}</div></div>'
    )


def known(case: Case) -> None:
    """What is known of the image. No name is: the patient is a pseudonym."""
    image = case.image
    age = f"{image['age_years']} y" if image["age_years"] is not None else words.NONE
    came = words.ago(image["received_at"])
    kind = image["modality"] if image["source"] == "dicom" else image["source"]
    rows = (
        ("Patient", f"{words.short(image['patient'])} · {age} · {image['sex'] or words.NONE}"),
        ("View", f"{image['view'] or words.NONE} · {kind} · came {came}"),
        ("Device", f"{words.short(image['device'])} · {image['manufacturer'] or words.NONE}"),
    )
    made = ' <span class="tag" title="Made by the program, never from a person">SYNTHETIC</span>'
    tags = {"Patient": made if image["synthetic"] else ""}
    cells = (f"<tr><th>{name}</th><td>{escape(value)}{tags.get(name, '')}</td></tr>" for name, value in rows)
    st.html(f'<table class="words">{"".join(cells)}</table>')
