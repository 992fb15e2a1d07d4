-- Answers in tickets that can still be taken back: no visitor has one, it stands in no event. The text (body, JSON) is
-- erased when it ends. last is what becomes of the ticket once it has gone (JSON). Until when a ticket sleeps, 0 = it is
-- awake. Times are unix milliseconds.

-- +goose Up
CREATE TABLE partings (
  message TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations (id),
  author_role TEXT NOT NULL, author TEXT NOT NULL, client_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'undone', 'held')),
  body TEXT NOT NULL, last TEXT NOT NULL, at BIGINT NOT NULL, due BIGINT NOT NULL
);
CREATE UNIQUE INDEX partings_client ON partings (conversation, client_id);
CREATE UNIQUE INDEX partings_waiting ON partings (conversation) WHERE state = 'waiting';
ALTER TABLE conversations ADD COLUMN snoozed_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX conversations_snoozed ON conversations (mailbox, snoozed_until) WHERE snoozed_until > 0;

-- +goose Down
DROP INDEX conversations_snoozed;
ALTER TABLE conversations DROP COLUMN snoozed_until;
DROP TABLE partings;
