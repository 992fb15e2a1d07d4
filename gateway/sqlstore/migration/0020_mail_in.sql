-- How far each source of incoming mail has been read: the folder's UIDVALIDITY and the last UID that is stored, moved in
-- the transaction that stores the mail. One node reads a source at a time, by lease. Times are unix milliseconds.

-- +goose Up
CREATE TABLE mail_sources (
  source TEXT PRIMARY KEY, validity BIGINT NOT NULL CHECK (validity >= 0), uid BIGINT NOT NULL CHECK (uid >= 0),
  lease_owner TEXT NOT NULL, lease_until BIGINT NOT NULL
);

-- +goose Down
DROP TABLE mail_sources;
