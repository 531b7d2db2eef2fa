"""Review: one X-ray, the model's opinion with its heatmap, and the reader's own."""

from __future__ import annotations

import streamlit as st

from cxr_core.ui import heatmaps, priors, walk, words
from cxr_core.ui.ending import end_page
from cxr_core.ui.opinion import known, opinion
from cxr_core.ui.permission import may
from cxr_core.ui.places import link_to_versions, place
from cxr_core.ui.read_form import read_form
from cxr_core.ui.reads_shown import reads_shown, recorded_last, regions_shown, undone
from cxr_core.ui.session import require_user, site
from cxr_core.ui.viewer import Around, said_of, viewer
from cxr_core.work.guarding import READING_ROOM
from cxr_core.work.reading_room import recording, reviewing
from cxr_core.work.reading_room.reviewing import Stage

user = require_user(*READING_ROOM)

image = walk.current(user)
if image is None:
    words.empty("Nothing waits to be read", "Uploads, and what the network sends, appear here once they are analysed.")
    st.page_link(place("worklist"), label="Go to the worklist")
    end_page()
case, following = reviewing.case(site().home, user, image), reviewing.upcoming(site().home, user, image, walk.AHEAD)
newest = recording.undoable(site().home, user) if may(recording.undoable, user) else None
may_read = case.stage in (Stage.FIRST, Stage.OPEN)
drawn, earlier = heatmaps.drawn(case), priors.titles_of(user, case)
pictures, panel = st.columns([3.5, 1], gap="small")
with pictures:
    ahead = walk.worth_fetching(user, image, following)
    viewer(case, drawn, Around(ahead, priors.beside(case, earlier), None if may_read else regions_shown(case)))
with panel, st.container(key="panel", gap="small"):
    said_of(image)
    if st.query_params.get("image", image) != image:
        st.warning("The X-ray that was asked for isn't here, or was erased. This is the one that waits next.")
    opinion(case)
    heatmaps.choice(case, drawn, user)
    known(case)
    priors.choice(case, earlier)
    if may_read:
        read_form(case)
    else:
        reads_shown(case, user, newest)
        if case.prediction:
            link_to_versions(image)
    back, forward = st.columns(2, gap="small")
    # Callbacks, so that the page is drawn once for a step and not twice; the viewer presses them for the keys.
    back.button("Previous `K`", key="step-back", width="stretch", on_click=walk.go_back, args=(image,))
    forward.button(
        "Next `J`", key="step-next", width="stretch", disabled=not following, on_click=walk.go_on, args=(user, image)
    )
    if may_read and (taken := walk.just_undone(image)):
        undone(taken)
    if newest and newest.image != image:
        recorded_last(newest, user)
    said_of(image)
walk.stay(user, case)
