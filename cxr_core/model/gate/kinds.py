"""What the gate's planes tell apart, besides the strangers (`strangers.KINDS`)."""

from __future__ import annotations

CHEST = "chest"
TURNS = {1: "turned by 90 degrees", 2: "turned by 180 degrees", 3: "turned by 270 degrees"}
"""By quarter turns to the left."""
NEGATIVE = "negative"
MISPLACED = (*TURNS.values(), NEGATIVE)
BROKEN = "broken"
SPOILT = (*MISPLACED, BROKEN)
"""Chest X-rays, but not as they should be."""
