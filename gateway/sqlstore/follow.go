package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	// at is when it was stored first: an older one says that the row was there and said the opposite.
	qFollow = `INSERT INTO follows (conversation, agent, wanted, at) VALUES ($1,$2,$3,$4)
ON CONFLICT (conversation, agent) DO UPDATE SET wanted = excluded.wanted WHERE follows.wanted <> excluded.wanted
RETURNING at`
	qFollows = `SELECT f.conversation, f.wanted FROM follows f JOIN conversations c ON c.id = f.conversation
WHERE f.agent = $1 AND c.status <> 'closed' ORDER BY f.at DESC, f.conversation LIMIT $2`
	qUnfollowed = `SELECT agent FROM follows WHERE conversation = $1 AND wanted = FALSE`
)

// Follow implements gateway.FollowStore.
func (s *Store) Follow(ctx context.Context, cv, agent gateway.ID, wanted bool, by gateway.Actor, why string, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "follow", now, func(x *tx) error {
		if _, err := x.lock(cv); err != nil {
			return err
		}
		changed, _, err := x.wants(cv, agent, wanted)
		if err != nil || !changed {
			return err
		}
		return x.emitAbout(string(agent), cv, by, gateway.FollowChanged{Wanted: wanted, Why: why})
	})
}

// wants stores whether an agent follows. changed = it was not stored so; fresh = nothing was stored before.
func (x *tx) wants(cv, agent gateway.ID, wanted bool) (changed, fresh bool, err error) {
	var since int64
	err = x.row(qFollow, string(cv), string(agent), wanted, ms(x.now)).Scan(&since)
	if errors.Is(err, sql.ErrNoRows) {
		return false, false, nil
	}
	return err == nil, since == ms(x.now), err
}

// follows makes an agent follow by what he did, or what was done to him; he is told if he had said the opposite.
func (x *tx) follows(cv, agent gateway.ID, by gateway.Actor, why string) error {
	changed, fresh, err := x.wants(cv, agent, true)
	if err != nil || !changed || fresh {
		return err
	}
	return x.emitAbout(string(agent), cv, by, gateway.FollowChanged{Wanted: true, Why: why})
}

// mentioned makes agents follow whom a note names, and tells each.
func (x *tx) mentioned(cv gateway.ID, agents []gateway.ID, by gateway.Actor) error {
	for _, a := range sorted(agents...) {
		if _, _, err := x.wants(cv, a, true); err != nil {
			return err
		}
		if err := x.emitAbout(string(a), cv, by, gateway.FollowChanged{Wanted: true, Why: "mention"}); err != nil {
			return err
		}
	}
	return nil
}

// hearing gives those of the agents who have not said that they want to hear nothing.
func (x *tx) hearing(cv gateway.ID, agents []gateway.ID) ([]gateway.ID, error) {
	if len(agents) == 0 {
		return nil, nil
	}
	rows, err := x.QueryContext(x.ctx, qUnfollowed, string(cv))
	if err != nil {
		return nil, err
	}
	deaf, err := collect(rows, scanText)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(sorted(agents...), func(a gateway.ID) bool { return slices.Contains(deaf, string(a)) }), nil
}

// Follows implements gateway.FollowStore.
func (s *Store) Follows(ctx context.Context, agent gateway.ID, limit int) (map[gateway.ID]bool, error) {
	out := map[gateway.ID]bool{}
	err := s.each(ctx, qFollows, []any{string(agent), limit}, func(r scanner) error {
		var cv gateway.ID
		var wanted bool
		err := r.Scan(&cv, &wanted)
		out[cv] = wanted
		return err
	})
	return out, failure("read follows", err)
}
