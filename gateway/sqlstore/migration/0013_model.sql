-- What the language model was asked, per UTC day (days since 1970) and scope ('', a mailbox, a visitor): budgets are
-- counted here, so that all nodes share them. Vectors are kept by model and hash of the text they are of.

-- +goose Up
CREATE TABLE model_usage (
  day BIGINT NOT NULL, scope TEXT NOT NULL, calls BIGINT NOT NULL, tokens BIGINT NOT NULL, PRIMARY KEY (day, scope)
);
CREATE TABLE model_vectors (
  model TEXT NOT NULL, hash TEXT NOT NULL, vector BYTEA NOT NULL, PRIMARY KEY (model, hash)
);

-- +goose Down
DROP TABLE model_vectors;
DROP TABLE model_usage;
