"""The colours of words, lines and marks in a dark room: the same everywhere."""

from __future__ import annotations

BLUE, AMBER, GREEN, VIOLET, RED = "#6db3d0", "#e0a458", "#8fbf9f", "#b9a3d6", "#d98880"
GREY, DIM = "#9aa5ad", "#87929a"
"""Of a table's words that say nothing special, and of what is written beside."""
