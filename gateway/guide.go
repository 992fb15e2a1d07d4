package gateway

import (
	"context"
	"encoding/json"
)

// Guide is the card that leads to the host's own settings page: the person makes the change himself, and
// nothing is proven or applied by us. Title and URL are the kind's, never an agent's. Source: proof-gate.md §3.1.
type Guide struct {
	Kind  string            `json:"kind"`
	URL   string            `json:"url"`
	Title map[string]string `json:"title"` // language → words
}

// guideFor gives the card of a kind that the mailbox's host takes and that has a page of its own.
// Errors: not_found.
func (s *Service) guideFor(ctx context.Context, mailbox ID, kind string) (*Guide, error) {
	if kind == "" {
		return nil, nil
	}
	mb, err := s.Store.Mailbox(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	p, err := s.Policy()
	if err != nil {
		return nil, &Error{Is: "not_found", Err: err}
	}
	k, ok := p.Kind(kind)
	if !ok || k.Off || k.Host != mb.Host || k.SelfService == "" {
		return nil, NotFound()
	}
	h, _ := p.Host(k.Host)
	return &Guide{Kind: k.Name, URL: h.Page(k.SelfService), Title: k.Title}, nil
}

// FollowGuide records that the visitor opened the page of a guide card, or says that it is done. Once each, and
// only of a card that stands in the conversation's newest part: what the agent reads of it was really sent.
// Errors: not_found, conversation_closed.
func (s *Service) FollowGuide(ctx context.Context, c Caller, cv, message ID, done bool) error {
	if c.Staff() {
		return Forbidden()
	}
	row, err := s.access(ctx, c, cv)
	if err != nil {
		return err
	}
	if err := s.guideSent(ctx, row.ID, message); err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	once, step := "o:"+string(message), Payload(GuideOpened{message})
	if done {
		once, step = "d:"+string(message), GuideDone{message}
	}
	_, err = s.append(ctx, Append{
		Topic: string(row.ID), Conversation: row.ID, Actor: c.Actor, ClientID: once, At: now,
		Payload: step, MustVisitor: c.Visitor.ID,
	})
	return err
}

// guideSent finds the message that carries a guide card. Errors: not_found.
func (s *Service) guideSent(ctx context.Context, cv, message ID) error {
	if !message.Is(PrefixMessage) {
		return NotFound()
	}
	events, err := s.Store.EventsBefore(ctx, string(cv), 0, maxTried)
	if err != nil {
		return err
	}
	for _, e := range events {
		var m MessageCreated
		if e.Kind == m.Kind() && json.Unmarshal(e.Payload, &m) == nil && m.ID == message && m.Guide != nil {
			return nil
		}
	}
	return NotFound()
}
