-- Who may agree to a loosening: since when an agent alone holds the account, and until when one was an admin. Times
-- are unix milliseconds, 0 = before anybody looked, and never.

-- +goose Up
ALTER TABLE agents ADD COLUMN held_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN admin_until BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE agents DROP COLUMN admin_until;
ALTER TABLE agents DROP COLUMN held_since;
