-- What the drift page watches.

-- Of each image, what its header says of machine and exposure. NULL: it doesn't say, or the image came in before.
ALTER TABLE images ADD COLUMN equipment TEXT;    -- a keyed pseudonym of maker and model
ALTER TABLE images ADD COLUMN kvp REAL;          -- of the tube, in kilovolt
ALTER TABLE images ADD COLUMN exposure_mas REAL; -- in milliampere seconds
-- The newest of a device or view, and how many came in when, are told by these alone.
DROP INDEX images_received;
CREATE INDEX images_received ON images (received_at, id);
DROP INDEX images_of_device;
CREATE INDEX images_of_device ON images (device, received_at, id);
CREATE INDEX images_of_view ON images (view, received_at, id);

-- Counts of a day, packed, which add up: of the X-rays that came in (model ''), or of what a version said that day.
CREATE TABLE tallies (
    day TEXT NOT NULL,                 -- in UTC
    model TEXT NOT NULL,
    device TEXT NOT NULL,              -- '' here and below where the header doesn't say
    equipment TEXT NOT NULL,
    view TEXT NOT NULL,
    mode TEXT NOT NULL,                -- how the images are read: what a reader may see depends on it; '' for model ''
    images INTEGER NOT NULL,
    counts BLOB NOT NULL,
    PRIMARY KEY (model, day, device, equipment, view, mode)
) STRICT;

-- What the site's X-rays were like when an admin froze them.
CREATE TABLE site_references (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    frozen_at TEXT NOT NULL,
    frozen_by INTEGER NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    model TEXT NOT NULL REFERENCES models (name),
    images INTEGER NOT NULL,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL
) STRICT;
CREATE TRIGGER site_references_are_never_changed BEFORE UPDATE ON site_references
BEGIN SELECT RAISE(ABORT, 'a reference is never changed: freeze another'); END;
CREATE TRIGGER site_references_are_never_deleted BEFORE DELETE ON site_references
BEGIN SELECT RAISE(ABORT, 'a reference is never changed: freeze another'); END;
CREATE TABLE reference_tallies (
    reference INTEGER NOT NULL REFERENCES site_references (id),
    model TEXT NOT NULL,
    device TEXT NOT NULL,
    equipment TEXT NOT NULL,
    view TEXT NOT NULL,
    images INTEGER NOT NULL,
    counts BLOB NOT NULL,
    PRIMARY KEY (reference, model, device, equipment, view)
) STRICT;
CREATE TRIGGER reference_tallies_are_never_changed BEFORE UPDATE ON reference_tallies
BEGIN SELECT RAISE(ABORT, 'a reference is never changed: freeze another'); END;
CREATE TRIGGER reference_tallies_are_never_deleted BEFORE DELETE ON reference_tallies
BEGIN SELECT RAISE(ABORT, 'a reference is never changed: freeze another'); END;
CREATE TABLE reference_images (
    reference INTEGER NOT NULL REFERENCES site_references (id),
    image TEXT NOT NULL,               -- may have been erased since
    PRIMARY KEY (reference, image)
) STRICT;

-- What changed, and what became of it.
CREATE TABLE alarms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    opened_on TEXT NOT NULL,
    since TEXT NOT NULL,
    model TEXT NOT NULL,
    reference INTEGER REFERENCES site_references (id), -- which stood then
    guess TEXT NOT NULL,
    owner INTEGER REFERENCES users (id),
    cause TEXT,
    action TEXT,
    closed_at TEXT,
    closed_by INTEGER REFERENCES users (id)
) STRICT;
CREATE INDEX alarms_open ON alarms (id) WHERE closed_at IS NULL;
CREATE TABLE alarm_signals (
    alarm INTEGER NOT NULL REFERENCES alarms (id),
    scope TEXT NOT NULL,               -- of the signal: a device's alarm has the site's signals, too
    beside TEXT NOT NULL,              -- which reference
    signal TEXT NOT NULL,
    day TEXT NOT NULL,                 -- when it spoke first
    effect REAL NOT NULL,
    chance REAL NOT NULL,
    n INTEGER NOT NULL,
    what TEXT NOT NULL,
    sudden INTEGER NOT NULL,
    over TEXT,                         -- when it was steady again
    PRIMARY KEY (alarm, scope, beside, signal)
) STRICT;
CREATE INDEX alarm_signals_speaking ON alarm_signals (alarm) WHERE over IS NULL;

-- What is told of alarms elsewhere, until it has gone out or is given up.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alarm INTEGER NOT NULL REFERENCES alarms (id),
    event TEXT NOT NULL,
    channel TEXT NOT NULL,
    queued_at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at TEXT NOT NULL,             -- when it is tried again
    sent_at TEXT,
    given_up_at TEXT,
    answer TEXT NOT NULL DEFAULT '',   -- what came back of the last attempt
    UNIQUE (alarm, event, channel)
) STRICT;
CREATE INDEX messages_waiting ON messages (channel, id) WHERE sent_at IS NULL AND given_up_at IS NULL;
