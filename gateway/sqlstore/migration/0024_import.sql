-- Where articles of other programs came from: a second import of the same one finds it here. digest is of the text as it
-- came, version the one that an import made: a newer one is an editor's, and no import goes over it.

-- +goose Up
CREATE TABLE article_origins (
  origin TEXT PRIMARY KEY, article TEXT NOT NULL REFERENCES articles (id), digest TEXT NOT NULL, version BIGINT NOT NULL
);

-- +goose Down
DROP TABLE article_origins;
