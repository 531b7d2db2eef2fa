"""The worklist as queries over images, predictions, reads and claims, as one reader may see it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.records import Ordering, Worklist
from cxr_core.store import models
from cxr_core.store.db import count, rows
from cxr_core.store.eyes import OWN, REVEALED, Eyes

_STANDING = """
FROM images i LEFT JOIN predictions p ON p.id = coalesce(
    (SELECT id FROM predictions WHERE image = i.id AND model = :running),
    (SELECT max(id) FROM predictions WHERE image = i.id))
"""
_CASES = f"""
SELECT i.id, i.received_at, i.patient, i.view, i.age_years, i.sex, i.manufacturer, i.device, i.synthetic, i.mode,
       i.slots_open, {REVEALED} AS revealed, i.received_at < :overdue AS overdue,
       CASE WHEN {REVEALED} THEN p.status END AS status, CASE WHEN {REVEALED} THEN p.label END AS label,
       CASE WHEN {REVEALED} THEN p.probability END AS probability, CASE WHEN {REVEALED} THEN p.model END AS model,
       r.id AS read, r.label AS read_label, CASE WHEN {REVEALED} THEN r.agrees END AS agrees
{_STANDING}
LEFT JOIN reads r ON r.id = (SELECT max(r.id) FROM current_reads r WHERE r.image = i.id AND {OWN})
"""
_WANTED = """i.slots_open > 0 AND (:sees_all OR (
    NOT EXISTS (SELECT 1 FROM reads o WHERE o.image = i.id AND o.reader = :reader AND o.final AND NOT o.withdrawn
                AND NOT EXISTS (SELECT 1 FROM reads n WHERE n.supersedes = o.id))
    AND i.slots_open > (SELECT count(*) FROM claims WHERE image = i.id AND reader <> :reader AND until > :now)))"""
"""Whether image `i` waits to be read by this very reader, and isn't being read by as many others as it wants."""
_NOT_WANTED = f"""
WITH touched AS (
    SELECT id FROM images WHERE slots_open > 0 AND newest_read IS NOT NULL UNION SELECT image FROM claims)
SELECT i.worklist, count(*) AS n FROM touched t JOIN images i ON i.id = t.id
WHERE i.slots_open > 0 AND NOT ({_WANTED}) GROUP BY i.worklist
"""
"""What waits, but not for this reader: found among the few that somebody has read or has open."""
_SHOWN = {"waiting": _WANTED, "read": "i.slots_open = 0 AND i.newest_read IS NOT NULL", "all": "1"}
_KNOWN = f"CASE WHEN {REVEALED} THEN coalesce(p.probability, 0.5) ELSE 0.5 END"
"""By which a case takes its place: one whose opinion is hidden stands where the order tells nothing of it."""
_FIRST = {
    Ordering.SUSPICION: f"-{_KNOWN}",
    Ordering.UNCERTAINTY: f"abs({_KNOWN} - 0.5)",
    Ordering.RANDOM: "i.id",  # a hash of the pixels, which nobody chose
}
"""What goes first among those that haven't waited too long yet."""


_NARROWED = {
    "label": f"{REVEALED} AND (p.label = :label OR p.status = :status)",
    # `+` keeps an index of all that a device ever sent, or of a view, from standing in for the list's own order.
    "device": "+i.device = :device",
    "view": "+i.view = :view",
    "since": "i.received_at >= :since",
}
"""What each part of Narrowed asks of an image, where it is given."""


@dataclass(frozen=True)
class Narrowed:
    """What a worklist is narrowed to."""

    show: str
    """`waiting`, `read` or `all`."""
    label: str | None = None
    device: str | None = None
    view: str | None = None
    since: str | None = None
    """A stamp, or the beginning of one: what came in from then on."""
    limit: int = 100
    offset: int = 0


