-- One schema for SQLite and PostgreSQL. Times are unix milliseconds, 0 = never. Ids are TEXT. What is hashed,
-- signed or compared is TEXT, never JSONB.

-- +goose Up
CREATE TABLE mailboxes (
  id TEXT PRIMARY KEY, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, data TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0)
);
CREATE TABLE agents (
  id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,
  capacity BIGINT NOT NULL CHECK (capacity >= 0), active BIGINT NOT NULL CHECK (active >= 0),
  chosen BOOLEAN NOT NULL, paused_at BIGINT NOT NULL, paused_for TEXT NOT NULL,
  last_offer_at BIGINT NOT NULL, last_beat_at BIGINT NOT NULL, disabled_at BIGINT NOT NULL,
  locale TEXT NOT NULL, password TEXT NOT NULL, version BIGINT NOT NULL CHECK (version > 0)
);
CREATE TABLE sessions (
  hash TEXT PRIMARY KEY, agent TEXT NOT NULL REFERENCES agents (id), until BIGINT NOT NULL
);
CREATE INDEX sessions_agent ON sessions (agent);
CREATE TABLE members (
  agent TEXT NOT NULL REFERENCES agents (id), mailbox TEXT NOT NULL REFERENCES mailboxes (id),
  availability TEXT NOT NULL CHECK (availability IN ('available', 'assign_only', 'unavailable')),
  since BIGINT NOT NULL, by_id TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (agent, mailbox)
);
CREATE INDEX members_mailbox ON members (mailbox);
CREATE TABLE visitors (
  id TEXT PRIMARY KEY, token_hash TEXT NOT NULL UNIQUE, key_jkt TEXT NOT NULL, key_jwk TEXT NOT NULL,
  mailbox TEXT NOT NULL, created_at BIGINT NOT NULL, blocked_at BIGINT NOT NULL,
  identity TEXT NOT NULL, host TEXT NOT NULL, subject TEXT NOT NULL
);
CREATE TABLE identity_tokens (
  host TEXT NOT NULL, jti TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (host, jti)
);

-- The head of each topic: numbers without gaps.
CREATE TABLE topics (topic TEXT PRIMARY KEY, seq BIGINT NOT NULL CHECK (seq > 0));
CREATE TABLE events (
  topic TEXT NOT NULL, seq BIGINT NOT NULL CHECK (seq > 0), id TEXT NOT NULL, kind TEXT NOT NULL,
  at BIGINT NOT NULL, actor_role TEXT NOT NULL, actor_id TEXT NOT NULL, client_id TEXT NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (topic, seq)
);
CREATE UNIQUE INDEX events_client ON events (topic, client_id) WHERE client_id <> '';
-- Other numbers that only grow: the tickets'.
CREATE TABLE numbers (name TEXT PRIMARY KEY, value BIGINT NOT NULL);

CREATE TABLE conversations (
  id TEXT PRIMARY KEY, mailbox TEXT NOT NULL REFERENCES mailboxes (id), visitor TEXT NOT NULL,
  command_id TEXT NOT NULL, channel TEXT NOT NULL CHECK (channel IN ('chat', 'email')),
  status TEXT NOT NULL CHECK (status IN ('queued', 'active', 'open', 'waiting', 'closed')),
  outcome TEXT NOT NULL, reason TEXT NOT NULL, missed_why TEXT NOT NULL,
  number BIGINT NOT NULL, subject TEXT NOT NULL, assignee TEXT NOT NULL,
  offer_agent TEXT NOT NULL, offer_until BIGINT NOT NULL, offer_ring BIGINT NOT NULL,
  round BIGINT NOT NULL, version BIGINT NOT NULL, frozen BOOLEAN NOT NULL,
  started_at BIGINT NOT NULL, queued_at BIGINT NOT NULL, missed_at BIGINT NOT NULL,
  claimed_at BIGINT NOT NULL, closed_at BIGINT NOT NULL, last_message_at BIGINT NOT NULL,
  last_author TEXT NOT NULL, first_words TEXT NOT NULL, messages BIGINT NOT NULL,
  page TEXT NOT NULL, browser TEXT NOT NULL, locale TEXT NOT NULL, claimed TEXT NOT NULL,
  stars BIGINT NOT NULL CHECK (stars BETWEEN 0 AND 5), rating_text TEXT NOT NULL, rated_at BIGINT NOT NULL,
  CHECK (status <> 'active' OR assignee <> ''),
  CHECK (status <> 'queued' OR (assignee = '' AND number = 0)),
  CHECK (offer_agent = '' OR status = 'queued'),
  CHECK ((channel = 'email') = (number > 0))
);
CREATE UNIQUE INDEX conversations_command ON conversations (visitor, command_id) WHERE command_id <> '';
CREATE UNIQUE INDEX conversations_number ON conversations (number) WHERE number > 0;
CREATE INDEX conversations_queue ON conversations (mailbox, queued_at, id) WHERE status = 'queued';
CREATE INDEX conversations_recent ON conversations (mailbox, last_message_at);
CREATE INDEX conversations_assignee ON conversations (assignee, status) WHERE assignee <> '';
CREATE INDEX conversations_offer ON conversations (offer_agent) WHERE offer_agent <> '';
CREATE INDEX conversations_visitor ON conversations (visitor);
-- Who let a ring of a round pass: Route asks the others first.
CREATE TABLE rings (
  conversation TEXT NOT NULL REFERENCES conversations (id), round BIGINT NOT NULL, ring BIGINT NOT NULL,
  agent TEXT NOT NULL, ended TEXT NOT NULL, PRIMARY KEY (conversation, round, ring)
);

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL, version BIGINT NOT NULL);
CREATE TABLE replies (
  id TEXT PRIMARY KEY, mailbox TEXT NOT NULL, owner TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0), updated_at BIGINT NOT NULL
);
CREATE TABLE files (
  id TEXT PRIMARY KEY, conversation TEXT NOT NULL, owner_role TEXT NOT NULL, owner_id TEXT NOT NULL,
  name TEXT NOT NULL, type TEXT NOT NULL, size BIGINT NOT NULL CHECK (size > 0),
  stored BIGINT NOT NULL CHECK (stored BETWEEN 0 AND size), created_at BIGINT NOT NULL
);
CREATE TABLE file_parts (
  file TEXT NOT NULL REFERENCES files (id), part BIGINT NOT NULL, data BYTEA NOT NULL, PRIMARY KEY (file, part)
);
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, due BIGINT NOT NULL, payload TEXT NOT NULL,
  attempts BIGINT NOT NULL, last_err TEXT NOT NULL, lease_until BIGINT NOT NULL, lease_owner TEXT NOT NULL,
  done_at BIGINT, failed BOOLEAN NOT NULL
);
CREATE INDEX jobs_due ON jobs (due) WHERE done_at IS NULL;
CREATE TABLE outbox (
  message TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations (id),
  message_id TEXT NOT NULL UNIQUE, sender TEXT NOT NULL, recipient TEXT NOT NULL, raw BYTEA NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'bounced')), code TEXT NOT NULL, at BIGINT NOT NULL
);
CREATE INDEX outbox_state ON outbox (state, at);
CREATE TABLE incoming (
  dedupe TEXT PRIMARY KEY, conversation TEXT NOT NULL, message TEXT NOT NULL, raw BYTEA NOT NULL, at BIGINT NOT NULL
);

