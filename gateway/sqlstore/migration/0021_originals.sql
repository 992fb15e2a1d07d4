-- How the staff sees a mail that came in: header, text and sanitised HTML, as JSON. '' = it came before this
-- migration.

-- +goose Up
ALTER TABLE incoming ADD COLUMN original TEXT NOT NULL DEFAULT '';
CREATE INDEX incoming_message ON incoming (message);

-- +goose Down
DROP INDEX incoming_message;
ALTER TABLE incoming DROP COLUMN original;
