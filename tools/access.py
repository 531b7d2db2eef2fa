"""Who may do what, as tables for docs/security.md: pages, routes, use cases and commands, asked of the code itself."""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from cxr_core import work
from cxr_core.__main__ import parser
from cxr_core.records import Role
from cxr_core.ui.doors import endpoints
from cxr_core.ui.places import PAGES
from cxr_core.ui.routes import ROUTES
from cxr_core.work.guarding import roles_of

Table = tuple[tuple[str, ...], list[tuple[Any, ...]]]
HEAD = tuple(role.value for role in Role)


def pages() -> Table:
    """Each page by role."""
    rows = [(f"{title} (`/{name}`)", "", *_cells(roles)) for name, (title, roles) in PAGES.items()]
    return ("page", "nobody", *HEAD), rows


def routes() -> Table:
    """Each route by role, with what it asks for itself."""
    rows = [
        (f"`{method} {path}`", "yes" if door.nobody else "", *_cells(door.roles), door.asks)
        for method, path, door in endpoints(ROUTES)
    ]
    return ("route", "nobody", *HEAD, "asks for"), rows


def use_cases() -> Table:
    """The use cases of each module by role, those that are open to the same together."""
    found = [(room, module, roles_of(use), use.__name__) for room, module, use in guarded()]
    rows = []
    for (room, module, roles), each in groupby(sorted(found, key=_order), key=lambda one: one[:3]):
        names = ", ".join(name for *_, name in each)
        rows.append((f"{room}{module}: {names}", "", *_cells(roles)))
    return ("use cases", "nobody", *HEAD), rows


def commands() -> Table:
    """Each command with what it does."""
    return ("command", "does"), [(f"`{name}`", words) for name, words in command_names()]


def guarded() -> Iterator[tuple[str, str, Any]]:
    """Folder and module of each guarded use case, and the use case."""
    for module in pkgutil.walk_packages(work.__path__, "cxr_core.work."):
        found = importlib.import_module(module.name)
        for _, use in inspect.getmembers(found, inspect.isfunction):
            if use.__module__ == found.__name__ and hasattr(use, "open_to"):
                *folders, name = module.name.removeprefix("cxr_core.work.").split(".")
                yield "".join(f"{folder}/" for folder in folders), name, use


def command_names() -> Iterator[tuple[str, str]]:
    """Every command as it is typed, those below others included, with its words."""
    yield from _below(parser(), "")


def _below(command: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, str]]:
    deeper = [each for each in command._actions if isinstance(each, argparse._SubParsersAction)]
    if not deeper:
        yield name, command.description or ""
    for each in deeper:
        for word, below in each.choices.items():
            yield from _below(below, f"{name} {word}".strip())


def _order(found: tuple[str, str, tuple[Role, ...], str]) -> tuple[Any, ...]:
    room, module, roles, name = found
    return room, module, [role not in roles for role in Role], name


def _cells(roles: Iterable[Role]) -> list[str]:
    return ["yes" if role in set(roles) else "" for role in Role]
