-- Which agents hear of a conversation, where somebody has said or done what decides it. Of idle conversations: for which
-- of its moments the visitor was warned, and since when it counts if not since the last message (he asked to stay, it
-- slept). Tickets that were deleted stay as tombstones: no mail of theirs comes back. Times are unix milliseconds, 0 =
-- never.

-- +goose Up
CREATE TABLE follows (
  conversation TEXT NOT NULL REFERENCES conversations (id), agent TEXT NOT NULL, wanted BOOLEAN NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (conversation, agent)
);
CREATE INDEX follows_agent ON follows (agent);
CREATE TABLE idles (
  conversation TEXT PRIMARY KEY REFERENCES conversations (id), told_for BIGINT NOT NULL, since BIGINT NOT NULL
);
CREATE INDEX conversations_waiting ON conversations (last_message_at, id) WHERE status = 'waiting';
ALTER TABLE conversations ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE conversations DROP COLUMN deleted_at;
DROP INDEX conversations_waiting;
DROP TABLE idles;
DROP TABLE follows;
