package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// Articles is the store as self-help sees it.
type Articles struct{ s *Store }

var _ kb.Store = (*Articles)(nil)

// Articles gives the articles' side of the store.
func (s *Store) Articles() *Articles { return &Articles{s} }

// kbTopic tells nodes that an article changed.
const kbTopic = "kb"

const (
	articleColumns = `SELECT a.id, a.status, a.published, a.change, a.updated_at, v.number, v.data, v.at, `
	articleRows    = `, a.review_by, a.reviewed_at, a.reviewed_by
FROM articles a JOIN article_versions v ON v.article = a.id AND v.number = `
	ratingsOfNow = `(SELECT COUNT(*) FROM article_ratings r WHERE r.article = a.id AND r.solved),
(SELECT COUNT(*) FROM article_ratings r WHERE r.article = a.id AND NOT r.solved)`
	qArticle     = articleColumns + ratingsOfNow + articleRows + `a.latest WHERE a.id = $1`
	qArticleList = articleColumns + ratingsOfNow + articleRows + `a.latest ORDER BY a.id`
	// Of two nodes that read an article at different times both must rank it alike: here only counted ratings are.
	qChanged    = articleColumns + `a.solved, a.unsolved` + articleRows + `a.published WHERE a.change > $1 ORDER BY a.change LIMIT $2`
	qNewest     = `SELECT latest FROM articles WHERE id = $1`
	qNewArticle = `INSERT INTO articles (id, status, published, latest, change, updated_at) VALUES ($1,'draft',0,0,0,$2)
ON CONFLICT (id) DO NOTHING`
	qNewVersion = `INSERT INTO article_versions (article, number, data, at) VALUES ($1,$2,$3,$4)`
	// latest: the second of two who edited the same version finds no row.
	qLatest  = `UPDATE articles SET latest = latest + 1, updated_at = $3 WHERE id = $1 AND latest = $2`
	qPublish = `UPDATE articles SET status = 'published', published = $2, change = $3, updated_at = $4 WHERE id = $1
AND EXISTS (SELECT 1 FROM article_versions WHERE article = $1 AND number = $2)`
	qArchive  = `UPDATE articles SET status = 'archived', change = $2, updated_at = $3 WHERE id = $1`
	qReviewBy = `UPDATE articles SET review_by = $2, change = $3 WHERE id = $1`
	qReviewed = `UPDATE articles SET reviewed_at = $2, reviewed_by = $3 WHERE id = $1`
	qVersions = `SELECT number, data, at FROM article_versions WHERE article = $1 ORDER BY number DESC`
)

// scanArticle reads a row with the version joined to it: its words, locale, visibility and mailboxes are that
// version's, so a draft opens nothing before it is published.
func scanArticle(r scanner) (kb.Article, error) {
	var id, status, data, reviewer string
	var published, change, updated, number, when, solved, unsolved, due, reviewed int64
	err := r.Scan(&id, &status, &published, &change, &updated, &number, &data, &when, &solved, &unsolved, &due, &reviewed, &reviewer)
	if err != nil {
		return kb.Article{}, missing(err)
	}
	var a kb.Article
	err = json.Unmarshal([]byte(data), &a)
	a.ID, a.Status, a.Published, a.Change, a.UpdatedAt = id, kb.Status(status), published, change, at(updated)
	a.Version.Number, a.Version.At, a.Solved, a.Unsolved = number, at(when), solved, unsolved
	a.ReviewBy, a.ReviewedAt, a.ReviewedBy = at(due), at(reviewed), reviewer
	return a, err
}

// SaveVersion implements kb.Store. Errors: conflict, not_found, invalid for an empty id.
func (k *Articles) SaveVersion(ctx context.Context, a kb.Article, now time.Time) (saved kb.Article, err error) {
	if a.ID == "" {
		return kb.Article{}, gateway.Invalid("id")
	}
	data, err := json.Marshal(a)
	if err != nil {
		return kb.Article{}, failure("encode an article", err)
	}
	_, err = k.s.change(ctx, "save an article", now, func(x *tx) error {
		if err := x.nextVersion(a.ID, a.Version.Number); err != nil {
			return err
		}
		if err := x.must(qNewVersion, a.ID, a.Version.Number+1, string(data), ms(now)); err != nil {
			return err
		}
		saved, err = scanArticle(x.row(qArticle, a.ID)) // as this save left it, whoever comes next
		return err
	})
	return saved, err
}

// nextVersion counts the article on from the version that was edited, 0 = there was none. Errors: conflict when the
// newest is another, not_found.
func (x *tx) nextVersion(id string, on int64) error {
	if on == 0 {
		if _, err := x.exec(qNewArticle, id, ms(x.now)); err != nil {
			return err
		}
	}
	n, err := x.exec(qLatest, id, on, ms(x.now))
	if err != nil || n == 1 {
		return err
	}
	var latest int64
	if err := missing(x.row(qNewest, id).Scan(&latest)); err != nil {
		return err
	}
	return gateway.Conflict()
}

// Publish implements kb.Store. Errors: not_found, also for a version that is not there.
func (k *Articles) Publish(ctx context.Context, id string, number int64, by string, now time.Time) (kb.Article, error) {
	return k.move(ctx, id, by, now, func(x *tx, change int64) error { return x.must(qPublish, id, number, change, ms(now)) })
}

// Archive implements kb.Store. Errors: not_found.
func (k *Articles) Archive(ctx context.Context, id, by string, now time.Time) (kb.Article, error) {
	return k.move(ctx, id, by, now, func(x *tx, change int64) error { return x.must(qArchive, id, change, ms(now)) })
}