def rows_of(db: Database, eyes: Eyes, chosen: Worklist, narrowed: Narrowed) -> list[dict[str, Any]]:
    """The cases of a list, with what the reader may see of the running model's opinion (else the newest) and of reads.

    `revealed` tells whether that is the opinion, `overdue` whether the case has waited longer than the list allows.
    """
    status = "not_analysed" if narrowed.label == "not analysed" else None
    named = {**asdict(narrowed), "status": status, **_named(db, eyes, chosen)}
    wanted = "".join(f" AND {sql}" for name, sql in _NARROWED.items() if named[name] is not None)
    return rows(
        db,
        f"{_CASES} WHERE i.worklist = :worklist AND {_SHOWN[narrowed.show]}{wanted} "
        f"ORDER BY {_order(narrowed.show, chosen)} LIMIT :limit OFFSET :offset",
        named,
    )


def counts(db: Database, eyes: Eyes) -> dict[str, int]:
    """`waiting` for this reader, `read`, and `coming`: files whose intake is still to be done."""
    return {
        "waiting": sum(waiting_by_list(db, eyes).values()),
        "read": count(db, "SELECT count(*) FROM images WHERE slots_open = 0 AND newest_read IS NOT NULL"),
        "coming": count(db, "SELECT count(*) FROM jobs WHERE kind = 'intake' AND state IN ('queued', 'running')"),
    }


def waiting_by_list(db: Database, eyes: Eyes) -> dict[int, int]:
    """How many images wait for this reader on each list, by its number."""
    found = Counter(
        _by_list(db, "SELECT worklist, count(*) AS n FROM images WHERE slots_open > 0 GROUP BY worklist", {})
    )
    found.subtract(_by_list(db, _NOT_WANTED, {**eyes.named(), "now": clock.stamp()}))
    return {number: waiting for number, waiting in found.items() if waiting}


def _by_list(db: Database, sql: str, named: dict[str, Any]) -> dict[int, int]:
    return {row["worklist"]: row["n"] for row in rows(db, sql, named)}


_NAMES = """
WITH RECURSIVE found (name) AS (
    SELECT min({column}) FROM images
    UNION ALL SELECT (SELECT min({column}) FROM images WHERE {column} > name) FROM found WHERE name NOT NULL)
SELECT name FROM found WHERE name NOT NULL
"""
"""All that a column with an index has, from one to the next, however many images have it."""


def devices(db: Database) -> list[str]:
    """The pseudonyms of the machines that images came from."""
    return [row["name"] for row in rows(db, _NAMES.format(column="device"))]


def views(db: Database) -> list[str]:
    """The views that images have, by their headers."""
    return [row["name"] for row in rows(db, _NAMES.format(column="view"))]


def next_waiting(db: Database, eyes: Eyes, chosen: Worklist, after: str | None, most: int = 1) -> list[str]:
    """The images to read next on a list, at `most` so many: its first ones, or those behind the image `after`."""
    keys, named = _keys(chosen), _named(db, eyes, chosen)
    behind = ""
    if after is not None:
        place = db.execute(f"SELECT {', '.join(keys)} {_STANDING} WHERE i.id = :after", {**named, "after": after})
        named |= {f"key{number}": value for number, value in enumerate(place.fetchone())}
        behind = f"AND ({', '.join(keys)}) > ({', '.join(f':key{number}' for number in range(len(keys)))})"
    found = rows(
        db,
        f"SELECT i.id {_STANDING} WHERE i.worklist = :worklist AND {_WANTED} {behind} "
        f"ORDER BY {', '.join(keys)} LIMIT :most",
        {**named, "most": most},
    )
    return [str(row["id"]) for row in found]


def _named(db: Database, eyes: Eyes, chosen: Worklist) -> dict[str, Any]:
    return {
        **eyes.named(), "worklist": chosen.id, "running": models.running(db), "now": clock.stamp(),
        "overdue": clock.ago(hours=chosen.longest_wait_hours),
    }  # fmt: skip


def _order(show: str, chosen: Worklist) -> str:
    if show == "read":
        return "i.newest_read DESC"
    return ", ".join(_keys(chosen)) if show == "waiting" else "i.received_at DESC, i.id"


def _keys(chosen: Worklist) -> list[str]:
    """Those that have waited too long stand first, whatever else the list goes by."""
    waited = ["i.received_at", "i.id"]
    if chosen.ordering is Ordering.WAITING:
        return waited
    first = f"CASE WHEN i.received_at < :overdue THEN 0 ELSE {_FIRST[chosen.ordering]} END"
    return ["i.received_at >= :overdue", first, *waited]
