package gateway

import (
	"context"
	"encoding/json"
)

// Tried is what the visitor did for himself before and during a conversation: shown to the agent, so that
// nobody is sent an article he has read already. Times are unix ms.
type Tried struct {
	Searches []TriedSearch `json:"searches"` // oldest first, no repeats
	Read     []TriedRead   `json:"read"`     // oldest first, one line per article
}

// TriedSearch is one question typed into the search field.
type TriedSearch struct {
	Q  string `json:"q"`
	At int64  `json:"at"`
}

// TriedRead is one article opened, and the answer to "Did this help?" if it was given.
type TriedRead struct {
	Article ID     `json:"article"`
	Title   string `json:"title"`
	At      int64  `json:"at"`
	Solved  *bool  `json:"solved,omitempty"`
}

// maxTried is how many events are read for it.
const maxTried = 500

// Tried reads what the visitor tried in the newest part of a conversation. Errors: forbidden, not_found.
func (s *Service) Tried(ctx context.Context, c Caller, id ID) (Tried, error) {
	if err := c.may(VerbRead); err != nil {
		return Tried{}, err
	}
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return Tried{}, err
	}
	events, err := s.Store.EventsBefore(ctx, string(cv.ID), 0, maxTried)
	if err != nil {
		return Tried{}, err
	}
	return tried(events), nil
}

func tried(events []Event) Tried {
	t := Tried{Searches: []TriedSearch{}, Read: []TriedRead{}}
	for _, e := range events {
		at := e.At.UnixMilli()
		switch e.Kind {
		case ArticleSuggested{}.Kind():
			var p ArticleSuggested
			if json.Unmarshal(e.Payload, &p) == nil {
				t.search(p.Query, at)
			}
		case ArticleOpened{}.Kind():
			var p ArticleOpened
			if json.Unmarshal(e.Payload, &p) == nil {
				t.search(p.Query, at)
				t.read(TriedRead{Article: p.Article, Title: p.Title, At: at})
			}
		case ArticleRated{}.Kind():
			var p ArticleRated
			if json.Unmarshal(e.Payload, &p) == nil {
				t.rate(p)
			}
		}
	}
	return t
}

func (t *Tried) search(q string, at int64) {
	for _, s := range t.Searches {
		if s.Q == q {
			return
		}
	}
	if q != "" {
		t.Searches = append(t.Searches, TriedSearch{q, at})
	}
}

func (t *Tried) read(r TriedRead) {
	for _, o := range t.Read {
		if o.Article == r.Article {
			return
		}
	}
	t.Read = append(t.Read, r)
}

func (t *Tried) rate(p ArticleRated) {
	for i := range t.Read {
		if t.Read[i].Article == p.Article {
			t.Read[i].Solved = &p.Solved
		}
	}
}
