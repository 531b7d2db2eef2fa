-- How lists are read: in which mode and order, by how many readers, and who has which case open.

CREATE TABLE worklists (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    mode TEXT NOT NULL CHECK (mode IN ('concurrent', 'second reader', 'blinded')),
    ordering TEXT NOT NULL CHECK (ordering IN ('waiting time', 'suspicion', 'uncertainty', 'random')),
    share REAL NOT NULL CHECK (share BETWEEN 0 AND 1),        -- of what comes in, drawn at random; the first takes the rest
    twice REAL NOT NULL CHECK (twice BETWEEN 0 AND 1),        -- of its images, drawn at random: read by two, a third decides
    longest_wait_hours REAL NOT NULL CHECK (longest_wait_hours > 0),
    -- An order by what the model says tells what it says.
    CHECK (mode = 'concurrent' OR ordering IN ('waiting time', 'random'))
) STRICT;
INSERT INTO worklists VALUES
    (1, 'Reading', 'concurrent', 'waiting time', 0, 0, 24),
    (2, 'Audit', 'blinded', 'random', 0, 1, 168);

-- Fixed when the image comes in: what a list is changed to holds for those that come after.
ALTER TABLE images ADD COLUMN worklist INTEGER NOT NULL DEFAULT 1;
ALTER TABLE images ADD COLUMN mode TEXT NOT NULL DEFAULT 'concurrent' CHECK (mode IN ('concurrent', 'second reader', 'blinded'));
ALTER TABLE images ADD COLUMN readers INTEGER NOT NULL DEFAULT 1 CHECK (readers IN (1, 2));
-- Reads that are still wanted; 0 where the image is read. Kept by the trigger below.
ALTER TABLE images ADD COLUMN slots_open INTEGER NOT NULL DEFAULT 1;
UPDATE images SET slots_open = 0 WHERE newest_read IS NOT NULL;
DROP INDEX images_waiting;
CREATE INDEX images_waiting ON images (worklist, received_at, id) WHERE slots_open > 0;
CREATE INDEX images_unread ON images (received_at, id) WHERE slots_open > 0;
DROP INDEX images_read;
CREATE INDEX images_read ON images (slots_open, newest_read) WHERE newest_read IS NOT NULL;
CREATE INDEX images_of_patient ON images (patient, received_at, id);

-- What the reader had seen of the model's opinion, and whether this is their last word on the image.
ALTER TABLE reads ADD COLUMN seen TEXT NOT NULL DEFAULT 'directly' CHECK (seen IN ('nothing', 'directly'));
ALTER TABLE reads ADD COLUMN final INTEGER NOT NULL DEFAULT 1;
ALTER TABLE reads ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0; -- takes back the read that it supersedes
-- Numbers the readers of an image, in the order in which they came to it.
ALTER TABLE reads ADD COLUMN slot INTEGER;

DROP VIEW current_reads;
CREATE VIEW current_reads AS
SELECT r.* FROM reads r WHERE NOT r.withdrawn AND NOT EXISTS (SELECT 1 FROM reads n WHERE n.supersedes = r.id);

-- As many as the image was drawn for, and one who decides where two differ.
DROP TRIGGER images_know_their_newest_read;
CREATE TRIGGER images_know_their_reads AFTER INSERT ON reads
BEGIN
    UPDATE images SET newest_read = NEW.id, slots_open = (
        SELECT max(0, images.readers - count(*)) + (count(*) = images.readers AND count(DISTINCT label) > 1)
        FROM current_reads WHERE image = NEW.image AND final)
    WHERE id = NEW.image;
END;

-- Who has a case open, until when without another sign of life, and how long they have been at it.
CREATE TABLE claims (
    image TEXT NOT NULL REFERENCES images (id),
    reader INTEGER NOT NULL REFERENCES users (id),
    until TEXT NOT NULL,
    beat_at TEXT NOT NULL,             -- when the reader last moved a hand
    active REAL NOT NULL DEFAULT 0,    -- seconds up to then, without those in which they didn't
    PRIMARY KEY (image, reader)
) STRICT;
