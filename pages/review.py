"""Review: one X-ray, the model's opinion with its heatmap, and the reader's own."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import Role
from cxr_core.ui import heatmaps, priors, walk, words
from cxr_core.ui.ending import end_page
from cxr_core.ui.opinion import known, opinion
from cxr_core.ui.places import link_to_versions, place
from cxr_core.ui.read_form import read_form
from cxr_core.ui.reads_shown import reads_shown, recorded_last, regions_shown, undone
from cxr_core.ui.session import require_user, site
from cxr_core.ui.viewer import Around, said_of, viewer
from cxr_core.work.reading_room import recording, reviewing
from cxr_core.work.reading_room.reviewing import Stage

user = require_user(Role.RADIOLOGIST, Role.ADMIN)

image = walk.current(user)
if image is None:
    words.empty("Nothing waits to be read", "Upload X-rays on the worklist; they appear here once they are analysed.")
    st.page_link(place("worklist"), label="Go to the worklist")
    end_page()
case, following = reviewing.case(site().home, user, image), reviewing.upcoming(site().home, user, image, walk.AHEAD)
newest = recording.undoable(site().home, user) if user.role is Role.RADIOLOGIST else None
may_read = case.stage in (Stage.FIRST, Stage.OPEN)
drawn, earlier = heatmaps.drawn(case), priors.titles_of(user, case)
pictures, panel = st.columns([3.5, 1], gap="small")
with pictures:
    viewer(case, drawn, Around(following, priors.beside(case, earlier), None if may_read else regions_shown(case)))
with panel, st.container(key="panel", gap="small"):
    said_of(image)
    if st.query_params.get("image", image) != image:
        st.warning("The X-ray that was asked for isn't here, or was erased. This is the one that waits next.")
    opinion(case)
    heatmaps.choice(case, drawn)
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
if user.role is Role.RADIOLOGIST:
    walk.hold(user, case)
