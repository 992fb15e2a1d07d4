package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qLeaseHook = `UPDATE jobs SET lease_until = $1, lease_owner = $2, attempts = attempts + 1
WHERE id = (SELECT id FROM jobs WHERE done_at IS NULL AND due <= $3 AND lease_until < $3 AND kind = 'webhook' ORDER BY due, id LIMIT 1)
AND done_at IS NULL AND due <= $3 AND lease_until < $3
RETURNING id, kind, due, payload, attempts, last_err, since`
	qTried = `INSERT INTO hook_tries (job, at, took, status, code) VALUES ($1,$2,$3,$4,$5) ON CONFLICT (job, at) DO NOTHING`
	// The ids of webhooks' jobs are in order of their events. One that is done without a try was of no mailbox that its
	// endpoint follows.
	qHookLog = `SELECT j.id, j.payload, j.due, j.failed, COALESCE(j.done_at, 0), (SELECT COUNT(*) FROM hook_tries n WHERE n.job = j.id),
COALESCE(t.status, 0), COALESCE(t.took, 0), COALESCE(t.at, 0)
FROM jobs j LEFT JOIN hook_tries t ON t.job = j.id AND t.at = (SELECT MAX(at) FROM hook_tries m WHERE m.job = j.id)
WHERE j.kind = 'webhook' AND (j.done_at IS NULL OR j.failed = TRUE OR t.at > 0)
ORDER BY j.id DESC LIMIT $1`
	qReplay = `UPDATE jobs SET due = $2, since = $2, attempts = 0, last_err = '', lease_until = 0, lease_owner = '', failed = FALSE, done_at = NULL
WHERE id = $1 AND (done_at IS NOT NULL OR lease_until < $2)`
	qIsJob = `SELECT COUNT(*) FROM jobs WHERE id = $1`
)

// hooked makes the jobs of the events that endpoints outside are told of.
func (x *tx) hooked(events []*pending) (steps []step) {
	if len(x.s.o.Hooks) == 0 {
		return nil
	}
	for _, p := range events {
		e := p.event
		if len(x.s.o.Hooks[e.Kind]) == 0 || !gateway.HookTopic(e.Topic) {
			continue
		}
		for _, to := range x.s.o.Hooks[e.Kind] {
			j := gateway.NewHookJob(e, to)
			steps = append(steps, step{query: qEnqueue, args: []any{j.ID, string(j.Kind), ms(j.Due), string(j.Payload)}})
		}
	}
	return steps
}

// LeaseHook implements gateway.HookStore.
func (s *Store) LeaseHook(ctx context.Context, owner string, lease time.Duration, now time.Time) (gateway.Job, bool, error) {
	return s.leaseNext(ctx, qLeaseHook, owner, lease, now)
}

// HookTried implements gateway.HookStore.
func (s *Store) HookTried(ctx context.Context, t gateway.HookTry) error {
	_, err := s.change(ctx, "note a delivery", t.At, func(x *tx) error {
		_, err := x.exec(qTried, t.Job, ms(t.At), t.Took.Milliseconds(), t.Status, t.Code)
		return err
	})
	return err
}

func scanHook(r scanner) (h gateway.HookRow, err error) {
	var id, payload string
	var due, done, took, tried int64
	var failed bool
	if err := r.Scan(&id, &payload, &due, &failed, &done, &h.Tries, &h.Status, &took, &tried); err != nil {
		return h, err
	}
	h.Took, h.TriedAt = time.Duration(took)*time.Millisecond, at(tried)
	switch {
	case failed:
		h.State = "stopped"
	case done > 0:
		h.State = "sent"
	default:
		h.State, h.Due = "waiting", at(due)
	}
	return h, gateway.ReadHookJob(gateway.Job{ID: id, Payload: json.RawMessage(payload)}, &h)
}

// HookLog implements gateway.HookStore.
func (s *Store) HookLog(ctx context.Context, limit int) ([]gateway.HookRow, error) {
	return all(ctx, s, scanHook, qHookLog, limit)
}

// ReplayHook implements gateway.HookStore.
func (s *Store) ReplayHook(ctx context.Context, event gateway.ID, to string, now time.Time) error {
	_, err := s.change(ctx, "replay a webhook", now, func(x *tx) error {
		id := gateway.HookID(event, to)
		n, err := x.exec(qReplay, id, ms(now))
		if err != nil || n > 0 {
			return err
		}
		var there int
		if err := x.row(qIsJob, id).Scan(&there); err != nil {
			return err
		}
		if there == 0 {
			return gateway.NotFound()
		}
		return gateway.Conflict()
	})
	return err
}
