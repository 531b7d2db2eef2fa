"""Near-duplicates: the same film under two patients must not be learnt from on one side and judged on on another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlite_utils import Database

from cxr_core.dicom.reading import read
from cxr_core.dicom.stored import from_stored
from cxr_core.errors import IntegrityError, NotFound, RejectedFile
from cxr_core.model.dataset import Sample
from cxr_core.model.fingerprint import fingerprint, groups
from cxr_core.model.preprocess import brightness
from cxr_core.records import Radiograph, Side
from cxr_core.settings import Settings
from cxr_core.store import files, fingerprints
from cxr_core.store.db import transaction
from cxr_core.store.training_sets import BASE

LOOKED_AT = 224
"""Rows and columns from which a fingerprint is made."""
Items = list[dict[str, Any]]


def of_radiograph(radiograph: Radiograph) -> bytes:
    """The fingerprint of an X-ray as it is shown."""
    return fingerprint(brightness(radiograph, LOOKED_AT))


def on_one_side(
    db: Database, settings: Settings, items: Items, base: dict[str, Sample], learnt: Items
) -> tuple[Items, Items]:
    """The items without near-duplicates on two sides, and those left out, each with `why`.

    Of near-duplicates on several sides those stay that are learnt from: the models there are may know them already.
    `learnt` (`image`, `side`) is what the running model and its ancestors learnt from: it counts, item or not.
    """
    known = fingerprints.of(db, [item["image"] for item in (*items, *learnt)])
    known |= _made(db, settings, [item for item in items if item["image"] not in known], base)
    there = [item for item in items if item["image"] in known]
    all_known = [*there, *(item for item in learnt if item["image"] in known)]
    first = _first_sides(all_known, _either_way([known[item["image"]] for item in all_known]))
    kept = [item for item in items if first.get(item["image"], item["side"]) == item["side"]]
    left_out = [
        {"image": item["image"], "why": f"a near-duplicate of it is on the {first[item['image']]} side"}
        for item in there
        if first[item["image"]] != item["side"]
    ]
    return kept, left_out


def _either_way(prints: list[bytes]) -> list[int]:
    """The group of each, where a film and its negative, of which every bit is the other way round, are one."""
    negatives = [bytes(255 - byte for byte in each) for each in prints]
    numbers = groups([*prints, *negatives])
    return [min(pair) for pair in zip(numbers[: len(prints)], numbers[len(prints) :], strict=True)]


def _first_sides(items: Items, numbers: list[int]) -> dict[str, str]:
    """For each image the first side that any of its near-duplicates is on."""
    order = [side.value for side in Side]
    first: dict[int, int] = {}
    for item, number in zip(items, numbers, strict=True):
        first[number] = min(first.get(number, len(order)), order.index(item["side"]))
    return {item["image"]: order[first[number]] for item, number in zip(items, numbers, strict=True)}


def _made(db: Database, settings: Settings, items: Items, base: dict[str, Sample]) -> dict[str, bytes]:
    """Fingerprints of what has none yet, and kept from now on; of what can't be read there is none."""
    made = dict(_looked_at(settings, items, base))
    with transaction(db):
        for item in items:
            if item["image"] in made:
                fingerprints.keep(db, item["image"], made[item["image"]], of_base=item["origin"] == BASE)
    return made


def _looked_at(settings: Settings, items: Items, base: dict[str, Sample]) -> Iterator[tuple[str, bytes]]:
    for item in items:
        try:
            if item["origin"] == BASE:
                film = read(base[item["image"]].path.read_bytes()).radiograph
            else:
                film = from_stored(files.get(settings.home, item["content"]))
        except (RejectedFile, IntegrityError, NotFound):
            continue  # gathering names it, should it be learnt from
        yield item["image"], of_radiograph(film)
