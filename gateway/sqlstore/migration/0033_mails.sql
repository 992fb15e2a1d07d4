-- Who else gets a mail (cc, addresses apart by blanks), and what it is (kind '' = an answer, 'forward' = to somebody
-- outside). mail_copies: whom else a mail that came in names; trusted = of the newest mail of the ticket's own sender.
-- Times are unix milliseconds, 0 = not sent, or before this migration.

-- +goose Up
ALTER TABLE outbox ADD COLUMN cc TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN sent_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX outbox_conversation ON outbox (conversation, at);
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at > 0;
CREATE TABLE mail_copies (
  message TEXT NOT NULL, conversation TEXT NOT NULL REFERENCES conversations (id), address TEXT NOT NULL,
  trusted BOOLEAN NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (message, address)
);
CREATE INDEX mail_copies_conversation ON mail_copies (conversation, at);

-- +goose Down
DROP TABLE mail_copies;
DROP INDEX outbox_sent;
DROP INDEX outbox_conversation;
ALTER TABLE outbox DROP COLUMN sent_at;
ALTER TABLE outbox DROP COLUMN kind;
ALTER TABLE outbox DROP COLUMN cc;
