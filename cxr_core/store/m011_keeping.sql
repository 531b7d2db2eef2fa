-- What went since it was old enough, and not since somebody asked for it: backups keep that until they are old themselves.
ALTER TABLE tombstones ADD COLUMN by_age INTEGER NOT NULL DEFAULT 0;
