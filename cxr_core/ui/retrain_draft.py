"""What a retrain would learn from, and the form that starts it."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr_core.records import Side, User
from cxr_core.settings import Settings
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.session import site
from cxr_core.work.models import retraining
from cxr_core.work.models.drafting import FEWEST_REPLAYED, Draft, Options, State
from cxr_core.work.models.settling import REFUSALS

TRAINED = {
    "head": "The last layer alone: seconds to minutes, and it forgets least",
    "last block": "The last block as well: minutes, for many flags",
    "all": "The whole network: long; only with hundreds of flags",
}
BY = {"settled": "Label by", "reason": "Reason", "device": "Device", "age band": "Age", "site": "Site"}
"""What the images of a draft are counted by, and the heading of each table."""
RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


def drafted(user: User, options: Options) -> Draft:
    """The training set as it would be now. Reading the base data takes a while, so it is kept until reads change."""
    return _drafted(site(), user, options, str(site().home), retraining.state(site().home, user))


@st.cache_data(show_spinner="Looking at what was flagged …", max_entries=4, ttl=600)
def _drafted(_settings: Settings, _user: User, options: Options, home: str, state: State) -> Draft:
    """`home` and `state` are what the draft depends on."""
    return retraining.preview(_settings, _user, options)


def flagged(draft: Draft) -> None:
    """Counts of what would go in, what was left out, and what is missing, in plain words."""
    new = [item for item in draft.items if item["origin"] == "flagged"]
    st.html(
        f'<div class="strip"><span><b>{len(new)}</b>flagged, not learnt yet</span>'
        f"<span><b>{words.percent(draft.replayed)}</b>of what is learnt is replay</span></div>"
    )
    for objection in draft.objections:
        st.warning(f"{objection[0].upper()}{objection[1:]}.")
    if draft.foreseen and not draft.objections:
        st.info(f"A retrain may start, but its result would be refused: {'; '.join(draft.foreseen)}.")
    _counted(draft)
    _by_kind(draft)
    if refused := draft.refused():
        numbers = "; ".join(f"{kind} {number}" for kind, number in refused.items())
        st.caption(
            f"Left out because the model had refused them: {numbers}. A retrain may learn from them if asked to."
        )
    if new:
        with st.expander(f"The {len(new)} flagged images"):
            words.grid(["Image", "Label by readers", "Side"],
                       [[words.short(item["image"]), item["label"], item["side"]] for item in new])  # fmt: skip
    if draft.left_out:
        with st.expander(f"{len(draft.left_out)} left out"):
            words.grid(["Image", "Why"], [[words.short(item["image"]), item["why"]] for item in draft.left_out])


def _counted(draft: Draft) -> None:
    """What would go in: origin and label down, the sides of the split across."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in draft.table():
        counts.setdefault((row["origin"], row["label"]), {})[row["side"]] = row["images"]
    if counts:
        words.grid(
            ["Origin", "Label", *(side.value for side in Side)],
            [[*kind, *(str(sides.get(side.value, 0)) for side in Side)] for kind, sides in counts.items()],
        )


def _by_kind(draft: Draft) -> None:
    """The same images by who settled the label, reason, device, age band and site; the sides of the split across."""
    with st.expander("By reader, reason, device, age and site"):
        for what, title in BY.items():
            words.grid(
                [title, *(side.value for side in Side)],
                [[value, *(str(sides.get(side.value, 0)) for side in Side)] for value, sides in draft.by(what).items()],
            )


def plan(draft: Draft) -> None:
    """The plan in force: its name, and its whole text."""
    name = escape(draft.plan.name)
    marked = f'<span class="demo" title="Synthetic studies">{name}</span>' if draft.plan.demo else f"<b>{name}</b>"
    st.html(f'<p class="plan">Under the plan {marked} {words.short(draft.plan.sha256)}</p>')
    with st.expander("What the plan allows and asks for"):
        st.code(draft.plan.text, language="toml", wrap_lines=True)


def options() -> Options:
    """The options, each with what it means; only safe ranges can be chosen."""
    trained = st.radio("What is trained", list(TRAINED), captions=list(TRAINED.values()), key="trained")
    left, middle, right = st.columns(3)
    times = "Times that every image is seen; 5 to 20 is usual."
    epochs = left.number_input("Epochs", 1, 100, 10, key="epochs", help=times)
    rate = middle.select_slider(
        "Learning rate", RATES, value=1e-3, key="rate", format_func="{:g}".format,
        help="The size of a step; a tenth of it for the body of the network. Too large forgets, too small learns "
        "nothing.",
    )  # fmt: skip
    replay = right.number_input(
        "Replay", 0, 50, 4, key="replay",
        help="Agreed cases and base data for every flagged one, so that the model doesn't forget; "
        f"{FEWEST_REPLAYED} at least. 0 switches it off.",
    )  # fmt: skip
    refused_for = st.multiselect(
        "Also learn from X-rays refused for", REFUSALS, key="refused-for", placeholder="none of them",
        help="The model gave no opinion on these, but readers labelled them. Learning from them doesn't widen what it "
        "answers: that is fixed by whom it was tested on.",
    )  # fmt: skip
    return Options(trained or "head", int(epochs), float(rate), int(replay), tuple(refused_for))


def start(user: User, chosen: Options, draft: Draft, busy: bool) -> None:
    """The button that fixes the training set and queues the run."""
    if st.button("Start the retrain", type="primary", key="start", disabled=bool(draft.objections) or busy):
        with told():
            retraining.start(site(), user, chosen)
            st.rerun()
    if busy:
        st.caption("A retrain is under way. Another can start when it has ended.")
