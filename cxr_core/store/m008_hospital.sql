-- X-rays come in over the hospital's network, and answers go back.

-- When an X-ray was taken, shifted by a number of days that is the patient's: NULL where its header doesn't say.
ALTER TABLE images ADD COLUMN taken_on TEXT;

-- Where X-rays come from: nobody may send, and nobody is asked, until an admin says so. One that is removed keeps its row,
-- since arrivals name it.
CREATE TABLE senders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    calling TEXT,                      -- the AE title of one that sends over DICOM
    token_sha256 TEXT UNIQUE,          -- of one that sends by STOW-RS; the token itself is never stored
    address TEXT,                      -- of one that is asked, over DICOMweb: as JSON, as a destination's
    network TEXT,                      -- of one that sends: an address, or a network such as 10.20.0.0/16
    certificate TEXT,                  -- SHA-256 of it; NULL: none is asked of it
    created_at TEXT NOT NULL,
    removed_at TEXT,
    CHECK ((calling IS NOT NULL) + (token_sha256 IS NOT NULL) + (address IS NOT NULL) = 1),
    CHECK ((network IS NULL) = (address IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX senders_names ON senders (name COLLATE NOCASE) WHERE removed_at IS NULL;

-- What is fetched by itself: from one that is asked every so many minutes, what it has of the last days.
CREATE TABLE pulls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source INTEGER NOT NULL REFERENCES senders (id),
    modalities TEXT NOT NULL,          -- as a JSON list
    station TEXT,                      -- NULL: whichever
    days INTEGER NOT NULL CHECK (days > 0),
    minutes INTEGER NOT NULL CHECK (minutes > 0),
    created_at TEXT NOT NULL,
    next_at TEXT NOT NULL,
    ran_at TEXT,
    said TEXT,                         -- what came of it the last time
    failed INTEGER NOT NULL DEFAULT 0, -- whether that is to be put right
    held_at TEXT,                      -- nothing is asked since
    held_because TEXT,
    removed_at TEXT
) STRICT;
CREATE UNIQUE INDEX pulls_of_source ON pulls (source) WHERE removed_at IS NULL;

-- Each object that came over the network, and to which an answer may go. Who and what it is rests sealed.
CREATE TABLE arrivals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    object TEXT NOT NULL UNIQUE,       -- a keyed name of its SOP Instance UID: sent twice, it is answered once
    sender INTEGER NOT NULL REFERENCES senders (id),
    image TEXT REFERENCES images (id), -- NULL: it could not be taken in
    patient TEXT,                      -- a keyed pseudonym, where its header names one
    modality TEXT,
    device TEXT,                       -- a keyed pseudonym
    refused TEXT,                      -- why it could not be taken in
    envelope BLOB NOT NULL,            -- what an answer needs to go home, sealed to the site's key
    received_at TEXT NOT NULL,
    CHECK ((image IS NULL) = (refused IS NOT NULL))
) STRICT;
CREATE INDEX arrivals_of_image ON arrivals (image);
CREATE INDEX arrivals_of_patient ON arrivals (patient);
CREATE INDEX arrivals_received ON arrivals (received_at);

-- Where answers go.
CREATE TABLE destinations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('dicom', 'stow')),
    address TEXT NOT NULL,             -- as JSON: host, port and AE title, or a URL, and how it is signed in to
    proof TEXT NOT NULL CHECK (proof IN ('commitment', 'query', 'none')),
    created_at TEXT NOT NULL,
    held_at TEXT,                      -- nothing is sent there since
    held_because TEXT,
    let_go_at TEXT,                    -- when somebody last let it go on
    rests_until TEXT,                  -- nothing is done there before then
    removed_at TEXT
) STRICT;
CREATE UNIQUE INDEX destinations_names ON destinations (name COLLATE NOCASE) WHERE removed_at IS NULL;

-- Which answers go where. A NULL means whichever.
CREATE TABLE rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    destination INTEGER NOT NULL REFERENCES destinations (id),
    answers TEXT NOT NULL,             -- which kinds of objects, as a JSON list
    release TEXT NOT NULL CHECK (release IN ('as read', 'at once', 'after the first read', 'never')),
    sender INTEGER REFERENCES senders (id),
    modality TEXT,
    device TEXT,
    label TEXT,
    from_hour INTEGER CHECK (from_hour BETWEEN 0 AND 23),
    to_hour INTEGER CHECK (to_hour BETWEEN 1 AND 24),
    created_at TEXT NOT NULL,
    removed_at TEXT,
    CHECK ((from_hour IS NULL) = (to_hour IS NULL))
) STRICT;

-- What became of each answer at each destination.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    arrival INTEGER NOT NULL REFERENCES arrivals (id),
    destination INTEGER NOT NULL REFERENCES destinations (id),
    answer TEXT NOT NULL CHECK (answer IN ('capture', 'report', 'presentation', 'assessment')),
    model TEXT,                        -- whose opinion it tells; NULL: of an object that could not be taken in
    read INTEGER REFERENCES reads (id),-- which an assessment tells
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'accepted', 'verified', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at TEXT NOT NULL,             -- when something is to be done with it, in the states before the last two
    holder TEXT,                       -- the worker that has it
    said TEXT,                         -- what came of the last attempt
    forgotten INTEGER NOT NULL DEFAULT 0, -- how often it was accepted and was not there then
    commitment TEXT UNIQUE,            -- the Transaction UID of the storage commitment that was asked for
    queued_at TEXT NOT NULL,
    accepted_at TEXT,
    verified_at TEXT,
    dead_at TEXT
) STRICT;
CREATE UNIQUE INDEX deliveries_once ON deliveries (arrival, destination, answer, coalesce(model, ''), coalesce(read, 0));
CREATE INDEX deliveries_due ON deliveries (destination, next_at) WHERE state IN ('queued', 'sending', 'accepted');
CREATE INDEX deliveries_of_arrival ON deliveries (arrival);
CREATE INDEX deliveries_dead ON deliveries (dead_at) WHERE state = 'dead';

-- Files that somebody must look at, since text that identifies may be in the picture. They wait in the spool.
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    payload TEXT NOT NULL,             -- of the intake that held it back, as JSON
    patient TEXT,                      -- a keyed pseudonym, where its header names one
    object TEXT,                       -- a keyed name of its SOP Instance UID, where it has one
    boxes TEXT NOT NULL,               -- where there is text for sure, as JSON: top, left, bottom, right of each
    doubts TEXT NOT NULL,              -- where there may be, likewise
    held_at TEXT NOT NULL,
    decided_at TEXT,
    decided_by INTEGER REFERENCES users (id),
    decision TEXT CHECK (decision IN ('take', 'discard')),
    CHECK ((decided_at IS NULL) = (decision IS NULL))
) STRICT;
CREATE INDEX quarantine_waiting ON quarantine (id) WHERE decided_at IS NULL;
CREATE INDEX quarantine_of_patient ON quarantine (patient);
CREATE INDEX deliveries_accepted ON deliveries (accepted_at) WHERE accepted_at IS NOT NULL;

-- What listens on the network now: a row each, with a heartbeat.
CREATE TABLE listeners (
    id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    ae_title TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER,                      -- without encryption; NULL: closed
    tls_port INTEGER,                  -- NULL: closed
    started_at TEXT NOT NULL,
    heartbeat_at TEXT NOT NULL
) STRICT;
CREATE INDEX quarantine_of_object ON quarantine (object);
