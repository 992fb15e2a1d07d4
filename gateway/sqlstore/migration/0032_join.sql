-- Conversations that go on in another one, and tickets that were split off one. Events stay where they are: a merged
-- conversation points to its target, and undoing a merge ends the pointer. undone_at 0 = it stands; was_status is what
-- the merged one had before. Times are unix milliseconds.

-- +goose Up
CREATE TABLE merges (
  id TEXT PRIMARY KEY, merged TEXT NOT NULL REFERENCES conversations (id),
  target TEXT NOT NULL REFERENCES conversations (id), was_status TEXT NOT NULL, by_id TEXT NOT NULL,
  at BIGINT NOT NULL, undone_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX merges_merged ON merges (merged) WHERE undone_at = 0;
CREATE INDEX merges_target ON merges (target) WHERE undone_at = 0;
CREATE TABLE splits (
  conversation TEXT PRIMARY KEY REFERENCES conversations (id), source TEXT NOT NULL REFERENCES conversations (id),
  from_seq BIGINT NOT NULL, at BIGINT NOT NULL, UNIQUE (source, from_seq)
);
CREATE INDEX conversations_going ON conversations (mailbox, last_message_at) WHERE status IN ('open', 'waiting');

-- +goose Down
DROP INDEX conversations_going;
DROP TABLE splits;
DROP TABLE merges;
