"""The read form: agree or disagree, why, and on to the next case; every key works without the mouse."""

from __future__ import annotations

import time

import streamlit as st

from cxr_core.records import CLASSES, Label, Mode, Reason, User
from cxr_core.ui.mishaps import told
from cxr_core.ui.session import require_user, site
from cxr_core.ui.viewer import marked
from cxr_core.ui.walk import Recorded, following, remember_read
from cxr_core.work import recording
from cxr_core.work.recording import ReadForm
from cxr_core.work.reviewing import Case, Stage

REASON_KEYS = dict(zip(Reason, ("1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "U", "L"), strict=True))


@st.fragment
def read_form(case: Case) -> None:
    """Record a read of the case, with the regions that were marked; once recorded, the page goes to the next one."""
    user = require_user()
    image = case.image["id"]
    opened = _opened(image)
    with st.container(key="form", gap="small"):
        if case.reads:
            st.html(f'You said <b class="{case.reads[0]["label"]}">{case.reads[0]["label"]}</b>. Your final answer:')
        said = _answer(case)
        chosen = _label(image)
        disagrees = said is not None and chosen is not None and chosen is not said
        if disagrees:
            _reasons(image)
        comment = st.text_area(
            "Comment", key=f"comment-{image}", height=68, max_chars=recording.LONGEST_COMMENT,
            placeholder="Comment (no names, no dates of birth)", label_visibility="collapsed",
        )  # fmt: skip
        # Never disabled: Enter right after an answer comes before the browser would know that it is enabled.
        if st.button(_promise(case, chosen), key="record", type="primary", shortcut="Enter", width="stretch"):
            reason = _reason(image) if disagrees else None
            if chosen is None or (disagrees and reason is None):
                st.warning("Say why you disagree: choose a reason." if disagrees else "Choose an answer first.")
                return
            spent, regions = time.time() - opened, marked(image)
            shown = case.prediction["id"] if case.prediction else None
            form = ReadForm(image, shown, chosen, reason, comment or "", regions, spent)
            _record(user, case, form)


def _opened(image: str) -> float:
    """When this reader opened the case: seconds are counted from there."""
    opened: dict[str, float] = st.session_state.setdefault("opened", {})
    return opened.setdefault(image, time.time())


def _answer(case: Case) -> Label | None:
    """Normal and Pneumonia to choose from; agree and disagree too, where the model committed itself."""
    image, committed = case.image["id"], _committed(case)
    if committed:
        other = next(label for label in CLASSES if label is not committed)
        left, right = st.columns(2, gap="small")
        _choice(left, "Agree", committed, "A", image)
        _choice(right, "Disagree", other, "D", image)
    left, right = st.columns(2, gap="small")
    _choice(left, "Normal", Label.NORMAL, "N", image)
    _choice(right, "Pneumonia", Label.PNEUMONIA, "P", image)
    return committed


def _committed(case: Case) -> Label | None:
    """What the model says, where that is shown and it is Normal or Pneumonia."""
    said = case.prediction["label"] if case.prediction else None
    return Label(said) if said in CLASSES else None


def _choice(place: st.delta_generator.DeltaGenerator, words: str, label: Label, key: str, image: str) -> None:
    chosen = _label(image) is label
    place.button(
        words, key=f"{words}-{image}", shortcut=key, type="primary" if chosen else "secondary",
        on_click=_choose, args=(image, label.value), width="stretch",
    )  # fmt: skip


def _reasons(image: str) -> None:
    with st.container(key="reasons", gap=None):
        st.caption("Why do you disagree?")
        columns = st.columns([1.16, 1], gap="xxsmall")  # the longest reason stands on the left
        for place, (reason, key) in enumerate(REASON_KEYS.items()):
            columns[place // 6].button(
                reason.value, key=f"reason-{reason.name}-{image}", shortcut=key,
                type="primary" if _reason(image) is reason else "secondary", width="stretch",
                on_click=_give, args=(image, reason.value),
            )  # fmt: skip


def _choose(image: str, label: str) -> None:
    st.session_state[f"label-{image}"] = label


def _give(image: str, reason: str) -> None:
    st.session_state[f"why-{image}"] = reason


def _label(image: str) -> Label | None:
    value = st.session_state.get(f"label-{image}")
    return Label(value) if value else None


def _reason(image: str) -> Reason | None:
    value = st.session_state.get(f"why-{image}")
    return Reason(value) if value else None


def _promise(case: Case, chosen: Label | None) -> str:
    """What the button will do, in its own words."""
    if chosen is None:
        return "Choose an answer"
    if case.stage is Stage.FIRST and case.image["mode"] == Mode.SECOND_READER:
        return f"Record: {chosen.value}, and reveal"
    said = _committed(case)
    stance = f", {'agree' if said is chosen else 'disagree'}" if said else ""
    return f"Record: {chosen.value}{stance}"


def _record(user: User, case: Case, form: ReadForm) -> None:
    with told():
        onward = following(user, form.image)
        read = recording.submit(site().home, user, form)
        st.session_state["opened"].pop(form.image, None)
        if case.stage is Stage.FIRST and case.image["mode"] == Mode.SECOND_READER:
            st.session_state.pop(f"label-{form.image}", None)  # the final answer is chosen, and not just confirmed
            st.rerun(scope="app")  # the same case, with the model's opinion beside it
        remember_read(Recorded(read, form.image, form.label, case.image["patient"], onward))
        st.query_params["image"] = onward or form.image
        st.rerun(scope="app")
