-- Retraining as controlled change: under which plan, from whom, looked at how often, and decided by whom.

-- The text of every plan that something was fixed or decided under.
CREATE TABLE plans (
    sha256 TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    first_used_at TEXT NOT NULL
) STRICT;
CREATE TRIGGER plans_are_never_changed BEFORE UPDATE ON plans
BEGIN SELECT RAISE(ABORT, 'a plan is never changed: write a new one'); END;

-- What a training set takes from the site, so that lineage can be asked for both ways. An image may be erased since.
CREATE TABLE training_items (
    training_set TEXT NOT NULL REFERENCES training_sets (id),
    image TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('train', 'validation', 'calibration', 'locked')),
    label TEXT NOT NULL CHECK (label IN ('Normal', 'Pneumonia')),
    origin TEXT NOT NULL,
    PRIMARY KEY (training_set, image)
) STRICT;
INSERT INTO training_items
SELECT t.id, e.value ->> 'image', e.value ->> 'side', e.value ->> 'label', e.value ->> 'origin'
FROM training_sets t, json_each(t.manifest, '$.items') e WHERE e.value ->> 'origin' != 'base data';
CREATE INDEX training_items_of_image ON training_items (image);
CREATE TRIGGER training_items_keep_patients_on_their_side BEFORE INSERT ON training_items
WHEN NEW.side IS NOT (SELECT p.side FROM images i JOIN patients p ON p.pseudonym = i.patient WHERE i.id = NEW.image)
BEGIN SELECT RAISE(ABORT, 'a training set takes each patient''s images on the side that the patient belongs to'); END;
CREATE TRIGGER training_items_are_never_changed BEFORE UPDATE ON training_items
BEGIN SELECT RAISE(ABORT, 'a training set is never changed'); END;
CREATE TRIGGER training_items_are_never_deleted BEFORE DELETE ON training_items
BEGIN SELECT RAISE(ABORT, 'a training set is never changed'); END;
CREATE TRIGGER training_sets_are_never_changed BEFORE UPDATE ON training_sets
BEGIN SELECT RAISE(ABORT, 'a training set is never changed'); END;

-- Perceptual hashes, by which near-duplicates are found. NULL: it came in before; made when a draft needs it.
ALTER TABLE images ADD COLUMN fingerprint BLOB;
CREATE TABLE base_fingerprints (
    sha256 TEXT PRIMARY KEY,           -- of a file of the base data
    fingerprint BLOB NOT NULL
) STRICT;

-- Each comparison on locked images: the more often a set is looked at, the less an interval on it means.
CREATE TABLE looks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    model TEXT NOT NULL REFERENCES models (name),
    locked_sha256 TEXT NOT NULL,       -- of the locked images with their labels
    looked_at TEXT NOT NULL
) STRICT;

-- A first of two approvals, and taking a version out of reach, are decisions, too.
CREATE TABLE decisions_of_all_kinds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    model TEXT NOT NULL REFERENCES models (name),
    action TEXT NOT NULL CHECK (action IN ('install', 'approve', 'promote', 'refuse', 'retire', 'roll back')),
    reason TEXT NOT NULL,
    decided_by INTEGER REFERENCES users (id),
    decided_at TEXT NOT NULL,
    plan TEXT REFERENCES plans (sha256)
) STRICT;
INSERT INTO decisions_of_all_kinds SELECT id, model, action, reason, decided_by, decided_at, NULL FROM decisions;
DROP TABLE decisions;
ALTER TABLE decisions_of_all_kinds RENAME TO decisions;
CREATE TRIGGER decisions_are_never_changed BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'a decision is never changed: take another'); END;

-- A candidate that predicts beside the running model, unseen by readers, until somebody decides.
CREATE TABLE shadows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    model TEXT NOT NULL REFERENCES models (name),
    started_by INTEGER REFERENCES users (id),
    started_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;
CREATE UNIQUE INDEX one_shadow_at_a_time ON shadows (ended_at IS NULL) WHERE ended_at IS NULL;
-- Apart from predictions, so that nothing that readers see can find them.
CREATE TABLE shadow_predictions (
    image TEXT NOT NULL REFERENCES images (id),
    model TEXT NOT NULL REFERENCES models (name),
    status TEXT NOT NULL CHECK (status IN ('predicted', 'not_analysed')),
    label TEXT,
    probability REAL,
    made_at TEXT NOT NULL,
    PRIMARY KEY (image, model)
) STRICT;

-- While one is open, no opinion of any model is shown.
CREATE TABLE stops (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reason TEXT NOT NULL,
    stopped_by INTEGER REFERENCES users (id), -- NULL: the plan's rule
    stopped_at TEXT NOT NULL,
    lifted_by INTEGER REFERENCES users (id),
    lifted_at TEXT,
    lifted_because TEXT
) STRICT;
CREATE UNIQUE INDEX one_stop_at_a_time ON stops (lifted_at IS NULL) WHERE lifted_at IS NULL;

-- What is left of an erased image.
CREATE TABLE tombstones (
    image TEXT PRIMARY KEY,
    patient TEXT NOT NULL,             -- a keyed pseudonym
    file_sha256 TEXT NOT NULL,
    reads INTEGER NOT NULL,            -- how many went with it
    reason TEXT NOT NULL,
    erased_by INTEGER REFERENCES users (id),
    erased_at TEXT NOT NULL
) STRICT;
CREATE INDEX tombstones_of_patient ON tombstones (patient);
