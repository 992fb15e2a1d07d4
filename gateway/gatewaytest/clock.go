package gatewaytest

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// promised starts a conversation whose clocks are looked at in ten minutes.
func (w *World) promised(p gateway.Promise) gateway.Conversation {
	w.Helper()
	c, _, err := w.Store.StartConversation(w.Context(), gateway.Start{
		ID: w.ID(gateway.PrefixConversation), Visitor: w.ID(gateway.PrefixVisitor), Mailbox: w.Mailbox, Missed: time.Hour,
		CommandID: string(w.ID("")), First: &gateway.Message{ID: w.ID(gateway.PrefixMessage), ClientID: "first", Text: `Is "unverified":true a word?`},
		Clock: &gateway.ClockStart{Promise: p, LookAt: w.Now().Add(10 * time.Minute)},
	}, w.Now())
	w.ok(err)
	return c
}

// clock leases the job that is due now and gives its due time; zero = none is.
func (w *World) clock() time.Time {
	w.Helper()
	j, ok, err := w.Store.LeaseJob(w.Context(), "n", time.Minute, w.Now())
	w.ok(err)
	if !ok {
		return time.Time{}
	}
	if j.Kind == gateway.JobClock {
		w.ok(w.Store.FinishJob(w.Context(), j.ID, "n", w.Now()))
		return j.Due
	}
	w.ok(w.Store.FinishJob(w.Context(), j.ID, "n", w.Now()))
	return w.clock()
}

func (w *World) telling(key string, to ...gateway.ID) gateway.Telling {
	return gateway.Telling{Key: key, Payload: gateway.ClockWarned{Clock: gateway.ClockFirst, Due: 5}, To: to}
}

func clockFacts(w *World) {
	p := gateway.Promise{Targets: gateway.Targets{First: 15, Next: 480}, Levels: [3]int{60, 0, 1440}}
	c, other := w.promised(p), w.Start("nothing promised")
	ada := w.NewAgent("Ada", 3)
	w.Pass(time.Minute)
	answered := w.Now()
	_, err := w.Store.Append(w.Context(), w.Answer(c, ada, "a"))
	w.ok(err)
	w.Pass(time.Minute)
	mail := w.Message(c, "m", "I am another")
	mail.Payload = gateway.MessageCreated{Message: gateway.Message{ID: w.ID(gateway.PrefixMessage), Text: "hi", Via: "email", Unproven: true}}
	_, err = w.Store.Append(w.Context(), mail)
	w.ok(err)
	got, err := w.Store.Clocks(w.Context(), []gateway.ID{c.ID, other.ID, "cv_none"})
	w.ok(err)
	f, ok := got[c.ID]
	want := []gateway.Said{{At: c.StartedAt, Visitor: true}, {At: answered}}
	if !ok || len(got) != 1 || f.Promise != p || !f.LookAt.Equal(c.StartedAt.Add(10*time.Minute)) || !slices.EqualFunc(f.Said, want, func(a, b gateway.Said) bool {
		return a.At.Equal(b.At) && a.Visitor == b.Visitor
	}) {
		w.Errorf("%+v, want %+v", got, want)
	}
}

func clockKept(w *World) {
	c, ada, sol := w.promised(gateway.Promise{Targets: gateway.Targets{First: 15}}), w.NewAgent("Ada", 3), w.NewAgent("Sol", 3)
	w.Pass(10 * time.Minute)
	due := w.clock()
	if !due.Equal(c.StartedAt.Add(10 * time.Minute)) {
		w.Fatalf("the first look is due at %s", due)
	}
	look := func(at, next time.Time, version int64, tell ...gateway.Telling) ([]gateway.Event, error) {
		return w.Store.KeepClocks(w.Context(), gateway.ClockLook{
			Conversation: c.ID, Version: version, LookAt: at, Next: next, Late: true, Risk: true, Tell: tell,
		}, w.Now())
	}
	w.unmoved("conflict", func() error {
		_, err := look(due, w.Now().Add(time.Hour), c.Version+1, w.telling("first:warn"))
		return err
	})
	w.unmoved("not_found", func() error {
		_, err := w.Store.KeepClocks(w.Context(), gateway.ClockLook{Conversation: "cv_none"}, w.Now())
		return err
	})
	next := w.Now().Add(5 * time.Minute)
	var mu sync.Mutex
	told := 0
	errs := race(8, func(int) error {
		events, err := look(due, next, c.Version, w.telling("first:warn", ada, sol), w.telling("level:1"))
		mu.Lock()
		defer mu.Unlock()
		told += len(events)
		return err
	})
	if winners(errs) != 8 || told != 6 {
		w.Fatalf("%d events of eight looks: %v", told, errs)
	}
	if events, err := look(next, time.Time{}, c.Version, w.telling("first:warn")); err != nil || len(events) > 0 {
		w.Errorf("told again: %v, %v", events, err)
	}
	if events, err := look(due, w.Now(), c.Version, w.telling("first:over")); err != nil || len(events) > 0 {
		w.Errorf("an appointment that is kept is kept again: %v, %v", events, err)
	}
	marks, err := w.Store.ClockMarks(w.Context(), c.ID)
	if err != nil || len(marks) != 2 || !marks["first:warn"] || !marks["level:1"] {
		w.Errorf("%v, %v", marks, err)
	}
	for topic, want := range map[gateway.ID]int{gateway.ID(c.ID.Staff()): 2, w.Mailbox: 2, ada: 1, sol: 1, c.ID: 0} {
		if got := strings.Count(w.kinds(topic), "clock.warned"); got != want {
			w.Errorf("%s: told %d times, want %d", topic, got, want)
		}
	}
	late, err := w.Store.Conversations(w.Context(), gateway.ConversationFilter{Late: true})
	if err != nil || len(late) != 1 || late[0].ID != c.ID {
		w.Errorf("late: %v, %v", late, err)
	}
	risk, err := w.Store.Conversations(w.Context(), gateway.ConversationFilter{Risk: true})
	if err != nil || len(risk) != 1 || risk[0].ID != c.ID {
		w.Errorf("at risk: %v, %v", risk, err)
	}
	w.Pass(time.Hour)
	if due := w.clock(); due.After(next) {
		w.Errorf("the last look appointed another: %s", due)
	}
}

