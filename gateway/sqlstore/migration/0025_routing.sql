-- What routing knows of a conversation beside its place: its priority class (1 high, 2 medium, 3 low), who served it
-- last (he is asked first when it, or its visitor, comes back), and whether it has moved to the overflow mailbox.

-- +goose Up
ALTER TABLE conversations ADD COLUMN priority BIGINT NOT NULL DEFAULT 2;
ALTER TABLE conversations ADD COLUMN served_by TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN moved BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE conversations DROP COLUMN moved;
ALTER TABLE conversations DROP COLUMN served_by;
ALTER TABLE conversations DROP COLUMN priority;
