"""Plans for the homes of tests: the demo's numbers, which few images can meet, changed line by line."""

from __future__ import annotations

import re

from cxr_core.work.models.change_plan import FILE, parse, shipped


def text(**lines):
    """The demo's plan as a site's own, with other values (as TOML) on some of its lines."""
    found = shipped("demo").text
    for name, value in {"name": '"easy"', "demo": "false", "margin": "1.0", **lines}.items():
        found, changed = re.subn(rf"(?m)^{name} = [^#\n]*", f"{name} = {value} ", found)
        assert changed, name
    return found


def easy(**lines):
    """The same, read."""
    return parse(text(**lines), "a test")


def write(home, **lines):
    """Give a home this plan."""
    (home / FILE).write_text(text(**lines), encoding="utf-8")
