-- Conversations that were begun by the link of a ticket's mail, in unix ms. The two share nothing but this row, which the
-- staff alone sees.

-- +goose Up
CREATE TABLE continuations (
  conversation TEXT PRIMARY KEY REFERENCES conversations (id), ticket TEXT NOT NULL REFERENCES conversations (id),
  at BIGINT NOT NULL
);
CREATE INDEX continuations_ticket ON continuations (ticket);

-- +goose Down
DROP TABLE continuations;
