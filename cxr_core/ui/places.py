"""The pages: their files, titles, and who has them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from cxr_core.records import Role, User
from cxr_core.work.guarding import EVERYBODY, NETWORK_SEEN, OVERSIGHT, READING_ROOM

FOLDER = Path(__file__).parents[2] / "pages"
PAGES = {
    "worklist": ("Worklist", READING_ROOM),
    "review": ("Review", READING_ROOM),
    "history": ("History", READING_ROOM),
    "lists": ("Lists", OVERSIGHT),
    "retrain": ("Retrain", OVERSIGHT),
    "models": ("Models", READING_ROOM),
    "drift": ("Drift", READING_ROOM),
    "readers": ("Readers", OVERSIGHT),
    "lineage": ("Lineage", OVERSIGHT),
    "pacs": ("PACS", NETWORK_SEEN),
    "audit": ("Audit", OVERSIGHT),
    "admin": ("Accounts", OVERSIGHT),
    "account": ("Account", EVERYBODY),
}
ACCOUNT = "account"
"""The page of one's own account."""
FIRST = "worklist"
"""The page that opens after signing in; for Streamlit it lies at /."""


def place(name: str) -> st.Page:
    """The page with this name, to be linked or gone to."""
    return st.Page(FOLDER / f"{name}.py", title=PAGES[name][0], url_path=name, default=name == FIRST)


def link_to_versions(image: str) -> None:
    """A link to what each model version said of an image."""
    st.page_link(place("models"), label="What each version said", query_params={"image": image})


def places(role: Role) -> list[st.Page]:
    """The pages that a role has in the bar, in its order; one's own account is linked by one's name."""
    return [place(name) for name, (_, roles) in PAGES.items() if role in roles and name != ACCOUNT]


def is_shut_out(user: User, name: str) -> bool:
    """Whether a page isn't for the user's role."""
    return user.role not in PAGES[name][1]
