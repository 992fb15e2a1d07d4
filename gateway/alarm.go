package gateway

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"
)

const (
	alarmEvery  = time.Hour
	alarmHour   = 9 // of the morning, for a mailbox that never closes
	alarmOldest = 10
)

// AlarmStore tells of a mailbox once.
type AlarmStore interface {
	// Alarm stores an alarm unless there was one of its day, in the mailbox's topic and in that of each of to, who also
	// gets a letter. Told again it gives no events.
	Alarm(ctx context.Context, a MailboxAlarmed, to []ID, now time.Time) ([]Event, error)
}

// AlarmDay gives the mailbox's local day if it is time for its alarm: it is open, or it never closes and it is morning.
func (m Mailbox) AlarmDay(now time.Time) (day string, due bool) {
	loc, err := time.LoadLocation(m.Zone)
	if err != nil {
		loc = time.UTC
	}
	local := now.In(loc)
	open, until := m.OpenAt(now)
	return local.Format(time.DateOnly), open && (!until.IsZero() || local.Hour() >= alarmHour)
}

// Overdue finds those of these conversations in which somebody has waited for an answer longer than limit of open time,
// who waits longest first. facts are of those that were promised anything; others never count.
func Overdue(cal Calendar, facts map[ID]ClockFacts, limit time.Duration, now time.Time) (ids []ID, longest time.Duration) {
	waits := map[ID]time.Duration{}
	for id, f := range facts {
		if d := Waits(cal, f.Said, now); d > limit {
			waits[id], ids = d, append(ids, id)
			longest = max(longest, d)
		}
	}
	slices.SortFunc(ids, func(a, b ID) int { return cmp.Or(cmp.Compare(waits[b], waits[a]), cmp.Compare(a, b)) })
	return ids, longest
}

// alarmJob is the payload of one mailbox's alarm.
type alarmJob struct {
	Mailbox ID     `json:"mailbox"`
	Day     string `json:"day"`
}

// alarms makes a job for each mailbox whose alarm of the day is due, and leaves the next look behind.
func (s *Service) alarms(ctx context.Context) error {
	now, err := s.leaveNext(ctx, JobAlarms, alarmEvery)
	if err != nil {
		return err
	}
	boxes, err := s.Store.Mailboxes(ctx)
	if err != nil {
		return err
	}
	for _, mb := range boxes {
		day, due := mb.AlarmDay(now)
		if !due || mb.Promises().Off {
			continue
		}
		payload, err := json.Marshal(alarmJob{mb.ID, day})
		if err != nil {
			return Internal("encode an alarm", err)
		}
		if err := s.Store.Enqueue(ctx, Job{ID: "alarm:" + string(mb.ID) + ":" + day, Kind: JobAlarm, Due: now, Payload: payload}); err != nil {
			return err
		}
	}
	return nil
}

// alarm tells of a mailbox in which somebody has waited longer than one work day (product.md P92).
func (s *Service) alarm(ctx context.Context, j Job) error {
	var p alarmJob
	if err := json.Unmarshal(j.Payload, &p); err != nil || p.Mailbox == "" {
		return Invalid("payload")
	}
	mb, err := s.Store.Mailbox(ctx, p.Mailbox)
	if err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	list, err := s.Store.Conversations(ctx, ConversationFilter{
		Mailboxes: []ID{mb.ID}, Statuses: []Status{Queued, Active, Open, Waiting}, OurTurn: true, Limit: 200,
	})
	if err != nil || len(list) == 0 {
		return err
	}
	ids := make([]ID, len(list))
	for i, cv := range list {
		ids[i] = cv.ID
	}
	facts, err := s.Store.Clocks(ctx, ids)
	if err != nil {
		return err
	}
	over, longest := Overdue(mb.Calendar(), facts, mb.WorkDay(), now)
	if len(over) == 0 {
		return nil
	}
	to, err := s.leaders(ctx)
	if err != nil {
		return err
	}
	a := MailboxAlarmed{mb.ID, p.Day, len(over), longest.Milliseconds(), over[:min(len(over), alarmOldest)]}
	events, err := s.Store.Alarm(ctx, a, to, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}