// Review implements kb.Store. It is a change of the article, so that the reports of every node know. Errors: not_found.
func (k *Articles) Review(ctx context.Context, id string, r kb.Review, now time.Time) (kb.Article, error) {
	return k.move(ctx, id, r.Who, now, func(x *tx, change int64) error {
		if err := x.must(qReviewBy, id, ms(r.By), change); err != nil || !r.Done {
			return err
		}
		return x.must(qReviewed, id, ms(now), r.Who)
	})
}

// move changes what is found, under the next change number, and tells the kb topic.
func (k *Articles) move(ctx context.Context, id, by string, now time.Time, set func(x *tx, change int64) error) (kb.Article, error) {
	_, err := k.s.change(ctx, "change an article", now, func(x *tx) error {
		var change int64
		if err := x.row(qNextNumber, "article").Scan(&change); err != nil {
			return err
		}
		if err := set(x, change); err != nil {
			return err
		}
		actor := gateway.Actor{Role: gateway.RoleEditor, ID: gateway.ID(by)}
		return x.emit(kbTopic, actor, gateway.ArticleChanged{Article: gateway.ID(id)})
	})
	if err != nil {
		return kb.Article{}, err
	}
	return k.Article(ctx, id)
}

// Article implements kb.Store.
func (k *Articles) Article(ctx context.Context, id string) (kb.Article, error) {
	return one(ctx, k.s, scanArticle, qArticle, id)
}

// Articles implements kb.Store.
func (k *Articles) Articles(ctx context.Context) ([]kb.Article, error) {
	return all(ctx, k.s, scanArticle, qArticleList)
}

// Changed implements kb.Store.
func (k *Articles) Changed(ctx context.Context, after int64, limit int) ([]kb.Article, error) {
	list, err := all(ctx, k.s, scanArticle, qChanged, after, limit)
	if err != nil || len(list) == 0 {
		return list, err
	}
	return list, k.learned(ctx, list, after)
}

// Versions implements kb.Store, newest first.
func (k *Articles) Versions(ctx context.Context, id string) ([]kb.Version, error) {
	return all(ctx, k.s, func(r scanner) (kb.Version, error) {
		var a kb.Article
		var number, when int64
		var data string
		if err := r.Scan(&number, &data, &when); err != nil {
			return a.Version, err
		}
		err := json.Unmarshal([]byte(data), &a)
		a.Version.Number, a.Version.At = number, at(when)
		return a.Version, err
	}, qVersions, id)
}

const (
	qSavePin = `INSERT INTO article_pins (id, data, from_at, until_at, place) VALUES ($1,$2,$3,$4,$5)
ON CONFLICT (id) DO UPDATE SET data = excluded.data, from_at = excluded.from_at, until_at = excluded.until_at, place = excluded.place`
	qDeletePin = `DELETE FROM article_pins WHERE id = $1`
	qPins      = `SELECT data, from_at, until_at FROM article_pins ORDER BY place, id`
	qRate      = `INSERT INTO article_ratings (article, version, visitor, solved, body, at) VALUES ($1,$2,$3,$4,$5,$6)
ON CONFLICT (article, version, visitor) DO UPDATE SET solved = excluded.solved, body = excluded.body, at = excluded.at`
	qRatings = `SELECT article, version, visitor, solved, body, at FROM article_ratings WHERE article = $1
ORDER BY at DESC, visitor LIMIT $2`
)

// SavePin implements kb.Store. Errors: invalid for an empty id.
func (k *Articles) SavePin(ctx context.Context, p kb.Pin) (kb.Pin, error) {
	if p.ID == "" {
		return kb.Pin{}, gateway.Invalid("id")
	}
	data, err := json.Marshal(p)
	if err != nil {
		return kb.Pin{}, failure("encode a pin", err)
	}
	_, err = k.s.change(ctx, "save a pin", time.Time{}, func(x *tx) error {
		return x.must(qSavePin, p.ID, string(data), ms(p.From), ms(p.Until), p.Order)
	})
	return p, err
}

// DeletePin implements kb.Store. Errors: not_found.
func (k *Articles) DeletePin(ctx context.Context, id string) error {
	_, err := k.s.change(ctx, "delete a pin", time.Time{}, func(x *tx) error { return x.must(qDeletePin, id) })
	return err
}

// Pins implements kb.Store.
func (k *Articles) Pins(ctx context.Context) ([]kb.Pin, error) {
	return all(ctx, k.s, func(r scanner) (p kb.Pin, err error) {
		var data string
		var from, until int64
		if err := r.Scan(&data, &from, &until); err != nil {
			return p, err
		}
		err = json.Unmarshal([]byte(data), &p)
		p.From, p.Until = at(from), at(until)
		return p, err
	}, qPins)
}

// Rate implements kb.Store. Errors: not_found.
func (k *Articles) Rate(ctx context.Context, r kb.Rating) error {
	_, err := k.s.change(ctx, "rate an article", r.At, func(x *tx) error {
		var latest int64
		if err := missing(x.row(qNewest, r.Article).Scan(&latest)); err != nil {
			return err
		}
		return x.must(qRate, r.Article, r.Version, r.Visitor, r.Solved, r.Text, ms(r.At))
	})
	return err
}

// Ratings implements kb.Store, newest first.
func (k *Articles) Ratings(ctx context.Context, article string, limit int) ([]kb.Rating, error) {
	return all(ctx, k.s, func(r scanner) (v kb.Rating, err error) {
		var when int64
		err = r.Scan(&v.Article, &v.Version, &v.Visitor, &v.Solved, &v.Text, &when)
		v.At = at(when)
		return v, err
	}, qRatings, article, limit)
}
