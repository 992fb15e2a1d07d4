-- API keys. Only the hash of a key is kept; ended_at 0 = it lives. Scopes are separated by blanks.

-- +goose Up
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, mailbox TEXT NOT NULL REFERENCES mailboxes (id),
  scopes TEXT NOT NULL, created_at BIGINT NOT NULL, ended_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE api_keys;
