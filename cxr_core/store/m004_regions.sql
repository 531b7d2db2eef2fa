-- What a reader marked on the X-ray as wrong or missed.

ALTER TABLE reads ADD COLUMN regions TEXT NOT NULL DEFAULT '[]'; -- JSON list: shape, x, y, width, height in source pixels
