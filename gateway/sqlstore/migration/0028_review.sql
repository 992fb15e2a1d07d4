-- Until when an editor wants to look at an article again, when he last did, and who. Times are unix milliseconds, 0 = none.

-- +goose Up
ALTER TABLE articles ADD COLUMN review_by BIGINT NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN reviewed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN reviewed_by TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE articles DROP COLUMN reviewed_by;
ALTER TABLE articles DROP COLUMN reviewed_at;
ALTER TABLE articles DROP COLUMN review_by;
