"""Everything that lasts: one SQLite database, one content-addressed folder, one secret."""
