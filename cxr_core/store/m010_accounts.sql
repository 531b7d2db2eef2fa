-- What a hospital asks of accounts, and of the chain that tells what they did.

-- Two more roles. A check can't be changed, so the column is made anew; what role each has is carried over.
ALTER TABLE users RENAME COLUMN role TO role_before;
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'radiologist'
    CHECK (role IN ('radiologist', 'admin', 'auditor', 'PACS administrator'));
UPDATE users SET role = role_before;
ALTER TABLE users DROP COLUMN role_before;

ALTER TABLE users ADD COLUMN disabled_at TEXT;
ALTER TABLE users ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0; -- the password is one that an admin gave
ALTER TABLE users ADD COLUMN subject TEXT; -- who it is at the hospital's own sign-in; such an account has no password
ALTER TABLE users ADD COLUMN signed_in_at TEXT;
CREATE UNIQUE INDEX users_subjects ON users (subject) WHERE subject IS NOT NULL;

-- Wrong passwords in a row, by name, whether somebody is called so or not: the answer tells nobody which.
CREATE TABLE attempts (
    name TEXT PRIMARY KEY,             -- keyed: people type passwords into the wrong field
    wrong INTEGER NOT NULL,
    last_at TEXT NOT NULL
) STRICT;

-- Where the chain was cut off at its beginning because it was kept long enough: what is left goes on from there.
CREATE TABLE audit_cuts (
    up_to INTEGER PRIMARY KEY,         -- the last row that went
    hash TEXT NOT NULL,                -- its seal, which the next row goes on from
    cut_at TEXT NOT NULL
) STRICT;
DROP TRIGGER audit_is_never_deleted;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
WHEN OLD.id > coalesce((SELECT max(up_to) FROM audit_cuts), 0)
BEGIN SELECT RAISE(ABORT, 'the audit chain is never shortened, but for its beginning, on record'); END;
CREATE INDEX audit_by_actor ON audit (actor, id);
CREATE INDEX audit_by_action ON audit (action, id);
CREATE INDEX audit_by_subject ON audit (subject, id);
CREATE INDEX audit_by_time ON audit (at);