CREATE TABLE articles (
  id TEXT PRIMARY KEY, status TEXT NOT NULL CHECK (status IN ('draft', 'published', 'archived')),
  published BIGINT NOT NULL, latest BIGINT NOT NULL, change BIGINT NOT NULL, updated_at BIGINT NOT NULL
);
CREATE INDEX articles_change ON articles (change);
CREATE TABLE article_versions (
  article TEXT NOT NULL REFERENCES articles (id), number BIGINT NOT NULL, data TEXT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (article, number)
);
CREATE TABLE article_pins (
  id TEXT PRIMARY KEY, data TEXT NOT NULL, from_at BIGINT NOT NULL, until_at BIGINT NOT NULL, place BIGINT NOT NULL
);
CREATE TABLE article_ratings (
  article TEXT NOT NULL REFERENCES articles (id), version BIGINT NOT NULL, visitor TEXT NOT NULL,
  solved BOOLEAN NOT NULL, body TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (article, version, visitor)
);

-- The proof gate's ledger (package verify says what each column is).
CREATE TABLE changes (
  id TEXT PRIMARY KEY, conversation TEXT NOT NULL, state TEXT NOT NULL, version BIGINT NOT NULL,
  host TEXT NOT NULL, chg TEXT NOT NULL, jkt TEXT, handle_hash TEXT, finish_hash TEXT,
  created_at BIGINT NOT NULL, changed_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, leaf BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE UNIQUE INDEX changes_jkt ON changes (jkt) WHERE state = 'challenged';
CREATE UNIQUE INDEX changes_handle ON changes (handle_hash);
CREATE UNIQUE INDEX changes_finish ON changes (finish_hash);
CREATE INDEX changes_conversation ON changes (conversation);
CREATE INDEX changes_state ON changes (state, expires_at);
CREATE TABLE challenges_opened (
  id TEXT PRIMARY KEY, conversation TEXT NOT NULL, at BIGINT NOT NULL
);
CREATE INDEX challenges_opened_at ON challenges_opened (conversation, at);
CREATE TABLE burns (
  use TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, until BIGINT NOT NULL, PRIMARY KEY (use, key)
);
CREATE TABLE log_leaves (n BIGINT PRIMARY KEY, leaf TEXT NOT NULL);
CREATE TABLE log_hashes (n BIGINT PRIMARY KEY, hash BYTEA NOT NULL);
CREATE TABLE log_head (
  one BIGINT PRIMARY KEY CHECK (one = 1), size BIGINT NOT NULL, high BIGINT NOT NULL
);
INSERT INTO log_head (one, size, high) VALUES (1, 0, 0);

-- +goose Down
DROP TABLE article_ratings;
DROP TABLE article_pins;
DROP TABLE article_versions;
DROP TABLE articles;
DROP TABLE log_head;
DROP TABLE log_hashes;
DROP TABLE log_leaves;
DROP TABLE burns;
DROP TABLE challenges_opened;
DROP TABLE changes;
DROP TABLE incoming;
DROP TABLE outbox;
DROP TABLE jobs;
DROP TABLE file_parts;
DROP TABLE files;
DROP TABLE replies;
DROP TABLE settings;
DROP TABLE rings;
DROP TABLE conversations;
DROP TABLE numbers;
DROP TABLE events;
DROP TABLE topics;
DROP TABLE identity_tokens;
DROP TABLE visitors;
DROP TABLE members;
DROP TABLE sessions;
DROP TABLE agents;
DROP TABLE mailboxes;
