-- What a prediction says besides its number: that its heatmap isn't to be trusted, or that the image was put right.

ALTER TABLE predictions ADD COLUMN heatmap_doubt TEXT;   -- why the heatmap is hidden; NULL where it may be shown
ALTER TABLE predictions ADD COLUMN put_right TEXT;       -- what was put right before the model looked, such as 'inverted'
ALTER TABLE predictions ADD COLUMN reason_kinds TEXT NOT NULL DEFAULT '[]'; -- JSON list: what each reason is about
UPDATE predictions SET heatmap_doubt = 'This heatmap was made by an earlier version, which did not check heatmaps.'
WHERE status = 'predicted';

-- Until now an image was refused for its view or its age alone.
UPDATE predictions SET reason_kinds = CASE
    WHEN reasons LIKE '%"view %' AND reasons LIKE '%"patient of %' THEN '["view", "age"]'
    WHEN reasons LIKE '%"view %' THEN '["view"]'
    ELSE '["age"]' END
WHERE status = 'not_analysed';

-- What other methods than Grad-CAM draw, made when a reader asks for it.
CREATE TABLE explanations (
    image TEXT NOT NULL REFERENCES images (id),
    model TEXT NOT NULL REFERENCES models (name),
    method TEXT NOT NULL,
    heatmap BLOB NOT NULL,             -- 7 x 7 float32, little-endian, in units of the method's own
    doubt TEXT,                        -- why it is hidden; NULL where it may be shown
    made_at TEXT NOT NULL,
    PRIMARY KEY (image, model, method)
) STRICT;
