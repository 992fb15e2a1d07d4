package sqlstore

import (
	"context"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qActed   = `UPDATE agents SET active_at = $1 WHERE id IN (`
	qSetAway = `UPDATE agents SET away_from = $2, away_until = $3 WHERE id = $1`
	qMark    = `UPDATE agents SET inactive_at = $2, paused_at = $2, paused_for = 'inactive' WHERE id = $1`
	qDisable = `UPDATE agents SET disabled_at = $2, version = version + 1 WHERE id = $1`
)

// Acted implements gateway.AgentStore.
func (s *Store) Acted(ctx context.Context, agents []gateway.ID, now time.Time) error {
	return s.stampAgents(ctx, "note activity", qActed, agents, now)
}

// SetAway implements gateway.AgentStore.
func (s *Store) SetAway(ctx context.Context, agent gateway.ID, from, until time.Time, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "announce an absence", now, func(x *tx) error {
		agents, err := x.lockAgents(agent)
		if err != nil {
			return err
		}
		if err := x.must(qSetAway, string(agent), ms(from), ms(until)); err != nil {
			return err
		}
		return x.settingChanged(by, "away", agent, agents[agent].Version)
	})
}

// Lapse implements gateway.AgentStore.
func (s *Store) Lapse(ctx context.Context, agent gateway.ID, rule gateway.Inactivity, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "find an agent inactive", now, func(x *tx) error {
		agents, err := x.lockAgents(agent)
		if err != nil {
			return err
		}
		switch a := agents[agent]; {
		case a.Unseen(rule, now):
			return x.mark(a)
		case a.Lapsed(rule, now):
			return x.disable(a)
		}
		return nil
	})
}

func (x *tx) mark(a gateway.Agent) error {
	if err := x.must(qMark, string(a.ID), ms(x.now)); err != nil {
		return err
	}
	p := gateway.AvailabilityChanged{Agent: a.ID, Availability: gateway.AssignOnly, Paused: true, Reason: "inactive"}
	if err := x.pauseMoved(a.ID, gateway.System(), p); err != nil {
		return err
	}
	return x.lapseLetter(a.ID, "inactive")
}

func (x *tx) disable(a gateway.Agent) error {
	if err := x.must(qDisable, string(a.ID), ms(x.now)); err != nil {
		return err
	}
	if _, err := x.exec(qEndSessions, string(a.ID)); err != nil {
		return err
	}
	if err := x.settingChanged(gateway.System(), "agent", a.ID, a.Version+1); err != nil {
		return err
	}
	return x.lapseLetter(a.ID, "disabled")
}

func (x *tx) lapseLetter(agent gateway.ID, what string) error {
	j, err := gateway.LapseLetter(agent, what, x.now)
	if err != nil {
		return err
	}
	return x.enqueue(j)
}

// Unassign implements gateway.QueueStore.
func (s *Store) Unassign(ctx context.Context, cv, agent gateway.ID, reason string, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "unassign", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil {
			return err
		}
		if c.Assignee != agent || agent == "" || c.Status != gateway.Open && c.Status != gateway.Waiting {
			return gateway.Conflict()
		}
		c.Assignee = ""
		if err := x.save(&c); err != nil {
			return err
		}
		p := gateway.ConversationReleased{Agent: agent, Reason: reason}
		if err := x.emit(c.ID.Staff(), gateway.System(), p); err != nil {
			return err
		}
		return x.emitAbout(string(c.Mailbox), c.ID, gateway.System(), p)
	})
}

// Leave implements gateway.QueueStore.
func (s *Store) Leave(ctx context.Context, cv, agent gateway.ID, subject string, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "leave a chat", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil {
			return err
		}
		if c.Status != gateway.Active || c.Assignee != agent {
			return gateway.Conflict()
		}
		by := gateway.System()
		if err := x.becomeTicket(&c, by, subject); err != nil {
			return err
		}
		if c.Status != gateway.Open { // he wrote last, and left before it was over
			c.Status = gateway.Open
			if err := x.save(&c); err != nil {
				return err
			}
		}
		return x.ticketOpened(c, by, "left")
	})
}
