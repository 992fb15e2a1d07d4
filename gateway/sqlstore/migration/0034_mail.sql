-- When each job was due first, from which its five days are counted (unix ms; 0 = it came before this migration). Mail
-- of machines that belongs to no ticket; its raw form is in incoming. And when each address got automatic mail last.

-- +goose Up
ALTER TABLE jobs ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
CREATE TABLE automatic (
  message TEXT PRIMARY KEY, mailbox TEXT NOT NULL, sender TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, at BIGINT NOT NULL
);
CREATE INDEX automatic_at ON automatic (at);
CREATE TABLE automatic_sent (address TEXT PRIMARY KEY, at BIGINT NOT NULL);

-- +goose Down
DROP TABLE automatic_sent;
DROP TABLE automatic;
ALTER TABLE jobs DROP COLUMN since;
