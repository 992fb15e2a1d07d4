package gateway

import (
	"context"
	"encoding/json"
	"strings"
)

// TicketForwarded says that a message went on to somebody outside. Staff side only; his answers come as notes.
type TicketForwarded struct {
	Message ID     `json:"message"` // the mail's own
	Of      ID     `json:"of"`      // the message that went on
	To      string `json:"to"`
	Text    string `json:"text"` // the agent's note to him
}

// Forward is one message on its way to somebody outside.
type Forward struct {
	Conversation ID
	ClientID     string
	Message      ID // a message of the conversation
	To           string
	Text         string // what the agent writes to him
}

// ForwardMessage sends a message of a ticket to an address outside, with a note, and tells the staff's side. The note is
// read by the leak guard as a visitor's text is, but nothing excuses it: what he typed himself is no secret to him, and
// one to others. What went wrong in it is refused, not held.
// Errors: not_found, not_assignee, invalid (to, text, message), too_large.
func (s *Service) ForwardMessage(ctx context.Context, c Caller, f Forward) (Event, error) {
	cv, err := s.handled(ctx, c, f.Conversation)
	if err != nil {
		return Event{}, err
	}
	of, err := s.forwardable(ctx, cv, f)
	if err != nil {
		return Event{}, err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Event{}, err
	}
	m, err := s.message(f.ClientID, f.Text, now)
	if err != nil {
		return Event{}, err
	}
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return Event{}, err
	}
	files, err := s.attached(ctx, of.Message.Files)
	if err != nil {
		return Event{}, err
	}
	mail, err := s.Composer.Compose(Writing{
		Conversation: cv, Mailbox: mb, Author: c.Name, Message: m, Files: files, At: now,
		Forward: &Forwarded{To: f.To, Name: whoSaid(cv, of), Said: of.Event.At, Message: of.Message},
	})
	if err != nil {
		return Event{}, err
	}
	return s.append(ctx, Append{
		Topic: cv.ID.Staff(), Conversation: cv.ID, Actor: c.Actor, ClientID: f.ClientID, At: now, Mail: &mail,
		Payload: TicketForwarded{Message: m.ID, Of: of.Message.ID, To: f.To, Text: f.Text},
	})
}

// whoSaid names the author of what is forwarded, without an address.
func whoSaid(cv Conversation, of SplitMessage) string {
	switch {
	case of.Message.Name != "":
		return of.Message.Name
	case cv.Claimed.Name != "":
		return cv.Claimed.Name
	}
	return "Customer"
}

// forwardable checks a forward and reads what it is of.
func (s *Service) forwardable(ctx context.Context, cv Conversation, f Forward) (of SplitMessage, err error) {
	if cv.Number == 0 || s.Composer == nil {
		return of, InvalidState(string(cv.Status))
	}
	if f.ClientID == "" || len(f.ClientID) > MaxClientID {
		return of, Invalid("client_id")
	}
	if err := CheckText("text", f.Text, MaxMessage); err != nil {
		return of, err
	}
	boxes, err := s.Store.Mailboxes(ctx)
	if err != nil {
		return of, err
	}
	if !PlausibleEmail(f.To) || strings.EqualFold(f.To, cv.Claimed.Email) || ours(boxes, f.To) {
		return of, Invalid("to")
	}
	if !s.Harmless(f.Text) {
		return of, &Error{Is: "invalid", Why: "forward.leak", Params: P{"field": "text"}}
	}
	events, err := s.Store.EventsBefore(ctx, string(cv.ID), 0, 1000)
	if err != nil {
		return of, err
	}
	for _, e := range events {
		var m Message
		if e.Kind == (MessageCreated{}).Kind() && json.Unmarshal(e.Payload, &m) == nil && m.ID == f.Message {
			if e.Actor.Role != RoleVisitor && !s.Harmless(m.Text) { // what a proof let us tell him is for him alone
				return of, &Error{Is: "invalid", Why: "forward.leak", Params: P{"field": "message"}}
			}
			return SplitMessage{Event: e, Message: m}, nil
		}
	}
	return of, Invalid("message")
}
