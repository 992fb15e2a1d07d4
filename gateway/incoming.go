package gateway

import (
	"context"
	"time"
)

// Arrived tells this node's sockets and the other nodes what a mail that came in has changed. It is called after the
// commit only.
func (s *Service) Arrived(ctx context.Context, events ...Event) { s.publish(ctx, events...) }

// MailPosition is how far a source of mail has been read. Source: mail-and-routing.md 1.3.
type MailPosition struct {
	Source   string // which folder of which account
	Validity uint32 // the folder's UIDVALIDITY; another one means that its numbers began anew
	UID      uint32 // the last mail that is stored; 0 = none
}

// MailSourceStore keeps where each source of mail stands.
type MailSourceStore interface {
	// LeaseMail makes owner the only reader of a source until then, or says that another node reads it. Owners extend
	// their own lease.
	LeaseMail(ctx context.Context, source, owner string, until, now time.Time) (bool, error)
	// MailPosition reads how far a source was read; nothing yet = Validity 0.
	MailPosition(ctx context.Context, source string) (MailPosition, error)
	// MoveMail notes a mail that needed no storing. Within one Validity a position never goes back.
	MoveMail(ctx context.Context, p MailPosition) error
}
