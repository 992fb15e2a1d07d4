package gateway

import (
	"context"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
)

// Limits of the list of one's own conversations.
const (
	OwnLife = 24 * time.Hour // of a browser's token, from its first visit on, in which it may ask
	maxOwn  = 100            // newest conversations of an account
)

// OwnPlace names where a browser asks for all conversations of the account that logs in. The gate's changes about that
// belong to it; it is the visitor himself, and nothing of it is stored.
func OwnPlace(visitor ID) ID {
	return PrefixOwn + ID(strings.TrimPrefix(string(visitor), PrefixVisitor))
}

// OwnVisitor is the visitor whose place it is.
func (id ID) OwnVisitor() ID { return PrefixVisitor + ID(strings.TrimPrefix(string(id), PrefixOwn)) }

// ownOf lets nobody name the place of another browser.
func ownOf(c Caller, place ID) error {
	if c.Staff() || c.Visitor.ID == "" || place != OwnPlace(c.Visitor.ID) {
		return NotFound()
	}
	return nil
}

// Own is a conversation as its owner finds it again.
type Own struct {
	ID            ID
	Number        int64 // 0 = no ticket
	Mailbox       string
	Words         string // the ticket's subject, or what the owner wrote first
	Status        Status
	StartedAt     time.Time
	LastMessageAt time.Time
}

// OpenOwn lets a browser ask for the login that shows the conversations of an account. Which account, the login says.
// Errors: key.required; those of verify.Guard.AskTranscripts.
func (s *Service) OpenOwn(ctx context.Context, c Caller) (ID, verify.Row, error) {
	if s.Guard == nil {
		return "", verify.Row{}, verify.Refuse(verify.PolicyUnavailable)
	}
	if c.Staff() || c.Visitor.ID == "" || c.Visitor.Key == "" {
		return "", verify.Row{}, KeyRequired()
	}
	place := OwnPlace(c.Visitor.ID)
	row, err := s.Guard.AskTranscripts(ctx, c.actor(), string(place))
	return place, row, err
}

// ListOwn gives the conversations of the account that has logged in for it, to the browser that asked, for ten minutes.
// Errors: context.locked for everybody and everything else.
func (s *Service) ListOwn(ctx context.Context, c Caller, change string) ([]Own, time.Time, error) {
	row, until, err := s.owner(ctx, c, change)
	if err != nil {
		return nil, time.Time{}, err
	}
	list, err := s.Store.OwnConversations(ctx, row.Host, row.Proof.Subject, maxOwn)
	if err != nil {
		return nil, time.Time{}, err
	}
	boxes, err := s.Store.Mailboxes(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	names := map[ID]string{}
	for _, mb := range boxes {
		names[mb.ID] = mb.Name
	}
	out := make([]Own, 0, len(list))
	for _, cv := range list {
		o := Own{
			ID: cv.ID, Number: cv.Number, Mailbox: names[cv.Mailbox], Words: cv.Subject, Status: cv.Status,
			StartedAt: cv.StartedAt, LastMessageAt: cv.LastMessageAt,
		}
		if o.Words == "" {
			o.Words = cv.FirstWords
		}
		out = append(out, o)
	}
	return out, until, nil
}

// ReadOwn gives the text of one of them. Errors: context.locked for everybody and everything else.
func (s *Service) ReadOwn(ctx context.Context, c Caller, change string, id ID) (Told, error) {
	row, until, err := s.owner(ctx, c, change)
	if err != nil {
		return Told{}, err
	}
	cv, err := s.Store.OwnConversation(ctx, row.Host, row.Proof.Subject, id)
	if CodeOf(err) == "not_found" {
		return Told{}, ContextLocked()
	}
	if err != nil {
		return Told{}, err
	}
	return s.toldOf(ctx, cv, until)
}

func (s *Service) owner(ctx context.Context, c Caller, change string) (verify.Row, time.Time, error) {
	if s.Guard == nil || c.Staff() {
		return verify.Row{}, time.Time{}, ContextLocked()
	}
	return s.Guard.Transcripts(ctx, c.actor(), change)
}
