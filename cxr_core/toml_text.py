"""TOML as people write it: what is only meant to take a parser's time or memory is refused before it is parsed."""

from __future__ import annotations

import tomllib
from typing import Any

LARGEST = 65_536
"""Characters of a file: settings and plans have some thousand."""
LONGEST_LINE = 4_096
"""Parsing a key takes memory that grows with the square of its dots, and a key is one line."""


def parsed(text: str) -> dict[str, Any]:
    """The values. Raises ValueError for what is no TOML, or larger than anybody needs."""
    if len(text) > LARGEST:
        raise ValueError(f"it has more than {LARGEST} characters")
    if max(map(len, text.splitlines()), default=0) > LONGEST_LINE:
        raise ValueError(f"a line has more than {LONGEST_LINE} characters")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
