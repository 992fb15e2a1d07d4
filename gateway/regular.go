package gateway

import (
	"context"
	"strconv"
	"time"
)

// ScheduleRegular makes sure that the work which comes by itself is done in this hour or day too, by whichever node. Each
// job leaves the next one behind. Errors: the store's.
func (s *Service) ScheduleRegular(ctx context.Context) error {
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	for _, w := range []struct {
		kind  JobKind
		every time.Duration
	}{
		{JobReconcile, ReconcileEvery},
		{JobInactive, inactivityEvery},
		{JobAlarms, alarmEvery},
		{JobCountHelp, countHelpEvery},
	} {
		if err := s.appoint(ctx, w.kind, now.Truncate(w.every)); err != nil {
			return err
		}
	}
	return nil
}

// appoint leaves the job of a kind that is due then; every node that asks for it asks for the same one.
func (s *Service) appoint(ctx context.Context, kind JobKind, due time.Time) error {
	return s.Store.Enqueue(ctx, Job{ID: string(kind) + ":" + strconv.FormatInt(due.Unix(), 10), Kind: kind, Due: due})
}

// leaveNext tells a regular job the time and leaves the next one behind: first, so that one that fails is not the last.
func (s *Service) leaveNext(ctx context.Context, kind JobKind, every time.Duration) (now time.Time, err error) {
	if now, err = s.Store.Now(ctx); err != nil {
		return now, err
	}
	return now, s.appoint(ctx, kind, now.Truncate(every).Add(every))
}
