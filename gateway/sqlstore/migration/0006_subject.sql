-- +goose Up
-- The account that a change is about, as far as shown: a security event about it ends its live changes.
ALTER TABLE changes ADD COLUMN subject TEXT;
CREATE INDEX changes_subject ON changes (host, subject) WHERE subject IS NOT NULL;

-- +goose Down
DROP INDEX changes_subject;
ALTER TABLE changes DROP COLUMN subject;
