-- The public library: files that may be sent to anybody. Each is a row of files in no conversation.
-- scrubbed counts the secrets that were taken out of an upload before anybody else could read it.
-- quiet: side-access mode, a held message's author is told nothing but that it waits.

-- +goose Up
CREATE TABLE library (
  file TEXT PRIMARY KEY REFERENCES files (id), added_by TEXT NOT NULL, added_at BIGINT NOT NULL
);
ALTER TABLE files ADD COLUMN scrubbed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE held ADD COLUMN quiet BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE held DROP COLUMN quiet;
ALTER TABLE files DROP COLUMN scrubbed;
DROP TABLE library;
