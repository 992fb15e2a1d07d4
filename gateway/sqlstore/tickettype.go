package sqlstore

import (
	"context"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qOfType   = `UPDATE conversations SET min_role = $2, version = version + 1 WHERE type = $1 AND min_role <> $2 AND status <> 'closed'`
	qTypesNow = `SELECT DISTINCT type FROM conversations WHERE type <> '' AND status <> 'closed' ORDER BY type`
)

// SetTypes implements gateway.TypeStore.
func (s *Store) SetTypes(ctx context.Context, was, value string, list []gateway.TicketType, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	role := map[string]gateway.Role{}
	for _, t := range list {
		role[t.ID] = t.Role
	}
	return s.change(ctx, "save the ticket types", now, func(x *tx) error {
		if err := x.swapSetting(gateway.TypesSetting, was, value, by); err != nil {
			return err
		}
		rows, err := x.rows(qTypesNow)
		if err != nil {
			return err
		}
		kinds, err := collect(rows, scanText)
		if err != nil {
			return err
		}
		for _, kind := range kinds {
			if _, err := x.exec(qOfType, kind, string(role[kind])); err != nil {
				return err
			}
		}
		return nil
	})
}

// Classify implements gateway.TypeStore.
func (s *Store) Classify(ctx context.Context, cv gateway.ID, t gateway.TicketType, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "classify a conversation", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil {
			return err
		}
		switch {
		case c.Status.Ended():
			return gateway.ConversationClosed()
		case !by.Role.AtLeast(c.MinRole):
			return gateway.BelowRole(c.MinRole)
		case c.Type == t.ID && c.MinRole == t.Role:
			return nil
		}
		agents, err := x.lockAgents(c.Offer.Agent)
		if err != nil {
			return err
		}
		if c.Offer.Agent != "" && !agents[c.Offer.Agent].Role.AtLeast(t.Role) {
			if err := x.dropOffer(&c, by, "withdrawn"); err != nil {
				return err
			}
		}
		c.Type, c.MinRole = t.ID, t.Role
		if err := x.save(&c); err != nil {
			return err
		}
		p := gateway.ConversationClassified{Type: t.ID, Name: t.Name, Role: t.Role}
		if err := x.emit(c.ID.Staff(), by, p); err != nil {
			return err
		}
		return x.emitAbout(string(c.Mailbox), c.ID, by, p)
	})
}
