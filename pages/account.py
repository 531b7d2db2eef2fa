"""Account: who one is here, one's password, and on which machines one is signed in."""

from __future__ import annotations

from cxr_core.ui.own_account import own_account
from cxr_core.ui.session import require_user
from cxr_core.work.guarding import EVERYBODY

user = require_user(*EVERYBODY)

own_account(user)
