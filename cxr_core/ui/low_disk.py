"""The banner that tells admins on every page that the disk is filling up."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import User
from cxr_core.ui.session import site
from cxr_core.work.guarding import NETWORK
from cxr_core.work.keeping import room
from cxr_core.work.keeping.room import Room


def banner(user: User) -> None:
    """How much room is left, for admins and PACS administrators, where that is little; nothing else."""
    if user.role not in NETWORK:
        return
    left = room.left(site(), user)
    if left.is_low:
        st.html(f'<div class="stop low-disk">{words(left)}</div>')


def words(left: Room) -> str:
    """What is the matter, and what to do, in a sentence or two."""
    what = f"{left.free_mb} MB are free on the disk of this site."
    if left.is_out:
        return f"{what} Nothing more is taken in and no retrain starts until there is room; reading goes on."
    return f"{what} Below {left.limit_mb} MB nothing more is taken in: make room."
