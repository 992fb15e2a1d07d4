-- When an agent last did anything in the console, since when he counts as inactive, and the absence that he announced.
-- Times are unix milliseconds, 0 = never.

-- +goose Up
ALTER TABLE agents ADD COLUMN active_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN inactive_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN away_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN away_until BIGINT NOT NULL DEFAULT 0;
UPDATE agents SET active_at = last_beat_at;

-- +goose Down
ALTER TABLE agents DROP COLUMN away_until;
ALTER TABLE agents DROP COLUMN away_from;
ALTER TABLE agents DROP COLUMN inactive_at;
ALTER TABLE agents DROP COLUMN active_at;
