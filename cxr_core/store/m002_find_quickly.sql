-- What the screens ask for at every click is found without looking at what has piled up over years.

-- Kept by the trigger: what waits is what has none, and the list of what was read goes by it.
ALTER TABLE images ADD COLUMN newest_read INTEGER;
UPDATE images SET newest_read = (SELECT max(id) FROM reads WHERE image = images.id);
CREATE TRIGGER images_know_their_newest_read AFTER INSERT ON reads
BEGIN UPDATE images SET newest_read = NEW.id WHERE id = NEW.image; END;
CREATE INDEX images_waiting ON images (received_at, id) WHERE newest_read IS NULL;
CREATE INDEX images_read ON images (newest_read) WHERE newest_read IS NOT NULL;
CREATE INDEX images_of_device ON images (device);

-- A partial index on two states doesn't serve a question about one of them.
DROP INDEX jobs_open;
CREATE INDEX jobs_of_state ON jobs (state, lane, bulk);
CREATE INDEX jobs_of_kind ON jobs (kind, state);

-- All that the drift page needs of a prediction, without its heatmap and embedding.
DROP INDEX predictions_made;
CREATE INDEX predictions_made ON predictions (made_at, model, probability);
CREATE INDEX reads_made ON reads (made_at);
