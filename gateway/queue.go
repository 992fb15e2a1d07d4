package gateway

import (
	"context"
	"time"
)

// Claim makes the caller the assignee of a queued conversation: it accepts a ring, or claims by hand.
// Errors: already_claimed with the winner, at_capacity, conversation_closed, not_found, forbidden.
func (s *Service) Claim(ctx context.Context, c Caller, id ID) (Conversation, error) {
	if err := c.may(VerbReply); err != nil {
		return Conversation{}, err
	}
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return Conversation{}, err
	}
	how := "hand"
	if cv.Offer.Agent == c.Actor.ID {
		how = "offer"
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Conversation{}, err
	}
	events, err := s.Store.Claim(ctx, id, c.Actor.ID, how, now)
	if err != nil {
		return Conversation{}, err
	}
	s.publish(ctx, events...)
	return s.Store.Conversation(ctx, id)
}

// Decline ends the caller's ring: the seat is free, the next agent rings. Errors: not_found, conflict.
func (s *Service) Decline(ctx context.Context, c Caller, id ID, ring int) error {
	if err := c.may(VerbReply); err != nil {
		return err
	}
	return s.endOffer(ctx, id, c.Actor.ID, ring, "declined")
}

func (s *Service) endOffer(ctx context.Context, cv, agent ID, ring int, reason string) error {
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.EndOffer(ctx, cv, agent, ring, reason, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	return nil
}

// Assign hands a conversation to a colleague who is a member of its mailbox, or to another mailbox's queue,
// with a note in the same transaction. Errors: invalid, not_found, not_assignee, at_capacity, conversation_closed.
func (s *Service) Assign(ctx context.Context, c Caller, id, agent, mailbox ID, note string) error {
	if err := c.may(VerbReply); err != nil {
		return err
	}
	if (agent == "") == (mailbox == "") {
		return Invalid("agent")
	}
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return err
	}
	if cv.Assignee != "" && cv.Assignee != c.Actor.ID && c.Actor.Role != RoleSupervisor {
		return NotAssignee(cv.Assignee, "")
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	a := Assignment{Conversation: id, By: c.Actor, ToAgent: agent, ToMailbox: mailbox}
	if a.Missed, err = s.limit(ctx, mailbox, cv.Mailbox); err != nil {
		return err
	}
	if a.Note, err = s.handoverNote(c, note, now); err != nil {
		return err
	}
	events, err := s.Store.Assign(ctx, a, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	return nil
}

// limit gives how long a conversation may wait in the mailbox it goes to.
func (s *Service) limit(ctx context.Context, to, from ID) (time.Duration, error) {
	if to == "" {
		to = from
	}
	mb, err := s.Store.Mailbox(ctx, to)
	return mb.Missed, err
}

func (s *Service) handoverNote(c Caller, text string, now time.Time) (*Message, error) {
	if text == "" {
		return nil, nil
	}
	if err := CheckText("note", text, MaxMessage); err != nil {
		return nil, err
	}
	m, err := s.message("", text, now)
	if err != nil {
		return nil, err
	}
	m.Name = c.Name
	return &m, nil
}

// Release gives the caller's active conversation back to the head of its queue. Errors: conflict, not_found.
func (s *Service) Release(ctx context.Context, c Caller, id ID) error {
	if err := c.may(VerbReply); err != nil {
		return err
	}
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return err
	}
	return s.requeue(ctx, cv, c.Actor.ID, "released")
}

func (s *Service) requeue(ctx context.Context, cv Conversation, agent ID, reason string) error {
	missed, err := s.limit(ctx, "", cv.Mailbox)
	if err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.Requeue(ctx, cv.ID, agent, reason, missed, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	return nil
}

// Miss ends a queued conversation that nobody accepted: exactly one ticket if the visitor wrote anything,
// else abandoned. Losing the race against an accept is no error.
func (s *Service) Miss(ctx context.Context, cv Conversation, why string) error {
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.Miss(ctx, cv.ID, cv.Round, why, Subject(cv.FirstWords), now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	return nil
}

// ToTicket is "send as e-mail instead": a waiting visitor leaves the queue with a ticket number at once.
// Errors: invalid (an address that is none, nothing written yet), not_found, conflict.
func (s *Service) ToTicket(ctx context.Context, c Caller, id ID, email string) (Conversation, error) {
	if c.Staff() {
		return Conversation{}, Forbidden()
	}
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return Conversation{}, err
	}
	if cv.Messages == 0 {
		return Conversation{}, Invalid("text")
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Conversation{}, err
	}
	if email != "" {
		if err := s.setEmail(ctx, id, email, now); err != nil {
			return Conversation{}, err
		}
	}
	cv, events, err := s.Store.OpenTicket(ctx, id, c.Actor, Subject(cv.FirstWords), "form", now)
	if err != nil {
		return Conversation{}, err
	}
	s.publish(ctx, events...)
	s.wake()
	return cv, nil
}

func (s *Service) setEmail(ctx context.Context, id ID, email string, now time.Time) error {
	if !PlausibleEmail(email) {
		return Invalid("email")
	}
	events, err := s.Store.SetEmail(ctx, id, email, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}

// Place gives how many wait before the conversation; 0 = next.
func (s *Service) Place(ctx context.Context, cv ID) (int, error) { return s.Store.Place(ctx, cv) }
