"""make new-site: what the reads of another hospital teach the release, and what it forgets of its own."""
