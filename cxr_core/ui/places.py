"""The pages: their files, titles, and who has them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from cxr_core.records import Role

FOLDER = Path(__file__).parents[2] / "pages"
EVERYBODY = (Role.RADIOLOGIST, Role.ADMIN)
PAGES = {
    "worklist": ("Worklist", EVERYBODY),
    "review": ("Review", EVERYBODY),
    "history": ("History", EVERYBODY),
    "lists": ("Lists", (Role.ADMIN,)),
    "retrain": ("Retrain", (Role.ADMIN,)),
    "models": ("Models", EVERYBODY),
    "drift": ("Drift", EVERYBODY),
    "readers": ("Readers", (Role.ADMIN,)),
    "lineage": ("Lineage", (Role.ADMIN,)),
    "pacs": ("PACS", (Role.ADMIN,)),
}
FIRST = "worklist"
"""The page that opens after signing in; for Streamlit it lies at /."""


def place(name: str) -> st.Page:
    """The page with this name, to be linked or gone to."""
    return st.Page(FOLDER / f"{name}.py", title=PAGES[name][0], url_path=name, default=name == FIRST)


def link_to_versions(image: str) -> None:
    """A link to what each model version said of an image."""
    st.page_link(place("models"), label="What each version said", query_params={"image": image})


def places(role: Role) -> list[st.Page]:
    """The pages that a role has, in the order of the bar."""
    return [place(name) for name, (_, roles) in PAGES.items() if role in roles]
