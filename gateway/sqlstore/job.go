package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qEnqueue = `INSERT INTO jobs (id, kind, due, payload, attempts, last_err, lease_until, lease_owner, failed, since)
VALUES ($1,$2,$3,$4,0,'',0,'',FALSE,$3) ON CONFLICT (id) DO NOTHING`
	// The last condition is no repetition: a second worker that waited for the row's lock tests only the outer
	// WHERE again (architecture.md §11).
	qLease = `UPDATE jobs SET lease_until = $1, lease_owner = $2, attempts = attempts + 1
WHERE id = (SELECT id FROM jobs WHERE done_at IS NULL AND due <= $3 AND lease_until < $3 AND kind <> 'webhook' ORDER BY due, id LIMIT 1)
AND done_at IS NULL AND due <= $3 AND lease_until < $3
RETURNING id, kind, due, payload, attempts, last_err, since`
	qDue    = `SELECT COUNT(*) FROM jobs WHERE done_at IS NULL AND due <= $1`
	qFinish = `UPDATE jobs SET done_at = $3, last_err = '' WHERE id = $1 AND lease_owner = $2 AND done_at IS NULL`
	// Who waited for his turn has not tried.
	qRetry = `UPDATE jobs SET due = $3, last_err = $4, lease_until = 0, lease_owner = '',
attempts = CASE WHEN $4 = 'too_many' THEN attempts - 1 ELSE attempts END
WHERE id = $1 AND lease_owner = $2 AND done_at IS NULL`
	qStop = `UPDATE jobs SET done_at = $3, last_err = $4, failed = TRUE
WHERE id = $1 AND lease_owner = $2 AND done_at IS NULL`
)

// conversationJob is the payload of a job about a conversation.
func conversationJob(cv gateway.ID) json.RawMessage {
	return json.RawMessage(`{"conversation":"` + string(cv) + `"}`)
}

func (x *tx) enqueue(j gateway.Job) error {
	payload := string(j.Payload)
	if payload == "" {
		payload = "{}"
	}
	_, err := x.exec(qEnqueue, j.ID, string(j.Kind), ms(j.Due), payload)
	return err
}

func (x *tx) enqueueAll(jobs []gateway.Job) error {
	for _, j := range jobs {
		if err := x.enqueue(j); err != nil {
			return err
		}
	}
	return nil
}

// Enqueue implements gateway.JobStore.
func (s *Store) Enqueue(ctx context.Context, j gateway.Job) error {
	_, err := s.change(ctx, "enqueue", time.Time{}, func(x *tx) error { return x.enqueue(j) })
	return err
}

// LeaseJob implements gateway.JobStore.
func (s *Store) LeaseJob(ctx context.Context, owner string, lease time.Duration, now time.Time) (gateway.Job, bool, error) {
	return s.leaseNext(ctx, qLease, owner, lease, now)
}

func (s *Store) leaseNext(ctx context.Context, query, owner string, lease time.Duration, now time.Time) (gateway.Job, bool, error) {
	var j gateway.Job
	found := false
	_, err := s.change(ctx, "lease a job", now, func(x *tx) error {
		var due, since int64
		var payload string
		err := x.row(query, ms(now.Add(lease)), owner, ms(now)).Scan(&j.ID, &j.Kind, &due, &payload, &j.Attempts, &j.LastErr, &since)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		found, j.Due, j.Since, j.Payload = err == nil, at(due), at(pickSince(since, due)), json.RawMessage(payload)
		return err
	})
	return j, found && err == nil, err
}

// pickSince is when a job was due first; 0 = it was enqueued by a version that did not note that.
func pickSince(since, due int64) int64 {
	if since == 0 {
		return due
	}
	return since
}

// JobsDue implements gateway.JobStore.
func (s *Store) JobsDue(ctx context.Context, now time.Time) (n int, err error) {
	err = s.read.QueryRowContext(ctx, qDue, ms(now)).Scan(&n)
	return n, failure("count jobs", err)
}

// FinishJob implements gateway.JobStore. Errors: conflict when the lease has gone to somebody else.
func (s *Store) FinishJob(ctx context.Context, id, owner string, now time.Time) error {
	return s.leased(ctx, qFinish, id, owner, ms(now))
}

// RetryJob implements gateway.JobStore. Errors: as FinishJob.
func (s *Store) RetryJob(ctx context.Context, id, owner string, due time.Time, code string) error {
	return s.leased(ctx, qRetry, id, owner, ms(due), code)
}

// StopJob implements gateway.JobStore. Errors: as FinishJob.
func (s *Store) StopJob(ctx context.Context, id, owner, code string, now time.Time) error {
	return s.leased(ctx, qStop, id, owner, ms(now), code)
}

func (s *Store) leased(ctx context.Context, query string, args ...any) error {
	_, err := s.change(ctx, "move a job", time.Time{}, func(x *tx) error {
		n, err := x.exec(query, args...)
		if err == nil && n == 0 {
			err = gateway.Conflict()
		}
		return err
	})
	return err
}
