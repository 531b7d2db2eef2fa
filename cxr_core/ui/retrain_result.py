"""A candidate beside the running model on the same locked patients, and the decision on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from cxr_core.records import User
from cxr_core.ui import charts, words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import left_to, may
from cxr_core.ui.session import site
from cxr_core.work.drift import monitoring
from cxr_core.work.models import retraining

Decision = Callable[[Path, User, str, str], object]


def candidate(user: User, found: dict[str, Any]) -> None:
    """What the candidate does better or worse, what the gate says, and the three ways to answer."""
    card = found["card"]
    gate = card["metrics"].get("gate", {})
    passed = bool(gate.get("passed"))
    st.html(f"<h3>Candidate {card['name']} waits for a decision</h3>")
    if gate.get("demo"):
        st.html('<span class="demo" title="Synthetic studies, judged by a plan of their own">DEMO</span>')
    if passed:
        st.success("The gate lets it through: on the locked patients it holds to all that the plan asks for.")
    else:
        st.warning("The gate says no: " + ("; ".join(gate.get("reasons", [])) or "it has no gate report") + ".")
    _checks(gate)
    _beside(user, gate.get("compared", []), card)
    if card["history"]:
        with st.expander("Training curves"):
            charts.curves(card["history"], "candidate")
    _decide(user, card["name"], passed)


def _checks(gate: dict[str, Any]) -> None:
    """Each thing that the plan asks for, with what was found; reports of earlier versions have none."""
    if not gate.get("checks"):
        return
    with st.expander(f"What the plan {gate['plan_name']} asks for", expanded=not gate["passed"]):
        words.grid(
            ["", "Asked", "Found"],
            [["✓" if each["passed"] else "✗", each["check"], each["says"]] for each in gate["checks"]],
        )


def _beside(user: User, compared: list[dict[str, Any]], card: dict[str, Any]) -> None:
    if not compared:
        return
    running = monitoring.running_model(site().home, user)
    roles = {card["name"]: "candidate", running: "in use"}
    words.grid(
        ["Model", "", "AUC (95 %)", "Accuracy", "Sensitivity", "Specificity", "X-rays refused",
         "AUC of candidate minus this (95 %)"],
        [
            [
                row["model"], roles.get(row["model"], "program's release"), words.ranged(row["auc"], row["auc_ci95"]),
                words.percent(row["accuracy"], 1), words.percent(row["sensitivity"], 1),
                words.percent(row["specificity"], 1), _refused(row),
                words.NONE if row["model"] == card["name"] else words.ranged(row["difference"], row["difference_ci95"]),
            ]
            for row in compared
        ],
    )  # fmt: skip
    st.caption(f"All on the same {card['metrics'].get('n', words.NONE)} images of locked patients, never trained on.")
    columns = st.columns(max(len(compared), 3))
    for column, row in zip(columns, compared, strict=False):
        with column:
            charts.confusion(row["confusion"], f"beside-{row['model']}", row["model"])


def _refused(row: dict[str, Any]) -> str:
    """The share of the locked images that a model's gate keeps back; a report of an earlier version doesn't say."""
    return words.percent(row["refused"] / row["n"], 1) if "refused" in row else words.NONE


def _decide(user: User, model: str, passed: bool) -> None:
    so_far = retraining.approvals(site().home, user, model)
    if so_far.names:
        names = ", ".join(so_far.names)
        st.info(f"Approved by {names}. {so_far.wanted} more must approve before it is put to use.")
    if not may(retraining.promote, user):
        left_to(retraining.promote, "It is promoted or refused")
        return
    reason = st.text_input("Reason", key=f"reason-{model}", max_chars=500, placeholder=words.WHY)
    with st.container(horizontal=True):
        label = "Promote" if so_far.wanted <= 1 else "Approve"
        promoted = st.button(label, type="primary", key="promote", disabled=not passed)
        refused = st.button("Refuse", key="refuse")
    # Below the buttons, so that an error doesn't come between them.
    if promoted:
        _answer(retraining.promote, user, model, reason)
    elif refused:
        _answer(retraining.refuse, user, model, reason)


def _answer(decision: Decision, user: User, model: str, reason: str) -> None:
    with told():
        decision(site().home, user, model, reason)
        st.rerun()


def decisions(user: User) -> None:
    """Every decision so far, newest first, and the way back to an earlier model."""
    taken = monitoring.decisions(site().home, user)
    words.grid(
        ["When (UTC)", "Model", "Decision", "By", "Reason"],
        [
            [words.day(row["decided_at"]), row["model"], row["action"], row["decided_by_name"] or "program",
             row["reason"]]
            for row in reversed(taken)
        ],
    )  # fmt: skip
    earlier = retraining.earlier_models(site().home, user)
    if earlier and may(retraining.roll_back, user):
        with st.expander("Roll back to a model that was in use before"):
            model = st.selectbox("Model", earlier, key="earlier")
            key = f"reason-back-{len(taken)}"
            reason = st.text_input("Reason", key=key, max_chars=500, placeholder=words.WHY)
            if st.button("Roll back", key="roll-back"):
                _answer(retraining.roll_back, user, model or earlier[0], reason)
