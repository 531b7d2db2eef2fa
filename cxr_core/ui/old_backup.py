"""The banner that tells admins on every page that backups have ended or fail."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape

import streamlit as st

from cxr_core import clock
from cxr_core.records import User
from cxr_core.ui import words
from cxr_core.ui.permission import may
from cxr_core.ui.session import site
from cxr_core.work.keeping import last_backup
from cxr_core.work.keeping.last_backup import LastBackup

OLD = timedelta(hours=48)
"""A backup that is made every night is never so old."""


def banner(user: User) -> None:
    """What is wrong with the backups; nothing where they are made, or nobody ever made one."""
    if not may(last_backup.told, user):
        return
    if what := said(last_backup.told(site().home, user)):
        st.html(f'<div class="stop old-backup">{escape(what)}</div>')


def said(found: LastBackup) -> str:
    """In a sentence or two; empty where all is well."""
    if found.failed_at:
        return f"The backup of {words.day(found.failed_at)} UTC failed: {found.why.rstrip('.')}."
    if found.made_at and clock.now() - datetime.fromisoformat(found.made_at) > OLD:
        return f"The last backup is {words.since(found.made_at)} old: see to what makes them."
    return ""
