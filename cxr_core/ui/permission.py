"""What the one who looks may do: a screen offers nothing that its use case would refuse."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import Role, User
from cxr_core.work.guarding import UseCase, roles_of

ONE = {
    Role.RADIOLOGIST: "a radiologist",
    Role.ADMIN: "an admin",
    Role.AUDITOR: "an auditor",
    Role.PACS_ADMIN: "a PACS administrator",
}


def may(use: UseCase, user: User) -> bool:
    """Whether a use case is open to the user."""
    return user.role in roles_of(use)


def who_may(use: UseCase) -> str:
    """Whom a use case is open to: `an admin or a PACS administrator`."""
    return " or ".join(ONE[role] for role in roles_of(use))


def left_to(use: UseCase, what: str) -> None:
    """Say in the place of a form who has it; `what` is what it does: `Retrains are started`."""
    st.caption(f"{what} by {who_may(use)}.")
