-- Articles that agents sent to visitors, beside the steps of self-help, whose kinds are those of visitors.
-- at is unix milliseconds.

-- +goose Up
CREATE TABLE sent_articles (
  message TEXT PRIMARY KEY, at BIGINT NOT NULL, visitor TEXT NOT NULL, mailbox TEXT NOT NULL, article TEXT NOT NULL
);
CREATE INDEX sent_articles_at ON sent_articles (at);

-- +goose Down
DROP TABLE sent_articles;
