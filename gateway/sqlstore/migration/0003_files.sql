-- Which uploads stand in a message: the others are counted against quotas and removed after a day. Times are unix
-- milliseconds, 0 = in none yet. Uploads of before this migration are taken for sent.

-- +goose Up
ALTER TABLE files ADD COLUMN attached_at BIGINT NOT NULL DEFAULT 0;
UPDATE files SET attached_at = created_at;
CREATE INDEX files_loose ON files (owner_id) WHERE attached_at = 0;
CREATE INDEX files_conversation ON files (conversation);

-- +goose Down
DROP INDEX files_conversation;
DROP INDEX files_loose;
ALTER TABLE files DROP COLUMN attached_at;
