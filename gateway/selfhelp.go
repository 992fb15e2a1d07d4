package gateway

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/postern-chat/postern/kb"
)

// MaxSearch is the longest question that is looked at, in bytes.
const MaxSearch = 10 << 10

// Search is what somebody looks for in the help.
type Search struct {
	Text         string
	Typing       bool
	Conversation ID // an agent's: the visitor's turns are the context
}

// SearchArticles finds articles for the caller: visitors the public ones of their mailbox, agents all. What a
// visitor was shown comes back as an event for his later conversation, nil while he is still typing.
// Errors: too_large.
func (s *Service) SearchArticles(ctx context.Context, c Caller, in Search) (kb.Found, Payload, error) {
	if len(in.Text) > MaxSearch {
		return kb.Found{}, nil, TooLarge("q", MaxSearch)
	}
	q := kb.Query{Text: in.Text, Typing: in.Typing, Agent: c.Staff(), Mailbox: string(c.Mailbox)}
	if !in.Typing && !c.Staff() {
		q.Vector = s.vectorOf(ctx, c, in.Text)
	}
	found := s.Index.Search(q)
	if c.Staff() || in.Text == "" {
		return found, nil, nil
	}
	shown := ArticleSuggested{Query: Subject(in.Text)}
	if found.Fits() {
		for _, r := range found.Results {
			shown.Articles = append(shown.Articles, ID(r.Article))
		}
	}
	return found, shown, nil
}

// SuggestFor finds articles for what the visitor said last, for the agent's side panel.
// guide is a published public article that covers it and that nobody has sent yet, "" = none: its link goes first (P22).
func (s *Service) SuggestFor(ctx context.Context, c Caller, id ID) (found kb.Found, guide string, err error) {
	if err := c.may(VerbRead); err != nil {
		return found, "", err
	}
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return found, "", err
	}
	events, err := s.Store.EventsBefore(ctx, string(cv.ID), 0, 50)
	if err != nil {
		return found, "", err
	}
	last, before := turns(events)
	q := kb.Query{Text: last, Before: before, Agent: true, Mailbox: string(cv.Mailbox)}
	found, q.Agent = s.Index.Search(q), false
	if top := s.Index.Search(q); top.Fits() && top.Coverage >= kb.Upper && !sentArticle(events, top.Results[0].Article) {
		guide = top.Results[0].Article
	}
	return found, guide, nil
}

// sentArticle reports whether somebody has sent an article among some events.
func sentArticle(events []Event, article string) bool {
	for _, e := range events {
		var m Message
		if e.Kind == (MessageCreated{}).Kind() && json.Unmarshal(e.Payload, &m) == nil && string(m.Article) == article {
			return true
		}
	}
	return false
}

// OpenArticle gives a published article as a tree. Errors: not_found, also for an internal one asked by a visitor.
func (s *Service) OpenArticle(c Caller, id, query string) (Page, Payload, error) {
	find := s.Index.Public
	if c.Staff() {
		find = s.Index.Any
	}
	a, ok := find(id)
	if !ok {
		return Page{}, nil, NotFound()
	}
	p := Page{Article: ID(a.ID), Title: a.Version.Title, Version: a.Published, Nodes: s.Page(a.Version.Body)}
	if c.Staff() {
		return p, nil, nil
	}
	return p, ArticleOpened{Article: p.Article, Title: p.Title, Query: Subject(query)}, nil
}

// WasPublic reports whether an article was public in a mailbox and has been archived. Of everything else it says false.
func (s *Service) WasPublic(ctx context.Context, id string, mailbox ID) (bool, error) {
	a, err := s.Articles.Article(ctx, id)
	if err != nil || a.Status != kb.Archived || a.Change == 0 {
		if CodeOf(err) == "not_found" {
			err = nil
		}
		return false, err
	}
	// Only the version that was published counts: a later draft may be meant for others.
	last, err := s.Articles.Changed(ctx, a.Change-1, 1)
	if err != nil || len(last) == 0 || last[0].ID != a.ID {
		return false, err
	}
	a = last[0]
	return a.Visibility == kb.Public && (len(a.Mailboxes) == 0 || slices.Contains(a.Mailboxes, string(mailbox))), nil
}

// RateArticle stores a visitor's answer to "Did this help?". Errors: not_found, too_large, invalid, forbidden.
func (s *Service) RateArticle(ctx context.Context, c Caller, id string, solved bool, text string) (Payload, error) {
	if c.Staff() || c.Visitor.ID == "" {
		return nil, Forbidden()
	}
	if text != "" {
		if err := CheckText("text", text, 2<<10); err != nil {
			return nil, err
		}
	}
	a, ok := s.Index.Public(id)
	if !ok {
		return nil, NotFound()
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Articles.Rate(ctx, kb.Rating{
		Article: a.ID, Version: a.Published, Visitor: string(c.Visitor.ID), Solved: solved, Text: text, At: now,
	})
	if err != nil {
		return nil, err
	}
	return ArticleRated{Article: ID(a.ID), Solved: solved, Text: text}, nil
}

// InConversation stores a step of self-help in the conversation that goes on.
func (s *Service) InConversation(ctx context.Context, c Caller, id ID, p Payload) error {
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	_, err = s.append(ctx, Append{Topic: string(cv.ID), Conversation: cv.ID, Actor: c.Actor, At: now, Payload: p, MustVisitor: c.Visitor.ID})
	return err
}
