"""The read form: agree or disagree, why, and on to the next case; every key works without the mouse."""

from __future__ import annotations

import time

import streamlit as st

from cxr_core.records import CLASSES, Label, Mode, Reason, User
from cxr_core.ui import walk
from cxr_core.ui.mishaps import told
from cxr_core.ui.session import require_user, site
from cxr_core.ui.viewer import marked
from cxr_core.work.reading_room import recording
from cxr_core.work.reading_room.recording import ReadForm
from cxr_core.work.reading_room.reviewing import Case, Stage

REASON_KEYS = dict(zip(Reason, ("1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "U", "L"), strict=True))


@st.fragment
def read_form(case: Case) -> None:
    """Record a read of the case, with the regions that were marked; once recorded, the page goes to the next one.

    A read that lacks something, or that can't be recorded, says so in the form, which stays as it is.
    """
    user = require_user()
    image = case.image["id"]
    opened, shown = _opened(image), _shown(case)
    lacking = None
    if st.session_state.get(_button(image)):  # before anything is drawn: the reader waits for the next X-ray
        lacking = _lacking(case)
        if not lacking:
            _record(user, case, _form(case, shown, time.time() - opened))
    with st.container(key="form", gap="small"):
        if case.reads:
            st.html(f'You said <b class="{case.reads[0]["label"]}">{case.reads[0]["label"]}</b>. Your final answer:')
        _answers(case)
        if _disagrees(case):
            _reasons(image, lacking)
        st.text_area(
            "Comment", _comment(image), key=f"comment-{image}", height=68, max_chars=recording.LONGEST_COMMENT,
            on_change=_write, args=(image,),
            placeholder="Comment (no names, no dates of birth)", label_visibility="collapsed",
        )  # fmt: skip
        # Never disabled: Enter right after an answer comes before the browser would know that it is enabled.
        st.button(_promise(case, _label(image)), key=_button(image), type="primary", shortcut="Enter", width="stretch")
        if lacking and not _disagrees(case):
            st.warning(lacking)


def _button(image: str) -> str:
    """A button of each case's own: a press that the server hears too late is for none but its own case."""
    return f"record-{image}"


def _opened(image: str) -> float:
    """When this reader opened the case: seconds are counted from there."""
    opened: dict[str, float] = st.session_state.setdefault("opened", {})
    return opened.setdefault(image, time.time())


def _shown(case: Case) -> int | None:
    """The prediction that this reader has had on the screen; one that was switched off since was seen all the same."""
    key = f"shown-{case.image['id']}"
    if case.prediction:
        st.session_state[key] = case.prediction["id"]
    return st.session_state.get(key)


def _lacking(case: Case) -> str | None:
    """What is to be done before the read can be recorded."""
    image = case.image["id"]
    if _label(image) is None:
        return "Choose an answer first."
    lacks_reason = _disagrees(case) and _reason(image) is None
    return "Say why you disagree: choose a reason." if lacks_reason else None


def _form(case: Case, shown: int | None, spent: float) -> ReadForm:
    """What was chosen, written and marked."""
    image, chosen = case.image["id"], _label(case.image["id"])
    assert chosen is not None
    reason = _reason(image) if _disagrees(case) else None
    return ReadForm(image, shown, chosen, reason, _comment(image), marked(image), spent)


def _disagrees(case: Case) -> bool:
    said, chosen = _committed(case), _label(case.image["id"])
    return said is not None and chosen is not None and chosen is not said


def _answers(case: Case) -> None:
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


def _reasons(image: str, lacking: str | None) -> None:
    """The reasons to choose from, under what is lacking, where it is one: below them it could be out of sight."""
    with st.container(key="reasons", gap=None):
        st.caption(f":orange[{lacking}]" if lacking else "Why do you disagree?")
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


def _write(image: str) -> None:
    """Streamlit forgets a field that isn't on the page; what was written outlives a look at the next case."""
    st.session_state[f"written-{image}"] = st.session_state[f"comment-{image}"]


def _comment(image: str) -> str:
    return st.session_state.get(f"written-{image}") or ""


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
        reveals = case.stage is Stage.FIRST and case.image["mode"] == Mode.SECOND_READER
        # What the page says next is made out first: once recorded, Streamlit may end this run where it is called.
        following = None if reveals else walk.take_next(user, form.image)
        opened: dict[str, float] = st.session_state["opened"]
        recording.submit(site().home, user, form)
        opened.pop(form.image, None)
        if reveals:
            st.session_state.pop(f"label-{form.image}", None)  # the final answer is chosen, and not just confirmed
        st.query_params["image"] = following or form.image
        st.rerun(scope="app")
