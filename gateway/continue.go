package gateway

import (
	"cmp"
	"context"
	"time"
)

// ContinueFor is how long the link of a mail leads into a chat.
const ContinueFor = 14 * 24 * time.Hour

// MaxContinued is how many conversations are tied to a ticket by its links; further ones begin untied.
const MaxContinued = 20

// ContinueTokens reads what stands in the link by which the reader of an agent's mail goes on in chat. Such a token opens
// one thing: a new conversation that the staff sees beside the ticket. It shows no history and identifies nobody.
//
// Source: proof-gate.md §3.17.
type ContinueTokens interface {
	// Continues gives the conversation that a token names, and until when; ok says only that it has the form.
	Continues(token string) (cv ID, until time.Time, ok bool)
	// MayContinue reports, in constant time, whether the token was made for this conversation and recipient.
	MayContinue(token string, cv ID, recipient string) bool
}

// ConversationContinued says that a ticket's reader has begun a chat by its link. Both staff sides and mailboxes only.
type ConversationContinued struct {
	From       ID    `json:"from"` // the ticket
	FromNumber int64 `json:"from_number,omitempty"`
	Into       ID    `json:"into"` // the new conversation
	IntoNumber int64 `json:"into_number,omitempty"`
}

// ContinueLook is all that the bearer of such a link learns.
type ContinueLook struct {
	Mailbox string // its slug
	Name    string
	Locale  string // the ticket's
	Tickets bool   // earlier conversations of an account can be read after its login
}

// LookContinue changes nothing: mail scanners open every link. Errors: not_found for every token that is not right, or
// whose time is over.
func (s *Service) LookContinue(ctx context.Context, token string) (ContinueLook, error) {
	cv, err := s.byContinueToken(ctx, token)
	if err != nil {
		return ContinueLook{}, err
	}
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	return ContinueLook{Mailbox: mb.Slug, Name: mb.Name, Locale: cv.Locale, Tickets: s.Guard != nil && mb.Host != ""}, err
}

// byContinueToken gives the ticket of a token that was made for the address which it mails.
func (s *Service) byContinueToken(ctx context.Context, token string) (Conversation, error) {
	if s.Continuing == nil {
		return Conversation{}, NotFound()
	}
	id, until, ok := s.Continuing.Continues(token)
	if !ok || !id.Is(PrefixConversation) {
		return Conversation{}, NotFound()
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Conversation{}, err
	}
	if !now.Before(until) {
		return Conversation{}, NotFound()
	}
	cv, err := s.Store.Conversation(ctx, id)
	if err != nil {
		return Conversation{}, err
	}
	if cv.Claimed.Email == "" || !s.Continuing.MayContinue(token, cv.ID, cv.Claimed.Email) {
		return Conversation{}, NotFound()
	}
	return cv, nil
}

// goesOn notes in a start which ticket it goes on from, and who has that: he is asked first. A link that is not valid
// (any more) ties nothing, and the conversation begins all the same.
func (s *Service) goesOn(ctx context.Context, st *Start, token string) error {
	if token == "" {
		return nil
	}
	cv, err := s.byContinueToken(ctx, token)
	if CodeOf(err) == "not_found" {
		return nil
	}
	st.From, st.Sticky = cv.ID, cmp.Or(cv.Assignee, cv.ServedBy)
	return err
}

// mayContinue refuses a link that no mail would carry. Errors: invalid.
func (s *Service) mayContinue(cv Conversation) error {
	if s.Continuing == nil || cv.Number == 0 || cv.Channel != ByEmail || cv.Claimed.Email == "" {
		return Invalid("continue")
	}
	return nil
}
