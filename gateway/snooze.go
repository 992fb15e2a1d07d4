package gateway

import (
	"context"
	"encoding/json"
	"time"
)

// MaxSnooze is how long a ticket can sleep.
const MaxSnooze = 366 * 24 * time.Hour

// Snoozed reports whether the ticket sleeps: it stands in no list of what is open, and no idle rule runs.
func (c Conversation) Snoozed() bool { return !c.SnoozedUntil.IsZero() }

// SnoozeStore lets tickets sleep and wakes them.
type SnoozeStore interface {
	// Snooze lets a ticket sleep and leaves the job that wakes it. Errors: not_found, conversation_closed, invalid state.
	Snooze(ctx context.Context, cv ID, by Actor, until, now time.Time) ([]Event, error)
	// Wake ends a sleep, if until is zero or still its end; else, or if there is none, nothing happens. Errors: not_found.
	Wake(ctx context.Context, cv ID, by Actor, until, now time.Time) ([]Event, error)
	// Asleep gives tickets whose sleep was over before then, at most limit.
	Asleep(ctx context.Context, before time.Time, limit int) ([]Conversation, error)
}

func checkSnooze(until, now time.Time) error {
	if !until.After(now) || until.Sub(now) > MaxSnooze {
		return Invalid("until")
	}
	return nil
}

// Snooze lets a ticket sleep until then: it leaves the open lists, and comes back by itself, or at once by the visitor's
// words. A zero time wakes it. Errors: forbidden, not_found, invalid (the time, or no open ticket), conversation_closed,
// not_assignee.
func (s *Service) Snooze(ctx context.Context, c Caller, id ID, until time.Time) error {
	cv, err := s.handled(ctx, c, id)
	if err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	var events []Event
	if until.IsZero() {
		events, err = s.Store.Wake(ctx, cv.ID, c.Actor, until, now)
	} else if err = checkSnooze(until, now); err == nil {
		events, err = s.Store.Snooze(ctx, cv.ID, c.Actor, until, now)
	}
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}

// snoozeJob is the payload of a job that wakes a ticket.
type snoozeJob struct {
	Conversation ID    `json:"conversation"`
	Until        int64 `json:"until"` // unix ms
}

// SnoozeJob is the job that wakes a ticket at its time.
func SnoozeJob(cv ID, until time.Time) (Job, error) {
	payload, err := json.Marshal(snoozeJob{cv, until.UnixMilli()})
	if err != nil {
		return Job{}, Internal("encode a job", err)
	}
	return Job{ID: "snooze:" + string(cv) + ":" + until.UTC().Format("20060102150405.000"), Kind: JobSnooze, Due: until, Payload: payload}, nil
}

// lateSleepers wakes what no job has woken.
func (s *Service) lateSleepers(ctx context.Context, now time.Time) error {
	list, err := s.Store.Asleep(ctx, now.Add(-overdue), 20)
	if err != nil {
		return err
	}
	for _, cv := range list {
		events, err := s.Store.Wake(ctx, cv.ID, System(), cv.SnoozedUntil, now)
		if err != nil {
			return err
		}
		s.publish(ctx, events...)
	}
	return nil
}

// wakeUp ends a sleep whose time is over. Another that began since stays.
func (s *Service) wakeUp(ctx context.Context, j Job) error {
	var p snoozeJob
	if err := json.Unmarshal(j.Payload, &p); err != nil || p.Conversation == "" || p.Until == 0 {
		return Invalid("payload")
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.Wake(ctx, p.Conversation, System(), time.UnixMilli(p.Until), now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}
