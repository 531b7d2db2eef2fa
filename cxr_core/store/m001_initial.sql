-- What the site is: whether it is a demo, and a check value of its secret.
CREATE TABLE site (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL CHECK (role IN ('radiologist', 'admin')),
    password_hash TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

-- The cookie's token itself is never stored, only its hash.
CREATE TABLE sessions (
    token_sha256 TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL,
    seen_at TEXT NOT NULL
) STRICT;

CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    lane TEXT NOT NULL CHECK (lane IN ('reading', 'learning')),
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    started_at TEXT NOT NULL,
    heartbeat_at TEXT NOT NULL
) STRICT;

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    lane TEXT NOT NULL CHECK (lane IN ('reading', 'learning')),
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    bulk INTEGER NOT NULL DEFAULT 0,   -- one of many: single files go before it
    payload TEXT NOT NULL,
    progress TEXT NOT NULL DEFAULT '{}',
    result TEXT NOT NULL DEFAULT '{}',
    error TEXT,
    asked_by INTEGER REFERENCES users (id),
    attempts INTEGER NOT NULL DEFAULT 0,
    worker TEXT,
    created_at TEXT NOT NULL,
    heartbeat_at TEXT,
    finished_at TEXT
) STRICT;
CREATE INDEX jobs_open ON jobs (lane, state, bulk, id) WHERE state IN ('queued', 'running');

-- A patient belongs to one side for ever.
CREATE TABLE patients (
    pseudonym TEXT PRIMARY KEY,
    side TEXT NOT NULL CHECK (side IN ('train', 'validation', 'calibration', 'locked'))
) STRICT;
CREATE TRIGGER patients_keep_their_side BEFORE UPDATE OF side ON patients
BEGIN SELECT RAISE(ABORT, 'a patient never changes sides'); END;

CREATE TABLE images (
    id TEXT PRIMARY KEY,               -- hash of the pixels: the same image sent twice is one image
    patient TEXT NOT NULL REFERENCES patients (pseudonym),
    file_sha256 TEXT NOT NULL,         -- of the de-identified file in the content-addressed folder
    source TEXT NOT NULL,
    modality TEXT,
    view TEXT,
    age_years INTEGER,
    sex TEXT,
    manufacturer TEXT,
    device TEXT,                       -- a keyed pseudonym
    photometric TEXT,
    bits INTEGER NOT NULL,
    pixel_rows INTEGER NOT NULL,
    pixel_columns INTEGER NOT NULL,
    synthetic INTEGER NOT NULL,
    appearance TEXT NOT NULL,          -- numbers for the drift page
    received_at TEXT NOT NULL
) STRICT;
CREATE INDEX images_received ON images (received_at);

CREATE TABLE training_sets (
    id TEXT PRIMARY KEY,               -- hash of the manifest
    manifest TEXT NOT NULL,
    made_by INTEGER REFERENCES users (id),
    made_at TEXT NOT NULL
) STRICT;

-- Tensors of a site's own models: those that differ from the parent's, as safetensors.
CREATE TABLE weights (
    sha256 TEXT PRIMARY KEY,
    tensors BLOB NOT NULL
) STRICT;

CREATE TABLE models (
    name TEXT PRIMARY KEY,
    parent TEXT REFERENCES models (name),
    card TEXT NOT NULL,
    weights_sha256 TEXT NOT NULL,
    training_set TEXT REFERENCES training_sets (id),
    made_at TEXT NOT NULL
) STRICT;

-- What was decided on a model; the model of the newest row that isn't a refusal is the running one.
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    model TEXT NOT NULL REFERENCES models (name),
    action TEXT NOT NULL CHECK (action IN ('install', 'promote', 'refuse', 'roll back')),
    reason TEXT NOT NULL,
    decided_by INTEGER REFERENCES users (id),
    decided_at TEXT NOT NULL
) STRICT;

CREATE TABLE predictions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image TEXT NOT NULL REFERENCES images (id),
    model TEXT NOT NULL REFERENCES models (name),
    status TEXT NOT NULL CHECK (status IN ('predicted', 'not_analysed')),
    reasons TEXT NOT NULL DEFAULT '[]',
    probability REAL,
    logit REAL,
    label TEXT,
    heatmap BLOB,                      -- 7 x 7 float32, little-endian
    embedding BLOB,                    -- 512 float16, little-endian
    made_at TEXT NOT NULL,
    UNIQUE (image, model)
) STRICT;
CREATE INDEX predictions_made ON predictions (made_at);

-- Never changed: a change of mind is a new row that supersedes the old one.
CREATE TABLE reads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image TEXT NOT NULL REFERENCES images (id),
    prediction INTEGER REFERENCES predictions (id),   -- what the reader saw of the model
    reader INTEGER NOT NULL REFERENCES users (id),
    supersedes INTEGER UNIQUE REFERENCES reads (id),
    agrees INTEGER,                    -- NULL where the model gave no opinion to agree with
    label TEXT NOT NULL CHECK (label IN ('Normal', 'Pneumonia')),
    reason TEXT,
    comment TEXT NOT NULL DEFAULT '',
    seconds REAL NOT NULL,
    made_at TEXT NOT NULL
) STRICT;
CREATE INDEX reads_of_image ON reads (image);
CREATE TRIGGER reads_are_never_changed BEFORE UPDATE ON reads
BEGIN SELECT RAISE(ABORT, 'a read is never changed: supersede it'); END;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    details TEXT NOT NULL,
    hash TEXT NOT NULL                 -- of this row and the hash before it
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit chain is never changed'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit chain is never shortened'); END;

CREATE VIEW current_reads AS
SELECT * FROM reads WHERE id NOT IN (SELECT supersedes FROM reads WHERE supersedes IS NOT NULL);
