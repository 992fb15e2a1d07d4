-- +goose Up
-- What is kept of the secrets that a browser carries while it logs in at an OpenID provider: hashes only.
CREATE TABLE slips (
  use TEXT NOT NULL, key TEXT NOT NULL, change TEXT NOT NULL, challenge TEXT NOT NULL, source TEXT NOT NULL,
  until BIGINT NOT NULL, PRIMARY KEY (use, key)
);
CREATE INDEX slips_until ON slips (until);

-- +goose Down
DROP TABLE slips;
