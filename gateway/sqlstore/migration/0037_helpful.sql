-- Ratings as they count in ranking: the same on every node, since each count is a change of its article. Beside them the
-- page that a step of self-help was taken on, and which articles solved most there, both counted nightly.

-- +goose Up
ALTER TABLE articles ADD COLUMN solved BIGINT NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN unsolved BIGINT NOT NULL DEFAULT 0;
UPDATE articles SET
  solved = (SELECT COUNT(*) FROM article_ratings r WHERE r.article = articles.id AND r.solved),
  unsolved = (SELECT COUNT(*) FROM article_ratings r WHERE r.article = articles.id AND NOT r.solved);
ALTER TABLE help_steps ADD COLUMN page TEXT NOT NULL DEFAULT '';
CREATE TABLE helpful (
  mailbox TEXT NOT NULL, page TEXT NOT NULL, article TEXT NOT NULL, solved BIGINT NOT NULL,
  PRIMARY KEY (mailbox, page, article)
);

-- +goose Down
DROP TABLE helpful;
ALTER TABLE help_steps DROP COLUMN page;
ALTER TABLE articles DROP COLUMN unsolved;
ALTER TABLE articles DROP COLUMN solved;
