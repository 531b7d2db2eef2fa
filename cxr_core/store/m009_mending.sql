-- What came to light about the hospital's exchange once it was in use.

-- When the last run of a pull began that asked the archive and tried all that was new there: an outage may be longer than
-- the days that a pull asks for.
ALTER TABLE pulls ADD COLUMN complete_at TEXT;
UPDATE pulls SET complete_at = created_at;

-- Objects that a pull leaves alone, or tries after all others.
CREATE TABLE set_aside (
    object TEXT PRIMARY KEY,           -- a keyed name of its SOP Instance UID
    why TEXT NOT NULL CHECK (why IN ('refused', 'erased', 'failed')),
    noted_at TEXT NOT NULL
) STRICT;

-- What was settled when an answer was made for the first time, for all destinations: under one UID there is one object.
ALTER TABLE deliveries ADD COLUMN program TEXT; -- the version of the program that made it; NULL: it was never made
ALTER TABLE deliveries ADD COLUMN supersedes INTEGER REFERENCES deliveries (id); -- whose answer it takes the place of
CREATE INDEX deliveries_supersede ON deliveries (supersedes) WHERE supersedes IS NOT NULL;
