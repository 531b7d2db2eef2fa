"""What the program records is what the table of actions lists, no more and no less."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import cxr_core
from cxr_core.store import audit, deliveries
from cxr_core.work.auditing import browsing
from cxr_core.work.auditing.actions import ACTIONS, Group, names_of
from cxr_core.work.reading_room import viewing

HANDED_ON = {
    "cxr_core.store.deliveries": {deliveries.ACCEPTED, deliveries.VERIFIED, deliveries.DEAD},
    "cxr_core.work.reading_room.viewing": {viewing.SENT, viewing.SENT_SMALL},
    "cxr_core.work.reading_room.recording": {"read", "revise read"},
}
"""What is recorded by a name that a function is given."""
PARTS = {
    "decision": ("take", "discard"),
    "action": ("approve", "promote", "refuse", "retire", "roll back"),
}
"""What stands in names that are put together."""


def recorded():
    """Every action that a call of `audit.record` names, with the module that it stands in."""
    folder = Path(cxr_core.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        module = ".".join(("cxr_core", *path.relative_to(folder).with_suffix("").parts))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                yield from ((module, name) for name in names(module, node.args[2]))


def names(module, node):
    if isinstance(node, ast.Constant):
        return {node.value}
    if isinstance(node, ast.JoinedStr):
        (part,) = [each.value.id for each in node.values if isinstance(each, ast.FormattedValue)]
        return {re.sub(r"\{\w+\}", word, ast.unparse(node)[2:-1]) for word in PARTS[part]}
    if ast.unparse(node) == "action":
        return HANDED_ON[module]
    return {eval(ast.unparse(node), vars(importlib.import_module(module)))}


def test_every_action_that_is_recorded_is_listed_and_every_listed_one_is_recorded():
    found = dict(reversed(list(map(reversed, recorded()))))
    assert set(found) - set(ACTIONS) == set()
    assert set(ACTIONS) - set(found) == set()


def test_groups_share_the_actions_out():
    assert sorted(name for group in Group for name in names_of(group)) == sorted(ACTIONS)
    assert audit.CUT in names_of(Group.LOG) and browsing.EXPORTED in names_of(Group.EXPORT)
