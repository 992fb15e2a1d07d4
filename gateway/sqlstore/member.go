package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	memberColumns = `SELECT agent, mailbox, availability, since, by_id, reason FROM members `
	qMembers      = memberColumns + `WHERE (agent = $1 OR $1 = '') AND (mailbox = $2 OR $2 = '') ORDER BY agent, mailbox`
	qAddMember    = `INSERT INTO members (agent, mailbox, availability, since, by_id, reason)
VALUES ($1,$2,'unavailable',$3,$4,'') ON CONFLICT (agent, mailbox) DO NOTHING`
	qDropMember = `DELETE FROM members WHERE agent = $1 AND mailbox = $2`
	qDeclare    = `UPDATE members SET availability = $3, since = $4, by_id = $5, reason = $6
WHERE agent = $1 AND (mailbox = $2 OR $2 = '') RETURNING mailbox`
	qChosen = `UPDATE agents SET chosen = TRUE, active_at = $2, inactive_at = 0, paused_at = 0, paused_for = '' WHERE id = $1`
	qPause  = `UPDATE agents SET paused_at = $2, paused_for = $3 WHERE id = $1 AND paused_at = 0`
	qResume = `UPDATE agents SET active_at = $2, inactive_at = 0, paused_at = 0, paused_for = '' WHERE id = $1 AND paused_at <> 0`
)

func scanMembership(r scanner) (gateway.Membership, error) {
	var m gateway.Membership
	var since int64
	err := r.Scan(&m.Agent, &m.Mailbox, &m.Availability, &since, &m.By, &m.Reason)
	m.Since = at(since)
	return m, err
}

// Memberships implements gateway.AgentStore.
func (s *Store) Memberships(ctx context.Context, agent, mailbox gateway.ID) ([]gateway.Membership, error) {
	return all(ctx, s, scanMembership, qMembers, string(agent), string(mailbox))
}

// SetMembers implements gateway.AgentStore. Errors: not_found for an unknown agent or mailbox.
func (s *Store) SetMembers(ctx context.Context, mailbox gateway.ID, agents []gateway.ID, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "set members", now, func(x *tx) error {
		m, err := scanMailbox(x.row(qMailbox, string(mailbox)))
		if err != nil {
			return err
		}
		old, err := x.membersOf(mailbox)
		if err != nil {
			return err
		}
		if _, err := x.lockAgents(append(slices.Clone(old), agents...)...); err != nil {
			return err
		}
		for _, id := range sorted(agents...) {
			if _, err := x.exec(qAddMember, string(id), string(mailbox), ms(now), string(by.ID)); err != nil {
				return err
			}
		}
		for _, id := range old {
			if slices.Contains(agents, id) {
				continue
			}
			if _, err := x.exec(qDropMember, string(id), string(mailbox)); err != nil {
				return err
			}
		}
		return x.settingChanged(by, "mailbox", mailbox, m.Version)
	})
}

const qMembersOf = `SELECT agent FROM members WHERE mailbox = $1 ORDER BY agent`

const qMailboxesOf = `SELECT mailbox FROM members WHERE agent = $1 ORDER BY mailbox`

func (x *tx) ids(query string, arg gateway.ID) ([]gateway.ID, error) {
	rows, err := x.QueryContext(x.ctx, query, string(arg))
	if err != nil {
		return nil, err
	}
	return collect(rows, func(r scanner) (id gateway.ID, err error) { return id, r.Scan(&id) })
}

func (x *tx) membersOf(mailbox gateway.ID) ([]gateway.ID, error) { return x.ids(qMembersOf, mailbox) }

// SetAvailability implements gateway.AgentStore. Errors: not_found, forbidden if no member of the mailbox.
func (s *Store) SetAvailability(ctx context.Context, agent, mailbox gateway.ID, v gateway.Availability, by gateway.Actor, reason string, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "set availability", now, func(x *tx) error {
		if _, err := x.lockAgents(agent); err != nil {
			return err
		}
		rows, err := x.QueryContext(x.ctx, qDeclare, string(agent), string(mailbox), string(v), ms(now), string(by.ID), reason)
		if err != nil {
			return err
		}
		boxes, err := collect(rows, func(r scanner) (id gateway.ID, err error) { return id, r.Scan(&id) })
		if err != nil {
			return err
		}
		if len(boxes) == 0 {
			return gateway.Forbidden()
		}
		if err := x.must(qChosen, string(agent), ms(now)); err != nil {
			return err
		}
		slices.Sort(boxes)
		for _, box := range boxes {
			p := gateway.AvailabilityChanged{Agent: agent, Mailbox: box, Availability: v, Reason: reason}
			for _, topic := range []gateway.ID{agent, box} {
				if err := x.emit(string(topic), by, p); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// pause makes the locked agent count as assign_only everywhere; a pause that runs stays as it is.
func (x *tx) pause(a gateway.Agent, reason string, by gateway.Actor) error {
	n, err := x.exec(qPause, string(a.ID), ms(x.now), reason)
	if err != nil || n == 0 {
		return err
	}
	return x.pauseMoved(a.ID, by, gateway.AvailabilityChanged{
		Agent: a.ID, Availability: gateway.AssignOnly, Paused: true, Reason: reason,
	})
}

func (x *tx) pauseMoved(agent gateway.ID, by gateway.Actor, p gateway.AvailabilityChanged) error {
	boxes, err := x.ids(qMailboxesOf, agent)
	if err != nil {
		return err
	}
	for _, topic := range append([]gateway.ID{agent}, boxes...) {
		if err := x.emit(string(topic), by, p); err != nil {
			return err
		}
	}
	return nil
}

// Pause implements gateway.AgentStore. Errors: not_found.
func (s *Store) Pause(ctx context.Context, agent gateway.ID, reason string, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "pause", now, func(x *tx) error {
		agents, err := x.lockAgents(agent)
		if err != nil {
			return err
		}
		return x.pause(agents[agent], reason, by)
	})
}

// Resume implements gateway.AgentStore. The old values count again. Errors: not_found.
func (s *Store) Resume(ctx context.Context, agent gateway.ID, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "resume", now, func(x *tx) error {
		if _, err := x.lockAgents(agent); err != nil {
			return err
		}
		n, err := x.exec(qResume, string(agent), ms(now))
		if err != nil || n == 0 {
			return err
		}
		by := gateway.Actor{Role: gateway.RoleAgent, ID: agent}
		return x.pauseMoved(agent, by, gateway.AvailabilityChanged{Agent: agent, Availability: gateway.Available})
	})
}
