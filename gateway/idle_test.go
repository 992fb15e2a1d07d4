package gateway

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestIdleStep(t *testing.T) {
	began := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	agent := func(status Status, told, since time.Time) IdleRow {
		return IdleRow{Conversation: Conversation{Status: status, LastAuthor: RoleAgent, LastMessageAt: began}, ToldFor: told, Since: since}
	}
	asked := agent(Active, time.Time{}, time.Time{})
	asked.LastAuthor = RoleVisitor
	asleep := agent(Waiting, began, time.Time{})
	asleep.SnoozedUntil = began.Add(90 * 24 * time.Hour)
	passed := agent(Active, began, time.Time{})
	passed.ClaimedAt = began.Add(29 * time.Minute)
	for _, c := range []struct {
		name  string
		row   IdleRow
		after time.Duration
		want  IdleDo
	}{
		{"a chat after 24 minutes", agent(Active, time.Time{}, time.Time{}), 24 * time.Minute, IdleNothing},
		{"a chat after 25 minutes", agent(Active, time.Time{}, time.Time{}), 25 * time.Minute, IdleWarn},
		{"warned, after 29 minutes", agent(Active, began, time.Time{}), 29 * time.Minute, IdleNothing},
		{"warned, after 30 minutes", agent(Active, began, time.Time{}), 30 * time.Minute, IdleEnd},
		{"nobody warned for hours", agent(Active, time.Time{}, time.Time{}), 5 * time.Hour, IdleWarn},
		{"the visitor stayed", agent(Active, began, began.Add(26*time.Minute)), 31 * time.Minute, IdleNothing},
		{"he stayed, and is silent again", agent(Active, began, began.Add(26*time.Minute)), 51 * time.Minute, IdleWarn},
		{"warned, and claimed by another", passed, 31 * time.Minute, IdleNothing},
		{"silent to the other too", passed, 54 * time.Minute, IdleWarn},
		{"the visitor waits for us", asked, 90 * 24 * time.Hour, IdleNothing},
		{"a queued chat", agent(Queued, began, time.Time{}), 90 * 24 * time.Hour, IdleNothing},
		{"a ticket after 11 hours", agent(Waiting, time.Time{}, time.Time{}), 11 * time.Hour, IdleNothing},
		{"a ticket after 12 hours", agent(Waiting, time.Time{}, time.Time{}), 12 * time.Hour, IdleWarn},
		{"reminded, after 24 hours", agent(Waiting, began, time.Time{}), 24 * time.Hour, IdleEnd},
		{"our turn in a ticket", agent(Open, began, time.Time{}), 90 * 24 * time.Hour, IdleNothing},
		{"it sleeps", asleep, 60 * 24 * time.Hour, IdleNothing},
		{"it has ended", agent(Closed, began, time.Time{}), 90 * 24 * time.Hour, IdleNothing},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := IdleStep(c.row, DefaultIdle(), began.Add(c.after)); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Ten thousand random timelines of a chat agree with a small model: it counts minutes of silence (R7).
func TestIdleTimelines(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	times := DefaultIdle()
	for n := range 10_000 {
		now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
		row := IdleRow{Conversation: Conversation{Status: Active, LastAuthor: RoleVisitor, LastMessageAt: now}}
		quiet, ours, warned := 0, true, false // the model
		for minute := range 90 {
			now = now.Add(time.Minute)
			quiet++
			switch r.IntN(40) {
			case 0:
				row.LastAuthor, row.LastMessageAt = RoleVisitor, now
				quiet, ours, warned = 0, true, false
			case 1, 2:
				row.LastAuthor, row.LastMessageAt = RoleAgent, now
				quiet, ours, warned = 0, false, false
			case 3:
				row.Since = now
				quiet, warned = 0, false
			}
			want := IdleNothing
			if !ours && warned && quiet >= 30 {
				want = IdleEnd
			} else if !ours && !warned && quiet >= 25 {
				want = IdleWarn
			}
			if got := IdleStep(row, times, now); got != want {
				t.Fatalf("timeline %d, minute %d: %q, the model says %q", n, minute, got, want)
			}
			if want == IdleWarn {
				row.ToldFor, warned = row.Silence(), true
			}
			if want == IdleEnd {
				break
			}
		}
	}
}

func TestCheckIdle(t *testing.T) {
	if err := (Mailbox{}).CheckIdle(); err != nil {
		t.Error(err)
	}
	for name, times := range map[string]IdleTimes{
		"a chat ends before it warns": {25, 20, 720, 1440}, "no warning": {0, 30, 720, 1440}, "a chat of days": {25, 2000, 720, 1440},
		"a ticket ends at once": {25, 30, 10, 60}, "a ticket of a year": {25, 30, 720, 365 * 1440}, "a reminder behind the end": {25, 30, 1500, 1440},
	} {
		if err := (Mailbox{Idle: &times}).CheckIdle(); CodeOf(err) != "invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConfirmed(t *testing.T) {
	ev := func(by Role, payload string) Event {
		return Event{Kind: "message.created", Actor: Actor{Role: by}, Payload: []byte(payload)}
	}
	for name, c := range map[string]struct {
		events []Event
		want   bool
	}{
		"typed in a form":       {[]Event{ev(RoleVisitor, `{"text":"a"}`)}, false},
		"an unverified mail":    {[]Event{ev(RoleVisitor, `{"text":"a","via":"email","unverified":true}`)}, false},
		"a proven mail":         {[]Event{ev(RoleVisitor, `{"text":"a"}`), ev(RoleVisitor, `{"text":"b","via":"email"}`)}, true},
		"an agent's own answer": {[]Event{ev(RoleAgent, `{"text":"b","via":"email"}`)}, false},
	} {
		if got := confirmed(c.events); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
