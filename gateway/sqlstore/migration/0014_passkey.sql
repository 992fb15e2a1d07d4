-- Passkeys of the staff. A challenge is one row per session and purpose, and goes with its answer. A session keeps the
-- device that it was opened on, its last step-up and where that was made, and which other device was told of.

-- +goose Up
ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN stepped_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN stepped_on TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN told_of TEXT NOT NULL DEFAULT '';
CREATE TABLE passkeys (
  id TEXT PRIMARY KEY, agent TEXT NOT NULL REFERENCES agents (id), name TEXT NOT NULL, credential TEXT NOT NULL UNIQUE,
  public_key TEXT NOT NULL, flags BIGINT NOT NULL, sign_count BIGINT NOT NULL CHECK (sign_count >= 0),
  created_at BIGINT NOT NULL, used_at BIGINT NOT NULL
);
CREATE INDEX passkeys_agent ON passkeys (agent);
CREATE TABLE passkey_challenges (
  session TEXT NOT NULL, purpose TEXT NOT NULL, challenge TEXT NOT NULL, until BIGINT NOT NULL,
  PRIMARY KEY (session, purpose)
);

-- +goose Down
DROP TABLE passkey_challenges;
DROP TABLE passkeys;
ALTER TABLE sessions DROP COLUMN told_of;
ALTER TABLE sessions DROP COLUMN stepped_on;
ALTER TABLE sessions DROP COLUMN stepped_at;
ALTER TABLE sessions DROP COLUMN device;
