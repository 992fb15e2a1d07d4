package gateway

import (
	"context"
	"encoding/json"
	"maps"
	"time"
)

// How often a conversation that moves is looked at again at once, and how late a look may be before a starting node
// makes a job of it.
const (
	clockTries   = 5
	clockOverdue = 15 * time.Minute
)

// keepClocks looks at a conversation's clocks at the appointed time.
func (s *Service) keepClocks(ctx context.Context, j Job) error {
	var p struct {
		Conversation ID `json:"conversation"`
	}
	if err := json.Unmarshal(j.Payload, &p); err != nil || p.Conversation == "" {
		return Invalid("payload")
	}
	for try := 1; ; try++ {
		if err := s.lookAtClocks(ctx, p.Conversation, j.Due); CodeOf(err) != "conflict" || try == clockTries {
			return err
		}
	}
}

func (s *Service) lookAtClocks(ctx context.Context, id ID, appointed time.Time) error {
	cv, err := s.Store.Conversation(ctx, id)
	if err != nil {
		return err
	}
	facts, err := s.Store.Clocks(ctx, []ID{id})
	if err != nil {
		return err
	}
	f, ok := facts[id]
	if !ok {
		return nil
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	l := ClockLook{Conversation: id, Version: cv.Version, LookAt: appointed}
	if !cv.Status.Ended() {
		if err := s.tellClocks(ctx, cv, f, &l, now); err != nil {
			return err
		}
	}
	events, err := s.Store.KeepClocks(ctx, l, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}

// tellClocks adds to a look what is to be told now.
func (s *Service) tellClocks(ctx context.Context, cv Conversation, f ClockFacts, l *ClockLook, now time.Time) error {
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return err
	}
	told, err := s.Store.ClockMarks(ctx, cv.ID)
	if err != nil {
		return err
	}
	seen := f.Promise.Look(mb.Calendar(), f.Said, told, now)
	l.Late, l.Risk, l.Next = seen.Late, seen.Risk, seen.Next
	for _, m := range seen.Tell {
		t, err := s.telling(ctx, cv, mb, m, now)
		if err != nil {
			return err
		}
		l.Tell = append(l.Tell, t)
	}
	return nil
}

func (s *Service) telling(ctx context.Context, cv Conversation, mb Mailbox, m Mark, now time.Time) (Telling, error) {
	t := Telling{Key: m.Key()}
	if m.Level == 0 && !m.Over {
		t.Payload = ClockWarned{m.Clock.Name, m.Clock.Due.UnixMilli()}
		if cv.Assignee != "" {
			t.To = []ID{cv.Assignee}
		}
		return t, nil
	}
	hearers, err := s.hearers(ctx, cv, mb, m.Level)
	if err != nil {
		return t, err
	}
	t.To = idsOf(hearers)
	if m.Level == 0 {
		t.Payload = ClockBroken{m.Clock.Name, m.Clock.Due.UnixMilli()}
		return t, nil
	}
	report, err := s.report(ctx, cv, mb, now)
	if err != nil {
		return t, err
	}
	p := ConversationEscalated{Level: m.Level, Told: hearers, Report: report}
	t.Payload = p
	t.Jobs, err = reportJobs(cv, mb, "", p, now)
	return t, err
}

// ResumeClocks looks at clocks that nobody has looked at when he should: a node of a version before does not know the
// job and stops it. Errors: the store's.
func (s *Service) ResumeClocks(ctx context.Context) error {
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	_, err = s.Store.ResumeClocks(ctx, now.Add(-clockOverdue), now)
	return err
}

// RunningClocks gives, of these conversations, the clock that runs out next; one without is left out. Errors: the
// store's.
func (s *Service) RunningClocks(ctx context.Context, list []Conversation) (map[ID]Clock, error) {
	box := map[ID]ID{}
	var living []Conversation
	for _, cv := range list {
		if !cv.Status.Ended() {
			box[cv.ID], living = cv.Mailbox, append(living, cv)
		}
	}
	facts, ids := s.Clocks.split(living)
	if len(ids) > 0 {
		read, err := s.Store.Clocks(ctx, ids)
		if err != nil {
			return nil, err
		}
		s.Clocks.keep(living, ids, read)
		maps.Copy(facts, read)
	}
	calendars, out := map[ID]Calendar{}, map[ID]Clock{}
	for id, f := range facts {
		cal, known := calendars[box[id]]
		if !known {
			mb, err := s.Store.Mailbox(ctx, box[id])
			if err != nil {
				return nil, err
			}
			cal = mb.Calendar()
			calendars[box[id]] = cal
		}
		if c, ok := NextClock(f.Promise.Running(cal, f.Said)); ok {
			out[id] = c
		}
	}
	return out, nil
}
