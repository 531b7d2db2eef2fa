"""Accounts (admin): who may sign in, as what, and what became of it."""

from __future__ import annotations

from cxr_core.ui.people_view import people_view
from cxr_core.ui.session import require_user
from cxr_core.work.guarding import OVERSIGHT

user = require_user(*OVERSIGHT)

people_view(user)
