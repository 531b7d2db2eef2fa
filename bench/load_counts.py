"""Whether all that was promised under load was kept: reads that were said to be recorded, X-rays said to be taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.reader import Told
from cxr_core.dicom.pseudonym import pseudonym
from cxr_core.store import jobs
from cxr_core.store.db import opened, rows, transaction
from cxr_core.work.incoming.spool import INTAKE
from cxr_core.work.opening import DEMO_SECRET


def wrong_reads(home: Path, told: Mapping[str, Iterable[Told]]) -> list[str]:
    """What differs between what each reader was told and what is recorded of these readers; empty where all is well."""
    with opened(home) as db:
        found = rows(db, "SELECT r.id, u.name, r.image, r.label FROM reads r JOIN users u ON u.id = r.reader")
        twice = rows(db, "SELECT reader, image FROM reads GROUP BY reader, image HAVING count(*) > 1")
    kept = sorted((row["id"], row["name"], row["image"], row["label"]) for row in found if row["name"] in told)
    said = sorted((each.read, name, each.image, each.label) for name, all_ in told.items() for each in all_)
    lost = [f"lost: {each}" for each in said if each not in kept]
    made_up = [f"recorded, and nobody was told: {each}" for each in kept if each not in said]
    repeated = [f"told twice: {each}" for each in set(said) if said.count(each) > 1]
    return [*lost, *made_up, *repeated, *(f"read twice: {row}" for row in twice)]


def wrong_arrivals(home: Path, acknowledged: Iterable[str]) -> list[str]:
    """What differs between the X-rays (by SOP Instance UID) that were said to be taken and those that are there.

    Each is the arrival of an image that is stored, or waits to be taken in; one that waits has no name yet.
    """
    names = {pseudonym(DEMO_SECRET, "object", instance) for instance in acknowledged}
    with opened(home) as db, transaction(db):  # one moment for both
        found = rows(db, "SELECT a.object, i.id AS image FROM arrivals a LEFT JOIN images i ON i.id = a.image")
        waiting = jobs.open_from_network(db, INTAKE)
    arrived, images = {row["object"] for row in found}, {row["image"] for row in found}
    wrong = [f"{len(arrived - names)} came that nobody was told of"] if arrived - names else []
    if len(names) != len(names & arrived) + waiting:
        wrong += [f"of {len(names)} that were taken {len(names & arrived)} are there, and {waiting} wait"]
    return wrong + ([f"{len(arrived)} X-rays made {len(images)} images"] if len(images) != len(arrived) else [])
