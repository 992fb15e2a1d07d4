package gateway

import (
	"context"
	"strings"
	"time"
)

// Names of the bus's sets: a member is "id/node", so that one node's loss does not hide another's beat.
const (
	setOnline   = "agents.online"
	setIdle     = "agents.idle"
	setVisitors = "visitors"
)

// SetAvailability declares what the caller is for a mailbox ("" = all of his). It acts on every node at once
// and ends a pause. Errors: invalid, forbidden (no member).
func (s *Service) SetAvailability(ctx context.Context, c Caller, mailbox ID, v Availability, reason string) error {
	if err := c.may(VerbAvailability); err != nil {
		return err
	}
	return s.setAvailability(ctx, c, c.Actor.ID, mailbox, v, reason)
}

// ForceAvailability is a supervisor's: with a reason, which the agent sees. Errors: forbidden, invalid, not_found.
func (s *Service) ForceAvailability(ctx context.Context, c Caller, agent, mailbox ID, v Availability, reason string) error {
	if err := c.may(VerbForce); err != nil {
		return err
	}
	if err := CheckText("reason", reason, 200); err != nil {
		return err
	}
	return s.setAvailability(ctx, c, agent, mailbox, v, reason)
}

func (s *Service) setAvailability(ctx context.Context, c Caller, agent, mailbox ID, v Availability, reason string) error {
	switch v {
	case Available, AssignOnly, NotAvailable:
	default:
		return Invalid("value")
	}
	if reason != "" {
		if err := CheckText("reason", reason, 200); err != nil {
			return err
		}
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.SetAvailability(ctx, agent, mailbox, v, c.Actor, reason, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	return nil
}

// Resume is "I am back": the old values count again.
func (s *Service) Resume(ctx context.Context, c Caller) error {
	if err := c.may(VerbAvailability); err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.Resume(ctx, c.Actor.ID, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	return nil
}

// BeatAgent says that this node sees the agent; idle = no input for 5 minutes. It never touches the database.
func (s *Service) BeatAgent(ctx context.Context, node string, agent ID, idle bool) error {
	set, other := setOnline, setIdle
	if idle {
		set, other = setIdle, setOnline
	}
	if err := s.Bus.Drop(ctx, other, string(agent)+"/"+node); err != nil {
		return err
	}
	return s.Bus.Beat(ctx, set, string(agent)+"/"+node, PresenceLife)
}

// DropAgent says that this node sees the agent no more: his last socket closed, or he signed out.
func (s *Service) DropAgent(ctx context.Context, node string, agent ID) error {
	err := s.Bus.Drop(ctx, setOnline, string(agent)+"/"+node)
	if e := s.Bus.Drop(ctx, setIdle, string(agent)+"/"+node); err == nil {
		err = e
	}
	s.wake()
	return err
}

// BeatVisitor and DropVisitor do the same for a visitor with a live conversation.
func (s *Service) BeatVisitor(ctx context.Context, node string, visitor ID) error {
	return s.Bus.Beat(ctx, setVisitors, string(visitor)+"/"+node, VisitorGone)
}

// DropVisitor says that the visitor's last socket on this node closed.
func (s *Service) DropVisitor(ctx context.Context, node string, visitor ID) error {
	return s.Bus.Drop(ctx, setVisitors, string(visitor)+"/"+node)
}

// Presences gives who is observed on any node. An agent not in it is offline.
func (s *Service) Presences(ctx context.Context) (map[ID]Presence, error) {
	out := map[ID]Presence{}
	for _, x := range [...]struct {
		set string
		p   Presence
	}{{setIdle, IdlePresence}, {setOnline, Online}} {
		members, err := s.Bus.Members(ctx, x.set)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			id, _, _ := strings.Cut(m, "/")
			out[ID(id)] = x.p
		}
	}
	return out, nil
}

func (s *Service) visitorsPresent(ctx context.Context) (map[ID]bool, error) {
	members, err := s.Bus.Members(ctx, setVisitors)
	if err != nil {
		return nil, err
	}
	out := make(map[ID]bool, len(members))
	for _, m := range members {
		id, _, _ := strings.Cut(m, "/")
		out[ID(id)] = true
	}
	return out, nil
}

// candidates gives a mailbox's members as Route sees them. While the bus is down the last beat in the
// database counts (mail-and-routing.md 2.3).
func (s *Service) candidates(ctx context.Context, mailbox, cv ID, now time.Time) ([]Candidate, error) {
	list, err := s.Store.Candidates(ctx, mailbox, cv)
	if err != nil {
		return nil, err
	}
	seen, busErr := s.Presences(ctx)
	for i := range list {
		c := &list[i]
		switch {
		case busErr == nil:
			c.Presence = seen[c.Agent]
		case now.Sub(c.LastBeatAt) < time.Minute:
			c.Presence = Online
		}
		if awayAt(c.AwayFrom, c.AwayUntil, now) {
			c.Availability = NotAvailable
		}
		if c.Presence == "" {
			c.Presence = Offline
		}
	}
	return list, nil
}

// Reach says whether a visitor of the mailbox can talk to a person now, and if closed, until when.
func (s *Service) Reach(ctx context.Context, mb Mailbox) (open, available bool, until time.Time, err error) {
	now, err := s.Store.Now(ctx)
	if err != nil {
		return false, false, time.Time{}, err
	}
	open, until = mb.OpenAt(now)
	if !open {
		return false, false, until, nil
	}
	list, err := s.candidates(ctx, mb.ID, "", now)
	return true, Reachable(list), until, err
}

// reachable refuses a chat that nobody would answer.
func (s *Service) reachable(ctx context.Context, mb Mailbox, now time.Time) error {
	if open, _ := mb.OpenAt(now); !open {
		return MailboxClosed()
	}
	list, err := s.candidates(ctx, mb.ID, "", now)
	if err != nil {
		return err
	}
	if !Reachable(list) {
		return NobodyAvailable()
	}
	return nil
}
