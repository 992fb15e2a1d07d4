-- Links to old conversations: only the hash of a link's token is kept, and whose login opens it. subject '' = nobody's.
-- A visit is one browser that opened a link; the gate's changes of that browser belong to it, not to the conversation.

-- +goose Up
CREATE TABLE transcripts (
  id TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations (id), token_hash TEXT NOT NULL UNIQUE,
  host TEXT NOT NULL, subject TEXT NOT NULL, by_role TEXT NOT NULL, by_id TEXT NOT NULL,
  made_at BIGINT NOT NULL, until BIGINT NOT NULL
);
CREATE INDEX transcripts_conversation ON transcripts (conversation, made_at);
CREATE TABLE transcript_visits (
  id TEXT PRIMARY KEY, transcript TEXT NOT NULL REFERENCES transcripts (id), visitor TEXT NOT NULL,
  browser TEXT NOT NULL, at BIGINT NOT NULL, UNIQUE (transcript, visitor)
);

-- +goose Down
DROP TABLE transcript_visits;
DROP TABLE transcripts;
