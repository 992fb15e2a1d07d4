-- Messages of agents that the leak guard kept back. The text (body, JSON) is erased when one ends.

-- +goose Up
CREATE TABLE held (
  message TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations (id),
  author_role TEXT NOT NULL, author TEXT NOT NULL, client_id TEXT NOT NULL, kinds TEXT NOT NULL,
  counts BOOLEAN NOT NULL, state TEXT NOT NULL CHECK (state IN ('held', 'withdrawn', 'released', 'blocked')),
  body TEXT NOT NULL, at BIGINT NOT NULL
);
CREATE UNIQUE INDEX held_client ON held (conversation, client_id);

-- +goose Down
DROP TABLE held;
