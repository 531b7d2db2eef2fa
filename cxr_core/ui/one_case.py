"""One X-ray, and what each model version said of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from cxr_core.records import User
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.places import place
from cxr_core.ui.session import site
from cxr_core.ui.stopping import why
from cxr_core.work.incoming import pictures
from cxr_core.work.models import registry, stopping
from cxr_core.work.models.registry import Told, Version

THUMBNAIL = 280
"""Pixels of its longer side."""


def one_case(user: User, versions: Sequence[Version], image: str) -> None:
    """What was said of the image that the address names, if it names one; and the way to another one."""
    hint = "Its id, or the first four or more of its digits"
    typed = st.text_input("Image", image, key=f"image {image}", placeholder=hint)
    if typed != image:
        st.query_params["image"] = typed
        st.rerun()
    if not image:
        words.empty("No image chosen", "Type an image's id, or come here from a case on the review or history page.")
        return
    with told():
        _said(user, registry.told_of(site().home, user, image), versions)


def _said(user: User, found: Told, versions: Sequence[Version]) -> None:
    image = found.image["id"]
    left, right = st.columns([1, 3.2], gap="large")
    with left:
        with told():
            st.image(pictures.thumbnail(site().home, user, image, THUMBNAIL))
        st.page_link(place("review"), label="Look at the X-ray", query_params={"image": image})
    with right:
        words.table([("Image", image), ("Patient", words.short(found.image["patient"])),
                     ("Came (UTC)", words.day(found.image["received_at"]))])  # fmt: skip
        if found.revealed:
            words.grid(["Version", "State", "Said", "P(pneumonia)", "When (UTC)", "Why not"], _rows(found, versions))
        else:
            st.info(_hidden(user))


def _hidden(user: User) -> str:
    """Why nothing is shown of what the versions said."""
    stop = stopping.standing(site().home, user)
    if stop:
        return why(stop)
    return "What the versions say of this case can't be seen: it comes after your own opinion, or not at all."


def _rows(found: Told, versions: Sequence[Version]) -> list[list[str]]:
    """A row a version, oldest first; those that never saw the image have dashes."""
    by_version = {opinion["model"]: opinion for opinion in found.opinions}
    return [[version.name, version.state, *_cells(by_version.get(version.name))] for version in versions]


def _cells(opinion: dict[str, Any] | None) -> list[str]:
    if opinion is None:
        return ["never saw it", words.NONE, words.NONE, ""]
    probability = words.percent(opinion["probability"], 1)
    return [words.answer(opinion), probability, words.day(opinion["made_at"]), " ".join(opinion["reasons"])]