func clockAgain(w *World) {
	c := w.promised(gateway.Promise{Targets: gateway.Targets{Next: 480}})
	other := w.Start("nothing promised")
	for _, id := range []gateway.ID{c.ID, other.ID} {
		_, _, err := w.Store.OpenTicket(w.Context(), id, gateway.System(), "hi", "form", w.Now())
		w.ok(err)
	}
	w.Pass(10 * time.Minute)
	due := w.clock()
	_, err := w.Store.CloseConversation(w.Context(), c.ID, gateway.System(), gateway.Resolved, "", w.Now())
	w.ok(err)
	_, err = w.Store.KeepClocks(w.Context(), gateway.ClockLook{Conversation: c.ID, Version: w.Conversation(c.ID).Version, LookAt: due}, w.Now())
	w.ok(err)
	w.unmoved("conversation_closed", func() error {
		_, err := w.Store.Escalate(w.Context(), c.ID, gateway.System(), w.telling("level:1"), w.Now())
		return err
	})
	w.Pass(24 * time.Hour)
	if due := w.clock(); !due.IsZero() {
		w.Errorf("a look at what has ended is due at %s", due)
	}
	if n, err := w.Store.ResumeClocks(w.Context(), w.Now(), w.Now()); err != nil || n != 0 {
		w.Errorf("%d looks were taken up again: %v", n, err)
	}
	_, err = w.Store.Append(w.Context(), w.Message(c, "again", "It is back"))
	w.ok(err)
	again := w.clock()
	if !again.Equal(w.Now()) {
		w.Errorf("reopened at %s, looked at %s", w.Now(), again)
	}
	// A node that does not know the job stops it.
	w.Pass(time.Hour)
	if n, err := w.Store.ResumeClocks(w.Context(), w.Now().Add(-time.Minute), w.Now()); err != nil || n != 1 {
		w.Errorf("%d looks were taken up again: %v", n, err)
	}
	if due := w.clock(); !due.Equal(w.Now()) {
		w.Errorf("taken up again, and due at %s", due)
	}
}

func escalateOnce(w *World) {
	c, ada := w.Start("nothing promised"), w.NewAgent("Ada", 3)
	p := gateway.ConversationEscalated{Level: 2, Reason: "stuck", Told: []gateway.Hearer{{ID: ada, Name: "Ada"}}}
	t := gateway.Telling{Key: "level:2", Payload: p, To: []gateway.ID{ada}}
	errs := race(8, func(int) error {
		_, err := w.Store.Escalate(w.Context(), c.ID, agent(ada), t, w.Now())
		return err
	})
	if winners(errs) != 1 {
		w.Fatalf("%d told of it: %v", winners(errs), errs)
	}
	w.unmoved("conflict", func() error {
		_, err := w.Store.Escalate(w.Context(), c.ID, agent(ada), t, w.Now())
		return err
	})
	w.unmoved("not_found", func() error {
		_, err := w.Store.Escalate(w.Context(), "cv_none", agent(ada), t, w.Now())
		return err
	})
	for topic, want := range map[gateway.ID]int{gateway.ID(c.ID.Staff()): 1, w.Mailbox: 1, ada: 1, c.ID: 0} {
		if got := strings.Count(w.kinds(topic), "conversation.escalated"); got != want {
			w.Errorf("%s: told %d times, want %d", topic, got, want)
		}
	}
}
