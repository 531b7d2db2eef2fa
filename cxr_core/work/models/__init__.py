"""Models: what they learn from, how they are judged, who decides on them, and what they say."""
