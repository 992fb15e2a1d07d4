package sqlstore

import (
	"context"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qMovedRatings = `SELECT id, helped, failed FROM (SELECT a.id, a.solved, a.unsolved,
(SELECT COUNT(*) FROM article_ratings r WHERE r.article = a.id AND r.solved) AS helped,
(SELECT COUNT(*) FROM article_ratings r WHERE r.article = a.id AND NOT r.solved) AS failed
FROM articles a WHERE a.change > 0) c WHERE helped <> solved OR failed <> unsolved ORDER BY id`
	qCountRatings = `UPDATE articles SET solved = $2, unsolved = $3, change = $4 WHERE id = $1`
	qNoHelpful    = `DELETE FROM helpful`
	qNewHelpful   = `INSERT INTO helpful (mailbox, page, article, solved)
SELECT mailbox, page, articles, COUNT(DISTINCT visitor) FROM help_steps
WHERE at >= $1 AND kind = 'solved' AND page <> '' GROUP BY mailbox, page, articles`
	qHelpful = `SELECT article FROM helpful WHERE mailbox = $1 AND page = $2 ORDER BY solved DESC, article LIMIT $3`
)

// rated is an article with its numbers of now.
type rated struct {
	id               string
	solved, unsolved int64
}

// CountHelp implements kb.LearnStore.
func (k *Articles) CountHelp(ctx context.Context, since, now time.Time) error {
	_, err := k.s.change(ctx, "count what helped", now, func(x *tx) error {
		var change int64
		if err := x.row(qNextNumber, "article").Scan(&change); err != nil { // whoever counts waits here
			return err
		}
		rows, err := x.QueryContext(x.ctx, qMovedRatings)
		if err != nil {
			return err
		}
		moved, err := collect(rows, func(r scanner) (a rated, err error) { return a, r.Scan(&a.id, &a.solved, &a.unsolved) })
		if err != nil {
			return err
		}
		for i, a := range moved {
			if i > 0 {
				if err := x.row(qNextNumber, "article").Scan(&change); err != nil {
					return err
				}
			}
			if err := x.must(qCountRatings, a.id, a.solved, a.unsolved, change); err != nil {
				return err
			}
			if err := x.emit(kbTopic, gateway.System(), gateway.ArticleChanged{Article: gateway.ID(a.id)}); err != nil {
				return err
			}
		}
		if _, err := x.exec(qNoHelpful); err != nil {
			return err
		}
		_, err = x.exec(qNewHelpful, ms(since))
		return err
	})
	return err
}

// Helpful implements kb.LearnStore.
func (k *Articles) Helpful(ctx context.Context, mailbox, page string, limit int) ([]string, error) {
	return all(ctx, k.s, scanText, qHelpful, mailbox, page, limit)
}
