-- When a ring ended: who declined is not rung again at once. Times are unix milliseconds, 0 = long ago.

-- +goose Up
ALTER TABLE rings ADD COLUMN ended_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE rings DROP COLUMN ended_at;
