"""What the drift page says, as text for Prometheus (exposition format 0.0.4), which node_exporter reads from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from cxr_core import __version__
from cxr_core.drift.trace import State
from cxr_core.records import Role, User
from cxr_core.store import images, messages, site
from cxr_core.store.db import opened
from cxr_core.work.drift.alarming import LOOKED_UP_TO
from cxr_core.work.drift.reporting import Report
from cxr_core.work.guarding import open_to

STATES = {state: number for number, state in enumerate(State)}
"""0 too few images, 1 steady, 2 watch, 3 alarm."""
Sample = tuple[Mapping[str, str], float]


@open_to(Role.ADMIN)
def metrics(home: Path, user: User, found: Report) -> str:
    """Every number that is worth a rule, one a line, with what it is."""
    with opened(home) as db:
        looked, (ever, today) = site.get(db, LOOKED_UP_TO), images.taken_in(db, found.made_at[:10])
        waiting, given_up = messages.waiting(db), len(messages.given_up(db))
    now = found.watch.now
    labels = [{"signal": s.finding.signal.name, "scope": str(s.scope), "beside": s.beside} for s in now]
    effects = [(names, s.finding.effect) for names, s in zip(labels, now, strict=True)]
    return "".join((
        _family("cxr_info", "gauge", "Version of the program, and the model in use.",
                [({"version": __version__, "model": found.watch.model}, 1)]),
        _family("cxr_images_total", "counter", "Different X-rays taken in, those erased since included.", [({}, ever)]),
        _family("cxr_images_today", "gauge", "X-rays that came in today, in UTC.", [({}, today)]),
        _family("cxr_drift_alarms_open", "gauge", "Alarms that nobody has closed.",
                [({}, len(found.alarms.open if found.alarms else []))]),
        _family("cxr_drift_signal_state", "gauge", "0: too few images to say, 1: steady, 2: watch, 3: alarm.",
                [(names, STATES[s.finding.state]) for names, s in zip(labels, now, strict=True)]),
        _family("cxr_drift_signal_effect_ratio", "gauge", "How far a signal moved, as a share of images, 0 to 1.",
                [(names, effect) for names, effect in effects if effect is not None]),
        _family("cxr_drift_looked_up_to_timestamp_seconds", "gauge", "End of the last day that was looked at.",
                [({}, _end_of(looked))] if looked else []),
        _family("cxr_drift_messages_waiting", "gauge", "Messages of alarms that are still to go out.", [({}, waiting)]),
        _family("cxr_drift_messages_given_up_total", "counter", "Messages that never got through.", [({}, given_up)]),
    ))  # fmt: skip


def _family(name: str, kind: str, words: str, samples: Iterable[Sample]) -> str:
    lines = [f"{name}{_labels(labels)} {float(value):.12g}\n" for labels, value in samples]
    return f"# HELP {name} {words}\n# TYPE {name} {kind}\n{''.join(lines)}" if lines else ""


def _labels(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _end_of(day: str) -> float:
    """The stamp of the midnight (UTC) that ends a day."""
    return (datetime.combine(date.fromisoformat(day), time(), UTC) + timedelta(days=1)).timestamp()
