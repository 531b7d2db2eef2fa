"""The tables of the DICOM conformance statement in docs/pacs.md, from what the program speaks and answers."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pydicom.uid import UID

from cxr_core.pacs import contexts, listener, status, wire
from cxr_core.pacs.contexts import STORAGE_CLASSES, STORAGE_COMMITMENT, TRANSFER_SYNTAXES, VERIFICATION
from cxr_core.pacs.outcome import State, of_status
from cxr_core.pacs.proof import STUDY_ROOT_FIND
from cxr_core.records import MEGABYTE, Answer
from cxr_core.settings import Settings
from cxr_core.work.hospital.composing import CLASSES

Rows = list[tuple[Any, ...]]
_PLAIN = " or ".join(each.name for each in contexts.PLAIN)
_BECOMES = {State.ACCEPTED: "accepted", State.RETRY: "sent again", State.DEAD: "dead"}
_ANSWERED = {
    "0000": 0x0000, "0001, 0107, 0116": 0x0107, "0110": 0x0110, "0111": 0x0111, "0122": 0x0122, "0124": 0x0124,
    "0213": 0x0213, "A7xx": 0xA700, "A9xx": 0xA900, "Bxxx": 0xB000, "Cxxx": 0xC000, "any other": 0x0117,
}  # fmt: skip
"""What archives answer a C-STORE with (PS3.4 B.2.3, PS3.7 annex C), and one of each."""


def node() -> Rows:
    """Who the program says it is, and what it bears with."""
    return [
        ("Implementation Class UID", contexts.IMPLEMENTATION_CLASS_UID),
        ("Implementation Version Name", contexts.IMPLEMENTATION_VERSION_NAME),
        ("AE title, called and calling", f"{Settings().ae_title} (`CXR_AE_TITLE`)"),
        ("maximum PDU received", f"{wire.PDU_BYTES} bytes"),
        ("largest object received", f"{wire.OBJECT_BYTES // MEGABYTE} MB"),
        ("associations at once", listener.MOST_AT_ONCE),
        ("operations at once on each", 1),
        ("an association on which nothing comes ends after", f"{listener.IDLE_SECONDS:.0f} s"),
        ("whoever calls has for its association request", f"{listener.ANSWER_SECONDS:.0f} s"),
    ]


def services() -> Rows:
    """What is spoken in which role; transfer syntaxes where they aren't those of a table of their own."""
    storing = {
        sop_class: [kind for kind in Answer if CLASSES[kind][1] == sop_class]
        for sop_class in dict.fromkeys(sop_class for _, sop_class in CLASSES.values())
    }
    return [
        ("Verification", "SCP, SCU", VERIFICATION, _PLAIN),
        ("Storage", "SCP", f"{len(STORAGE_CLASSES)}, below", f"{len(TRANSFER_SYNTAXES)}, below"),
        *(
            (f"Storage of {' and '.join(kinds)}", "SCU", f"{UID(each).name}, {each}", _PLAIN)
            for each, kinds in storing.items()
        ),
        ("Storage Commitment Push Model", "SCU; its report on the same association or on a new one",
         STORAGE_COMMITMENT, _PLAIN),
        ("Query, Study Root, FIND", "SCU, at the level of images", STUDY_ROOT_FIND, _PLAIN),
    ]  # fmt: skip


def classes() -> Rows:
    """What is received."""
    return [(each.name, each) for each in STORAGE_CLASSES]


def syntaxes() -> Rows:
    """In which encodings."""
    return [(each.name, each) for each in TRANSFER_SYNTAXES]


def given() -> Rows:
    """What senders are answered, by the members of Status and the text under each."""
    return [(f"{status.Status[name]:04X}", words) for name, words in _documented(status.Status)]


def heard() -> Rows:
    """What becomes of an answer by the status that the archive gives."""
    found = [(name, of_status(code)) for name, code in _ANSWERED.items()]
    return [(name, _BECOMES[each.state], each.reason.split(" (status")[0]) for name, each in found]


def _documented(kind: type) -> Iterator[tuple[str, str]]:
    """The members of an enum, each with the text under it."""
    (body,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(body, ast.ClassDef)
    for member, text in pairwise(body.body):
        if isinstance(member, ast.Assign) and isinstance(text, ast.Expr):
            yield ast.unparse(member.targets[0]), " ".join(str(ast.literal_eval(text.value)).split())
