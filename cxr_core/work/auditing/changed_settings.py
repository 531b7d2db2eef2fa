"""Settings that the program was started with, on record when they differ from the last start's: names, never values."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import fields

from cxr_core.settings import Settings
from cxr_core.store import audit, site
from cxr_core.store.db import opened, transaction
from cxr_core.store.secret import site_secret
from cxr_core.work.models import change_plan

STARTED = "start with other settings"
PLAN = "the plan (retrain-plan.toml)"
"""Which isn't a setting, and changes what the program does as one."""


def note(settings: Settings, part: str) -> list[str]:
    """Compare with the last start of this `part` of the program (`app`, `listener`, a worker's lane), and record.

    Returns the names of what differs; at the first start, of what isn't as it comes.
    """
    now = _digests(settings)
    fact = f"settings of {part}"
    with opened(settings.home) as db, transaction(db):
        known = site.get(db, fact)
        before = json.loads(known) if known else _digests(Settings(home=settings.home))
        changed = sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
        if changed:
            audit.record(db, "program", STARTED, part, changed=changed)
        if changed or known is None:
            site.put(db, fact, json.dumps(now))
    return changed


def _digests(settings: Settings) -> dict[str, str]:
    """A keyed digest of each value: a setting may be a secret, or be guessed from a plain one."""
    key = site_secret(settings.home)
    values = {f"CXR_{each.name.upper()}": str(getattr(settings, each.name)) for each in fields(settings)}
    plan = settings.home / change_plan.FILE
    values[PLAN] = plan.read_bytes().hex() if plan.is_file() else ""
    return {name: hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:16] for name, value in values.items()}
