-- What each try of a webhook's delivery came to; the deliveries themselves are jobs. at in unix ms, took in ms, status that
-- of the answer (0 = none), code '' = it was taken.

-- +goose Up
CREATE TABLE hook_tries (
  job TEXT NOT NULL, at BIGINT NOT NULL, took BIGINT NOT NULL, status BIGINT NOT NULL, code TEXT NOT NULL,
  PRIMARY KEY (job, at)
);

-- +goose Down
DROP TABLE hook_tries;
