"""Who is looking: every page's first line, and the watch that ends a page with its session."""

from __future__ import annotations

import streamlit as st

from cxr_core import settings
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.ui.ending import end_page
from cxr_core.ui.workers import WORKERS
from cxr_core.work import accounts

COOKIE = "cxr_session"
TOKEN = "token"
"""Key of the session state where a test puts a token: no widget has this key, so no browser can set it."""
WATCH_SECONDS = 20


def site() -> Settings:
    """The settings of this run."""
    return settings.load()


def token() -> str | None:
    """The session token of this browser. Wherever it comes from, it counts only if the database knows it."""
    found = st.session_state.get(TOKEN) or st.context.cookies.get(COOKIE)
    return found if isinstance(found, str) else None


def require_user(*roles: Role) -> User:
    """The signed-in user, who has one of `roles` (any, if none is named); else the page ends with a warning."""
    user = accounts.user_of(site(), token())
    if user is None:
        st.warning("You are signed out. [Sign in again](/sign-in)", icon=":material/lock:")
        end_page()
    if roles and user.role not in roles:
        wanted = " or ".join(role.value for role in roles)
        st.warning(f"This page is for the role {wanted}. You are signed in as {user.name} ({user.role.value}).")
        end_page()
    return user


def end_if_signed_out() -> None:
    """For fragments that draw themselves anew: close the page once its session is over. Asking doesn't keep it open."""
    if not accounts.still_open(site(), token()):
        st.rerun(scope="app")


@st.fragment(run_every=WATCH_SECONDS)
def watch() -> None:
    """Close the page soon after its session has ended: an X-ray must not stay on a screen that nobody uses.

    And start a worker again that died meanwhile: somebody may be watching for an opinion without a click.
    """
    WORKERS.ensure(site())
    end_if_signed_out()
