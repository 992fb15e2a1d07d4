package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

const (
	qOrigin    = `SELECT article, digest, version FROM article_origins WHERE origin = $1`
	qNewOrigin = `INSERT INTO article_origins (origin, article, digest, version) VALUES ($1,$2,$3,$4)`
	qSetOrigin = `UPDATE article_origins SET digest = $2, version = $3 WHERE origin = $1`
	qStanding  = `SELECT latest, status, published FROM articles WHERE id = $1`
)

// arriving is one arrival with what is known of its origin.
type arriving struct {
	kb.Arrival
	data, digest string
	change       int64 // reserved for this arrival
}

// TakeOver implements kb.ArrivalStore.
func (k *Articles) TakeOver(ctx context.Context, in kb.Arrival, now time.Time) (a kb.Article, out kb.Outcome, err error) {
	if in.Article.ID == "" || in.Origin == "" {
		return a, out, gateway.Invalid("origin")
	}
	data, err := json.Marshal(in.Article)
	if err != nil {
		return a, out, failure("encode an article", err)
	}
	_, err = k.s.change(ctx, "take over an article", now, func(x *tx) error {
		r := arriving{Arrival: in, data: string(data), digest: in.Article.Digest()}
		if !in.Dry {
			// Imports come one after the other from here on: the second of two finds the first one's origin.
			if err := x.row(qNextNumber, "article").Scan(&r.change); err != nil {
				return err
			}
		}
		if out, err = x.arrive(&r); err != nil || in.Dry && out == kb.Added {
			a = r.Article
			return err
		}
		a, err = scanArticle(x.row(qArticle, r.Article.ID))
		return err
	})
	return a, out, err
}

// arrive decides what becomes of an arrival and, unless it is dry, does it.
func (x *tx) arrive(r *arriving) (kb.Outcome, error) {
	var digest, status string
	var had, latest, published int64
	id := r.Article.ID
	err := missing(x.row(qOrigin, r.Origin).Scan(&id, &digest, &had))
	if gateway.CodeOf(err) == "not_found" {
		return kb.Added, x.arrived(r, 0)
	}
	if err != nil {
		return "", err
	}
	r.Article.ID = id
	if err := x.row(qStanding, id).Scan(&latest, &status, &published); err != nil {
		return "", err
	}
	switch {
	case kb.Status(status) == kb.Archived:
		return kb.Gone, nil
	case digest == r.digest && latest == had && r.Publish && published != had:
		return kb.Shown, x.show(r, had)
	case digest == r.digest:
		return kb.Same, nil
	case latest != had:
		return kb.Edited, nil
	}
	return kb.Updated, x.arrived(r, had)
}

// arrived stores a version after the one that was there, 0 = none.
func (x *tx) arrived(r *arriving, on int64) error {
	if r.Dry {
		return nil
	}
	id := r.Article.ID
	if err := x.nextVersion(id, on); err != nil {
		return err
	}
	if err := x.must(qNewVersion, id, on+1, r.data, ms(x.now)); err != nil {
		return err
	}
	var err error
	if on == 0 {
		err = x.must(qNewOrigin, r.Origin, id, r.digest, 1)
	} else {
		err = x.must(qSetOrigin, r.Origin, r.digest, on+1)
	}
	if err != nil || !r.Publish {
		return err
	}
	return x.show(r, on+1)
}

// show publishes a version, as an editor's hand would.
func (x *tx) show(r *arriving, number int64) error {
	if r.Dry {
		return nil
	}
	if err := x.must(qPublish, r.Article.ID, number, r.change, ms(x.now)); err != nil {
		return err
	}
	return x.emit(kbTopic, gateway.System(), gateway.ArticleChanged{Article: gateway.ID(r.Article.ID)})
}
