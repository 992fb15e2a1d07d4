package gateway

import (
	"context"
	"time"
)

// DuplicateStore closes what is asked twice, and deletes tickets.
type DuplicateStore interface {
	// CloseDuplicate closes a conversation as a duplicate of another one; the staff's sides of both tell of each other.
	// Errors: not_found (of either), conversation_closed.
	CloseDuplicate(ctx context.Context, cv, of ID, by Actor, now time.Time) ([]Event, error)
	// DeleteTicket closes a ticket, erases what was written in it and leaves a tombstone: the numbers of its events and
	// the keys of its mails stay, so that no mail of it comes back. Whoever reads it then is told not_found.
	// Errors: not_found, invalid state (no ticket).
	DeleteTicket(ctx context.Context, cv ID, by Actor, now time.Time) ([]Event, error)
	// Endings counts what closed conversations were closed for since then, most often first. Those that were deleted count
	// too, those that were reopened do not.
	Endings(ctx context.Context, since time.Time) ([]Ending, error)
}

// Ending is how often conversations of a mailbox ended so.
type Ending struct {
	Mailbox ID      `json:"mailbox"`
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason"`
	N       int     `json:"n"`
}

// maxEndings is how many days a report of endings goes back.
const maxEndings = 92

// Endings reports the last days. Errors: forbidden, invalid.
func (s *Service) Endings(ctx context.Context, c Caller, days int) ([]Ending, error) {
	if err := c.may(VerbForce); err != nil {
		return nil, err
	}
	if days < 1 || days > maxEndings {
		return nil, Invalid("days")
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	return s.Store.Endings(ctx, now.AddDate(0, 0, -days))
}

// CloseDuplicate closes a conversation because the same is asked in another one that the caller may read.
// Errors: as Close; invalid for itself; not_found.
func (s *Service) CloseDuplicate(ctx context.Context, c Caller, id, of ID) error {
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return err
	}
	if _, _, err := s.mayClose(ctx, c, cv, "", ReasonDuplicate); err != nil {
		return err
	}
	if of == id {
		return Invalid("of")
	}
	if _, err := s.access(ctx, c, of); err != nil {
		return err
	}
	if err := s.departAll(ctx, cv, ""); err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.CloseDuplicate(ctx, cv.ID, of, c.Actor, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	return nil
}

// DeleteTicket takes a ticket away for good. Errors: forbidden, not_found, invalid for what is no ticket.
func (s *Service) DeleteTicket(ctx context.Context, c Caller, id ID) error {
	if err := c.may(VerbForce); err != nil {
		return err
	}
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.DeleteTicket(ctx, cv.ID, c.Actor, now)
	if err != nil {
		return err
	}
	s.Tails.forget(cv.ID)
	s.publish(ctx, events...)
	return nil
}
