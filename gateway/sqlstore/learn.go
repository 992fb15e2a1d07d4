package sqlstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

const (
	qLearned = `SELECT p.article, p.body FROM phrasings p JOIN articles a ON a.id = p.article
WHERE p.state = 'approved' AND a.change > $1 AND a.change <= $2 ORDER BY p.article, p.id`
	qPhrasings = `SELECT id, article, body, state, count, at, decided_by, decided_at FROM phrasings `
	qOfState   = qPhrasings + `WHERE state = $1 AND (article = $2 OR $2 = '') ORDER BY count DESC, id LIMIT $3`
	qPhrasing  = qPhrasings + `WHERE id = $1`
	qFolded    = qPhrasings + `WHERE article = $1 AND folded = $2`
	qSources   = `SELECT s.phrasing, s.source, s.how FROM phrasing_sources s JOIN phrasings p ON p.id = s.phrasing
WHERE p.state = $1 AND (p.article = $2 OR $2 = '') ORDER BY s.at DESC, s.source LIMIT $3`
	qProposals = `SELECT COUNT(*) FROM phrasings WHERE article = $1 AND state = 'proposed'`
	qOfSource  = `SELECT COUNT(*) FROM phrasing_sources s JOIN phrasings p ON p.id = s.phrasing WHERE p.article = $1 AND s.source = $2`
	qPropose   = `INSERT INTO phrasings (id, article, folded, body, state, count, at, decided_by, decided_at)
VALUES ($1,$2,$3,$4,'proposed',0,$5,'',0)`
	qNewSource = `INSERT INTO phrasing_sources (phrasing, source, how, at) VALUES ($1,$2,$3,$4)
ON CONFLICT (phrasing, source) DO NOTHING`
	qCounted  = `UPDATE phrasings SET count = count + 1, at = $2 WHERE id = $1`
	qDecide   = `UPDATE phrasings SET state = $2, decided_by = $3, decided_at = $4 WHERE id = $1`
	qApproved = `SELECT COUNT(*) FROM phrasings WHERE article = $1 AND state = 'approved'`
	qTouch    = `UPDATE articles SET change = $2 WHERE id = $1`
	qAddStep  = `INSERT INTO help_steps (id, at, kind, visitor, mailbox, locale, query, articles, coverage, fits, page)
VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11) ON CONFLICT (id) DO NOTHING`
	qAddSent = `INSERT INTO sent_articles (message, at, visitor, mailbox, article) VALUES ($1,$2,$3,$4,$5) ON CONFLICT (message) DO NOTHING`
	qSteps   = `SELECT id, at, kind, visitor, mailbox, locale, query, articles, coverage, fits, page FROM help_steps
WHERE at >= $1 AND at < $2 UNION ALL SELECT message, at, 'sent', visitor, mailbox, '', '', article, 0, FALSE, '' FROM sent_articles
WHERE at >= $1 AND at < $2 ORDER BY at, id LIMIT $3`
	qChats = `SELECT id, visitor, started_at, outcome FROM conversations WHERE started_at >= $1 AND started_at < $2 ORDER BY started_at, id`
)

// sourcesShown is how many sources a phrasing shows at most.
const sourcesShown = 5

// learned adds to articles of a batch of changes what visitors taught about them.
func (k *Articles) learned(ctx context.Context, list []kb.Article, after int64) error {
	type line struct{ article, text string }
	lines, err := all(ctx, k.s, func(r scanner) (l line, err error) { return l, r.Scan(&l.article, &l.text) },
		qLearned, after, list[len(list)-1].Change)
	if err != nil {
		return err
	}
	of := map[string][]string{}
	for _, l := range lines {
		of[l.article] = append(of[l.article], l.text)
	}
	for i := range list {
		list[i].Learned = of[list[i].ID]
	}
	return nil
}

func scanPhrasing(r scanner) (p kb.Phrasing, err error) {
	var when, decided int64
	err = r.Scan(&p.ID, &p.Article, &p.Text, &p.State, &p.Count, &when, &p.By, &decided)
	p.At, p.DecidedAt, p.Sources = at(when), at(decided), []kb.Source{}
	return p, missing(err)
}

// Propose implements kb.LearnStore.
func (k *Articles) Propose(ctx context.Context, p kb.Phrasing, by kb.Source, now time.Time) error {
	_, err := k.s.change(ctx, "propose a phrasing", now, func(x *tx) error {
		var latest int64
		// Proposals of an article come one after the other, so that the limits hold.
		if err := missing(x.row(qNewest+x.s.d.lock, p.Article).Scan(&latest)); err != nil {
			return err
		}
		known, err := scanPhrasing(x.row(qFolded, p.Article, kb.Folded(p.Text)))
		switch {
		case err == nil:
			p.ID = known.ID
		case gateway.CodeOf(err) != "not_found":
			return err
		default:
			if full, err := x.full(p.Article, by.ID); full || err != nil {
				return err
			}
			if err := x.must(qPropose, p.ID, p.Article, kb.Folded(p.Text), p.Text, ms(now)); err != nil {
				return err
			}
		}
		n, err := x.exec(qNewSource, p.ID, by.ID, by.How, ms(now))
		if err != nil || n == 0 {
			return err
		}
		return x.must(qCounted, p.ID, ms(now))
	})
	return err
}

