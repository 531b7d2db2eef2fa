"""What the drift page says, as text for Prometheus (exposition format 0.0.4), which node_exporter reads from a file."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from cxr_core.drift.trace import State
from cxr_core.records import User
from cxr_core.store import images, messages, site
from cxr_core.store.db import opened
from cxr_core.work.drift.alarming import LOOKED_UP_TO
from cxr_core.work.drift.reporting import Report
from cxr_core.work.exposition import family
from cxr_core.work.guarding import OVERSIGHT, open_to

STATES = {state: number for number, state in enumerate(State)}
"""0 too few images, 1 steady, 2 watch, 3 alarm."""


@open_to(*OVERSIGHT)
def metrics(home: Path, user: User, found: Report) -> str:
    """What only a look at the drift page finds, one a line, with what it is; the service's figures have the rest."""
    with opened(home) as db:
        looked, today = site.get(db, LOOKED_UP_TO), images.taken_in(db, found.made_at[:10])[1]
        given_up = len(messages.given_up(db))
    now = found.watch.now
    labels = [{"signal": s.finding.signal.name, "scope": str(s.scope), "beside": s.beside} for s in now]
    effects = [(names, s.finding.effect) for names, s in zip(labels, now, strict=True)]
    return "".join((
        family("cxr_images_today", "gauge", "X-rays that came in today, in UTC.", [({}, today)]),
        family("cxr_drift_signal_state", "gauge", "0: too few images to say, 1: steady, 2: watch, 3: alarm.",
                [(names, STATES[s.finding.state]) for names, s in zip(labels, now, strict=True)]),
        family("cxr_drift_signal_effect_ratio", "gauge", "How far a signal moved, as a share of images, 0 to 1.",
                [(names, effect) for names, effect in effects if effect is not None]),
        family("cxr_drift_looked_up_to_timestamp_seconds", "gauge", "End of the last day that was looked at.",
                [({}, _end_of(looked))] if looked else []),
        family("cxr_drift_messages_given_up_total", "counter", "Messages that never got through.", [({}, given_up)]),
    ))  # fmt: skip


def _end_of(day: str) -> float:
    """The stamp of the midnight (UTC) that ends a day."""
    return (datetime.combine(date.fromisoformat(day), time(), UTC) + timedelta(days=1)).timestamp()
