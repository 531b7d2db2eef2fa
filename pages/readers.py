"""Readers: what they, as a group, do with the model's opinion, month by month."""

from __future__ import annotations

from cxr_core.ui import words
from cxr_core.ui.conduct_table import charts, explained, table
from cxr_core.ui.ending import end_page
from cxr_core.ui.session import require_user, site
from cxr_core.work.drift import monitoring
from cxr_core.work.guarding import OVERSIGHT

user = require_user(*OVERSIGHT)

months = monitoring.conduct(site().home, user)
if not months:
    words.empty("No reads yet", f"What {words.READERS} is counted here by months.")
    end_page()
explained()
table(months)
charts(months)
