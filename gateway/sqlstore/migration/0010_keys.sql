-- +goose Up
-- Key sets as they were when a signature was believed by them, each once under the hash of its body (JSON). They are
-- kept for good. at is unix milliseconds.
CREATE TABLE key_archive (hash TEXT PRIMARY KEY, body TEXT NOT NULL, at BIGINT NOT NULL);

-- +goose Down
DROP TABLE key_archive;
