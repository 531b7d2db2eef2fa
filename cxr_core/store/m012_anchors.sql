-- Where the audit chain ended when a report was made for the first time: the report tells it, and so keeps it elsewhere.
ALTER TABLE deliveries ADD COLUMN audit_head TEXT; -- its number and its hash; NULL: it tells none
