"""DICOM JSON (PS3.18, Annex F) as servers send it: read with mistrust, for the few attributes that are needed."""

from __future__ import annotations

import json
import re
from typing import Any

Item = dict[str, Any]
"""Attributes by tag in hex."""
_TAG = re.compile(r"[0-9A-Fa-f]{8}")


def items(body: bytes) -> list[Item]:
    """The data sets of an answer: one, or a list of them. Raises ValueError for what isn't DICOM JSON."""
    try:
        found = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    found = [found] if isinstance(found, dict) else found
    if not isinstance(found, list) or not all(map(_is_item, found)):
        raise ValueError("no data sets")
    return found


def text(item: Item, tag: str) -> str:
    """The first value of an attribute that is text; empty where there is none."""
    first = next(iter(_values(item, tag)), "")
    first = first.get("Alphabetic", "") if isinstance(first, dict) else first
    return first if isinstance(first, str) else ""


def number(item: Item, tag: str) -> int | None:
    """The first value of an attribute that is a whole number."""
    first = next(iter(_values(item, tag)), None)
    return first if isinstance(first, int) else None


def sequence(item: Item, tag: str) -> list[Item]:
    """The items of a sequence."""
    return [each for each in _values(item, tag) if isinstance(each, dict)]


def _is_item(found: Any) -> bool:
    return isinstance(found, dict) and all(map(_TAG.fullmatch, found))


def _values(item: Item, tag: str) -> list[Any]:
    element = item.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []
