-- Questions of visitors that an article answered, for an editor to decide on, and the steps of self-help, for the
-- reports. Questions are stored with personal data taken out. A source (a conversation, a visitor) counts once.

-- +goose Up
CREATE TABLE phrasings (
  id TEXT PRIMARY KEY, article TEXT NOT NULL REFERENCES articles (id), folded TEXT NOT NULL, body TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected')), count BIGINT NOT NULL CHECK (count >= 0),
  at BIGINT NOT NULL, decided_by TEXT NOT NULL, decided_at BIGINT NOT NULL, UNIQUE (article, folded)
);
CREATE INDEX phrasings_state ON phrasings (state, count);
CREATE TABLE phrasing_sources (
  phrasing TEXT NOT NULL REFERENCES phrasings (id), source TEXT NOT NULL, how TEXT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (phrasing, source)
);
CREATE TABLE help_steps (
  id TEXT PRIMARY KEY, at BIGINT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('search', 'read', 'solved', 'unsolved')),
  visitor TEXT NOT NULL, mailbox TEXT NOT NULL, locale TEXT NOT NULL, query TEXT NOT NULL, articles TEXT NOT NULL,
  coverage BIGINT NOT NULL, fits BOOLEAN NOT NULL
);
CREATE INDEX help_steps_at ON help_steps (at);

-- +goose Down
DROP TABLE help_steps;
DROP TABLE phrasing_sources;
DROP TABLE phrasings;
