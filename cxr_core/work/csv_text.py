"""Tables as CSV that is safe to open."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any


def as_csv(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    """Rows under these columns. Text that a spreadsheet would run as a formula is made harmless."""
    text = io.StringIO()
    table = csv.DictWriter(text, fieldnames=columns, lineterminator="\r\n")
    table.writeheader()
    table.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


_FORMULAS = tuple("=+-@\t\r\n＝＋－＠")
"""The wide ones are read as the others where East Asian text is usual."""


def _harmless(value: Any) -> Any:
    """One of these in front makes spreadsheets run a cell (OWASP, CSV injection); a quote stops that."""
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULAS else value
