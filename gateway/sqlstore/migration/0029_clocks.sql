-- What each conversation was promised when it began (open minutes), when its clocks are looked at next (unix ms, 0 =
-- not), how many looks were appointed, and whether a clock had run out at the last one. Beside it what was told of it.

-- +goose Up
CREATE TABLE clocks (
  conversation TEXT PRIMARY KEY REFERENCES conversations (id), promise TEXT NOT NULL, look_at BIGINT NOT NULL,
  looks BIGINT NOT NULL, late BOOLEAN NOT NULL
);
CREATE INDEX clocks_look ON clocks (look_at) WHERE look_at > 0;
CREATE TABLE clock_marks (
  conversation TEXT NOT NULL REFERENCES conversations (id), mark TEXT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (conversation, mark)
);

-- +goose Down
DROP TABLE clock_marks;
DROP TABLE clocks;