// full reports whether an article, or the source for it, has proposed enough.
func (x *tx) full(article, source string) (bool, error) {
	var open, mine int64
	if err := x.row(qProposals, article).Scan(&open); err != nil {
		return false, err
	}
	err := x.row(qOfSource, article, source).Scan(&mine)
	return open >= kb.MaxProposed || mine >= kb.MaxOfSource, err
}

// Phrasings implements kb.LearnStore.
func (k *Articles) Phrasings(ctx context.Context, state kb.PhrasingState, article string, limit int) ([]kb.Phrasing, error) {
	list, err := all(ctx, k.s, scanPhrasing, qOfState, string(state), article, limit)
	if err != nil {
		return nil, err
	}
	type line struct {
		phrasing string
		source   kb.Source
	}
	lines, err := all(ctx, k.s, func(r scanner) (l line, err error) {
		return l, r.Scan(&l.phrasing, &l.source.ID, &l.source.How)
	}, qSources, string(state), article, limit*sourcesShown*4)
	for _, l := range lines {
		i := slices.IndexFunc(list, func(p kb.Phrasing) bool { return p.ID == l.phrasing })
		if i >= 0 && len(list[i].Sources) < sourcesShown {
			list[i].Sources = append(list[i].Sources, l.source)
		}
	}
	return list, err
}

// Decide implements kb.LearnStore.
func (k *Articles) Decide(ctx context.Context, ids []string, to kb.PhrasingState, by string, now time.Time) (articles []string, err error) {
	_, err = k.s.change(ctx, "decide on phrasings", now, func(x *tx) error {
		articles = nil
		var change int64
		if err := x.row(qNextNumber, "article").Scan(&change); err != nil { // whoever decides waits here
			return err
		}
		for _, id := range ids {
			p, err := scanPhrasing(x.row(qPhrasing, id))
			if err != nil {
				return err
			}
			if p.State == to {
				continue
			}
			if err := x.must(qDecide, id, string(to), by, ms(now)); err != nil {
				return err
			}
			ranked := p.State == kb.Approved || to == kb.Approved
			if ranked && !slices.Contains(articles, p.Article) {
				articles = append(articles, p.Article)
			}
		}
		slices.Sort(articles)
		return x.relearned(articles, change, by)
	})
	return articles, err
}

// relearned gives each article a change of its own, the first of which is reserved, and tells the kb topic.
func (x *tx) relearned(articles []string, change int64, by string) error {
	for i, id := range articles {
		if i > 0 {
			if err := x.row(qNextNumber, "article").Scan(&change); err != nil {
				return err
			}
		}
		var approved int
		if err := x.row(qApproved, id).Scan(&approved); err != nil {
			return err
		}
		if approved > kb.MaxPhrasings {
			return gateway.TooLarge("phrasings", kb.MaxPhrasings)
		}
		if err := x.must(qTouch, id, change); err != nil {
			return err
		}
		actor := gateway.Actor{Role: gateway.RoleEditor, ID: gateway.ID(by)}
		if err := x.emit(kbTopic, actor, gateway.ArticleChanged{Article: gateway.ID(id)}); err != nil {
			return err
		}
	}
	return nil
}

// AddStep implements kb.LearnStore.
func (k *Articles) AddStep(ctx context.Context, s kb.Step) error {
	_, err := k.s.change(ctx, "note a step of self-help", s.At, func(x *tx) error {
		if s.Kind == kb.StepSent {
			_, err := x.exec(qAddSent, s.ID, ms(s.At), s.Visitor, s.Mailbox, strings.Join(s.Articles, " "))
			return err
		}
		_, err := x.exec(qAddStep, s.ID, ms(s.At), string(s.Kind), s.Visitor, s.Mailbox, s.Locale, s.Query, strings.Join(s.Articles, " "),
			int64(s.Coverage*1000), s.Fits, s.Page)
		return err
	})
	return err
}

// Steps implements kb.LearnStore.
func (k *Articles) Steps(ctx context.Context, from, to time.Time, limit int) ([]kb.Step, error) {
	return all(ctx, k.s, func(r scanner) (s kb.Step, err error) {
		var when, coverage int64
		var articles string
		err = r.Scan(&s.ID, &when, &s.Kind, &s.Visitor, &s.Mailbox, &s.Locale, &s.Query, &articles, &coverage, &s.Fits, &s.Page)
		s.At, s.Articles, s.Coverage = at(when), strings.Fields(articles), float64(coverage)/1000
		return s, err
	}, qSteps, ms(from), ms(to), limit)
}

// Chats implements kb.LearnStore.
func (k *Articles) Chats(ctx context.Context, from, to time.Time) ([]kb.Chat, error) {
	return all(ctx, k.s, func(r scanner) (c kb.Chat, err error) {
		var when int64
		var outcome string
		err = r.Scan(&c.ID, &c.Visitor, &when, &outcome)
		c.At, c.Resolved = at(when), outcome == string(gateway.Resolved)
		return c, err
	}, qChats, ms(from), ms(to))
}
