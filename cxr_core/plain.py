"""Texts that others wrote, made safe for terminals and logs: nothing in them hides or acts."""

from __future__ import annotations


def plain(text: str, keep: str = "") -> str:
    r"""`text` with what isn't seen (controls, directions, zero widths) written out, like `\x1b`, except for `keep`."""
    return "".join(each if each.isprintable() or each in keep else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
