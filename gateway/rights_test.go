package gateway

import (
	"context"
	"testing"
	"time"
)

// logins counts what is read of sessions and epochs.
type logins struct {
	Store
	epoch    int64
	sessions map[string]Session
	reads    int
}

func (l *logins) Epoch(context.Context) (int64, error) { return l.epoch, nil }

func (l *logins) Session(_ context.Context, hash string, _ time.Time) (Session, error) {
	l.reads++
	if s, ok := l.sessions[hash]; ok {
		return s, nil
	}
	return Session{}, NotFound()
}

// A session is remembered as long as its epoch vouches for it, never past its own end, and not for longer than half a
// minute whatever the epoch says.
func TestRemembered(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	l := &logins{epoch: 7, sessions: map[string]Session{"a": {Agent: Agent{ID: "ag_1"}, Until: now.Add(time.Minute)}}}
	s := &Service{Store: l, Rights: NewRightsMemory(), Now: func() time.Time { return now }}
	ask := func(what string, reads int, code string) {
		t.Helper()
		_, epoch, err := s.Remembered(t.Context(), "a", now)
		if CodeOf(err) != code || l.reads != reads || err == nil && epoch != l.epoch {
			t.Errorf("%s: %v, epoch %d, %d reads; want %q and %d", what, err, epoch, l.reads, code, reads)
		}
	}
	ask("the first time", 1, "")
	ask("again", 1, "")
	l.epoch = 8
	s.Rights.moved("cv_1")
	ask("after somebody lost a right", 2, "")
	now = now.Add(rightsLife)
	ask("half a minute later", 3, "")
	now = now.Add(rightsLife - time.Second)
	ask("before its end", 3, "")
	now = now.Add(time.Second)
	ask("at its end", 4, "not_found")
	delete(l.sessions, "a")
	s.Rights.moved("cv_1")
	ask("signed out", 5, "not_found")
}
