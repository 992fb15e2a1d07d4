-- What a conversation is about and the lowest role that may hold it, when an agent last asked its visitor for patience
-- (unix ms), whether two thirds of one of its clocks had passed at the last look, and what agents know: JSON lists of
-- words and of languages. Beside them the days (YYYY-MM-DD) on which a mailbox was alarmed.

-- +goose Up
ALTER TABLE conversations ADD COLUMN type TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN min_role TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN holding_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE clocks ADD COLUMN risk BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE agents ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE agents ADD COLUMN languages TEXT NOT NULL DEFAULT '[]';
CREATE TABLE alarms (mailbox TEXT NOT NULL, day TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (mailbox, day));

-- +goose Down
DROP TABLE alarms;
ALTER TABLE agents DROP COLUMN languages;
ALTER TABLE agents DROP COLUMN tags;
ALTER TABLE clocks DROP COLUMN risk;
ALTER TABLE conversations DROP COLUMN holding_at;
ALTER TABLE conversations DROP COLUMN min_role;
ALTER TABLE conversations DROP COLUMN type;
