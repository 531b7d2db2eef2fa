"""How an identifier may be written: forms of names and dates, small and capital letters, and encodings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from urllib.parse import quote

from cxr_core.dicom.identifiers import BIRTH_DATE, PATIENT_NAME, PERSON, Identifier
from cxr_core.work.privacy.seeking import WINDOW, Label, Seeker, Words

SHORTEST = 3
LONGEST = 64
"""Characters by which an identifier is known: the rest of a longer one isn't looked at."""
LISTED = "listed"
"""The kind of what a person has listed, who needn't say what it is."""
_BETWEEN = {"^": True, " ": True, ", ": True, ",": True, "_": True, ".": False}
"""What may stand between the parts of a name; True: family name first is usual, too."""
_DATES = ("%Y%m%d", "%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y")
_SHORTEST_FAMILY = 4
"""Characters of a family name that is sought alone; of a given name, which many have, WINDOW."""


@dataclass
class Needles:
    """What is to be sought, each in small letters as bytes.lower() makes them."""

    anywhere: dict[bytes, Label] = field(default_factory=dict)
    in_text: dict[bytes, Label] = field(default_factory=dict)
    """Too short to be sought anywhere."""
    sought: int = 0
    too_short: int = 0
    """Identifiers of fewer than SHORTEST characters."""
    common: int = 0
    """Of words of the program's own, which are sought only where more stands with them."""
    recent: int = 0
    """Birth dates on which somebody may have been examined, too."""

    def seekers(self) -> tuple[Seeker, Words]:
        """What finds them: anywhere, and in text."""
        return Seeker(self.anywhere), Words(self.in_text)


def needles_of(identifiers: Iterable[Identifier], vocabulary: bytes, names: bytes, dates_from: date) -> Needles:
    """The needles of identifiers, without single words and numbers that `vocabulary` has, and all that `names` has.

    Birth dates from `dates_from` on are left out, since what is known of X-rays has such dates, too.
    """
    needles = Needles()
    spelt = {each: list(forms_of(each)) for each in identifiers}
    every = {form for forms in spelt.values() for form in forms}
    common = _common({form for form in every if form.isalnum()}, vocabulary) | _common(every, names)
    for each, forms in spelt.items():
        if each.kind == BIRTH_DATE and (born := _date(each.value)) and born >= dates_from:
            needles.recent += 1
            continue
        wanted = [form for form in forms if form not in common]
        needles.sought += bool(wanted)
        needles.too_short += not forms
        needles.common += len(forms) != len(wanted)
        for form in wanted:
            _add(needles, each.kind, form)
    return needles


def listed(line: str) -> Identifier:
    """An identifier as a person writes it on a line of a list."""
    return Identifier(LISTED, line.strip())


def forms_of(identifier: Identifier) -> Iterator[str]:
    """The forms in which an identifier may stand somewhere, of SHORTEST characters or more."""
    value = identifier.value.strip()[:LONGEST]
    forms = {value}
    if identifier.kind in (PATIENT_NAME, PERSON, LISTED):
        forms |= set(_forms_of_name(value, identifier.kind == LISTED))
    if identifier.kind == BIRTH_DATE and (born := _date(value)):
        forms = {born.strftime(form) for form in _DATES}
    return (form for form in sorted(forms) if len(form) >= SHORTEST)


def _forms_of_name(name: str, doubtful: bool) -> Iterator[str]:
    """Of a name in one of DICOM's three groups (PS3.5 6.2.1), or as people write it."""
    for group in name.split("="):
        family, given = _family_and_given(group.strip())
        if not (family and given) or (doubtful and not _is_of_letters(family + given)):
            continue
        yield group.strip("^ ")
        for between, family_first in _BETWEEN.items():
            yield f"{given}{between}{family}"
            if family_first:
                yield f"{family}{between}{given}"
        for part, shortest in ((family, _SHORTEST_FAMILY), (given, WINDOW)):
            if len(part) >= shortest and _is_of_letters(part):
                yield part


def _family_and_given(name: str) -> tuple[str, str]:
    if "^" in name or "," in name:
        family, given, *_ = [part.strip() for part in re.split(r"[\^,]", name)]
        return family, given
    words = name.split()
    return (words[-1], words[0]) if len(words) > 1 else ("", "")


def _is_of_letters(text: str) -> bool:
    return re.sub(r"[\s'’.-]", "", text).isalpha()


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text, _DATES[0]).date()
    except ValueError:
        return None


def _common(forms: set[str], vocabulary: bytes) -> set[str]:
    """Those of these forms that the vocabulary has; a short one, as a word of its own."""
    needles = Needles()
    for form in forms:
        _put(needles, form.encode().lower(), Label("", form, _digits(form)))
    found = [each for seeker in needles.seekers() for each in seeker.find(vocabulary)]
    known = {each.needle for each in found}
    return {form for form in forms if form.encode().lower() in known}


def _add(needles: Needles, kind: str, form: str) -> None:
    """In the encodings that differ, and as written, small, capital and in title case, which ASCII needs not."""
    capital = form.upper()  # of ß that is SS, which nobody takes back
    for written in {form, form.lower(), form.title(), capital, capital.lower(), capital.title()}:
        for encoding in _encodings(written):
            width = 2 if encoding.startswith("utf-16") else 1
            _put(needles, written.encode(encoding).lower(), _label(kind, encoding, _digits(form) * width))
        for escaping, escaped in _escaped(written):
            _put(needles, escaped.encode().lower(), _label(kind, escaping, 0))


@cache
def _label(kind: str, encoding: str, number: int) -> Label:
    """One for all needles that share it: there may be a million."""
    return Label(kind, encoding, number)


def _encodings(text: str) -> Iterator[str]:
    yield "utf-8"
    if not text.isascii() and all(ord(letter) < 256 for letter in text):
        yield "latin-1"
    if len(text) >= WINDOW:
        yield from ("utf-16-le", "utf-16-be")


def _escaped(text: str) -> Iterator[tuple[str, str]]:
    """How JSON and addresses write letters beyond ASCII."""
    if text.isascii():
        return
    yield "JSON", json.dumps(text)[1:-1]
    yield "URL", quote(text, safe="")
    if all(ord(letter) < 256 for letter in text):
        yield "URL", quote(text, safe="", encoding="latin-1")


def _digits(text: str) -> int:
    return int(text.isascii() and text.isdigit())


def _put(needles: Needles, needle: bytes, label: Label) -> None:
    if len(needle) >= WINDOW:
        needles.anywhere.setdefault(needle, label)
    elif len(needle) >= SHORTEST:
        needles.in_text.setdefault(needle, label)
