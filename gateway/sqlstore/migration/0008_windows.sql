-- What a backend answered to a proven account.read, sealed: one row per conversation, deleted when it ends.

-- +goose Up
CREATE TABLE windows (
  conversation TEXT PRIMARY KEY REFERENCES conversations (id), change TEXT NOT NULL REFERENCES changes (id),
  host TEXT NOT NULL, subject TEXT NOT NULL, reader TEXT NOT NULL, until BIGINT NOT NULL, sealed TEXT NOT NULL
);
CREATE INDEX windows_until ON windows (until);
CREATE INDEX windows_subject ON windows (host, subject);
-- The first look of an agent into a window counts against his budget.
CREATE TABLE window_reads (agent TEXT NOT NULL, change TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (agent, change));
CREATE INDEX window_reads_at ON window_reads (agent, at);
CREATE TABLE read_budgets (agent TEXT PRIMARY KEY, spent_at BIGINT NOT NULL, freed_at BIGINT NOT NULL);
-- The account's version as the host's session token told it, or its backend after a change: the base of the next one.
ALTER TABLE visitors ADD COLUMN account_version TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE visitors DROP COLUMN account_version;
DROP TABLE read_budgets;
DROP TABLE window_reads;
DROP TABLE windows;
