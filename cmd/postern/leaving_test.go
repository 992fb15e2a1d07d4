package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// waits is a mailbox with patient visitors, whose clock jumps.
type waits struct {
	*row
	off time.Duration
}

// passes lets time go by in steps until ok holds. The gateway looks every two seconds.
func (w *waits) passes(what string, step time.Duration, ok func() bool) {
	w.Helper()
	for end := time.Now().Add(longPatience); !ok(); {
		if time.Now().After(end) {
			w.Fatalf("waited in vain: %s", what)
		}
		w.off += step
		w.clock.set(w.T, w.off)
		for look := time.Now().Add(3 * time.Second); time.Now().Before(look) && !ok(); time.Sleep(50 * time.Millisecond) {
		}
	}
}

func (w *waits) reads(id string) gateway.Conversation {
	w.Helper()
	cv, err := w.Service.Store.Conversation(w.Context(), gateway.ID(id))
	if err != nil {
		w.Fatal(err)
	}
	return cv
}

// begins starts a chat while somebody is there for it.
func (w *waits) begins(mia, visitor *client, more map[string]any) string {
	w.Helper()
	mia.ok("availability.set", map[string]any{"value": "available"})
	args := map[string]any{"command_id": string(id(w.T, "")), "client_id": string(id(w.T, ""))}
	for k, v := range more {
		args[k] = v
	}
	return visitor.ok("conversation.start", args)["conversation"].(map[string]any)["id"].(string)
}

// settles changes how long its mailbox lets wait, and when it is open.
func (w *waits) settles(missed time.Duration, hours gateway.Hours) {
	w.Helper()
	st := w.Service.Store
	box, err := st.Mailbox(w.Context(), w.box.ID)
	if err != nil {
		w.Fatal(err)
	}
	box.Missed, box.Hours, box.Zone = missed, hours, "UTC"
	if _, _, err := st.SaveMailbox(w.Context(), box, gateway.System(), w.clock.now()); err != nil {
		w.Fatal(err)
	}
}

// missedWhy is why it was missed, "" = it was not, and how often.
func (w *waits) missedWhy(cv string) (why string, times int) {
	w.Helper()
	events, err := w.Service.Store.Events(w.Context(), cv, 0, 100)
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range events {
		if m := (gateway.ConversationMissed{}); e.Kind == m.Kind() {
			if err := json.Unmarshal(e.Payload, &m); err != nil {
				w.Fatal(err)
			}
			why, times = m.Why, times+1
		}
	}
	return why, times
}

// Long before its time is over a wait ends with a visitor who leaves, and with the mailbox's hours: a word is one ticket,
// none is no ticket. A chat whose agent goes away heads the queue again, is told to its visitor, and rings first at that
// agent when he is back; if its visitor has gone too, it is a ticket of that agent (P34, P40 to P43).
func TestLeaving(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			w := &waits{row: newRow(t, startFixture(t, engine, options{clock: true}))}
			w.given()
			w.settles(3*time.Hour, nil)
			mia := w.as("ag1")
			w.visitorLeaves(mia)
			w.hoursEnd(mia)
			w.agentLeaves(mia)
			w.bothLeave()
		})
	}
}

func (w *waits) visitorLeaves(mia *client) {
	vic, eve := w.visit(newBrowser(w.T)), w.visit(newBrowser(w.T))
	said, silent := w.begins(mia, vic, map[string]any{"text": "Anybody?"}), w.begins(mia, eve, nil)
	_, _ = vic.ws.CloseNow(), eve.ws.CloseNow()
	w.passes("both are missed", 31*time.Second, func() bool {
		return w.reads(said).Status != gateway.Queued && w.reads(silent).Status != gateway.Queued
	})
	why, times := w.missedWhy(said)
	if cv := w.reads(said); why != "left" || times != 1 || cv.Number == 0 || cv.Status != gateway.Open {
		w.Errorf("left after a word: %d times %q, %+v", times, why, cv)
	}
	_, times = w.missedWhy(silent)
	if cv := w.reads(silent); times != 0 || cv.Number != 0 || cv.Status != gateway.Closed || cv.Outcome != gateway.Abandoned {
		w.Errorf("left without a word: %+v", cv)
	}
	endings, err := w.Service.Store.Endings(w.Context(), w.clock.now().Add(-time.Hour))
	if err != nil || len(endings) != 1 || endings[0].Outcome != gateway.Abandoned || endings[0].N != 1 {
		w.Errorf("counted: %+v, %v", endings, err)
	}
}

func (w *waits) hoursEnd(mia *client) {
	now := w.clock.now().UTC()
	minute := now.Hour()*60 + now.Minute()
	w.settles(3*time.Hour, gateway.Hours{{Day: now.Weekday(), From: minute, To: (minute + 40) % (24 * 60)}})
	vic := w.visit(newBrowser(w.T))
	cv := w.begins(mia, vic, map[string]any{"text": "Before you close"})
	w.passes("the hours end", 10*time.Minute, func() bool { return w.reads(cv).Status != gateway.Queued })
	if why, times := w.missedWhy(cv); why != "hours" || times != 1 || w.reads(cv).Number == 0 {
		w.Errorf("out of hours: %d times %q, %+v", times, why, w.reads(cv))
	}
	if told := vic.event("conversation.missed", cv)["data"].(map[string]any); told["number"] != float64(w.reads(cv).Number) {
		w.Errorf("the visitor is told %v", told)
	}
	other := w.visit(newBrowser(w.T))
	other.refused("mailbox_closed", "conversation.start", map[string]any{"command_id": "c", "client_id": "c", "text": "Too late?"})
	w.settles(3*time.Hour, nil)
}

func (w *waits) agentLeaves(mia *client) {
	vic, eve := w.visit(newBrowser(w.T)), w.visit(newBrowser(w.T))
	first := w.begins(mia, vic, map[string]any{"text": "The first one"})
	mia.ok("conversation.claim", map[string]any{"conversation": first})
	second := w.begins(mia, eve, map[string]any{"text": "The second one"})
	was := w.reads(first)
	_ = mia.ws.CloseNow()
	w.passes("the chat comes back", 2*time.Minute, func() bool { return w.reads(first).Status == gateway.Queued })
	cv, now := w.reads(first), w.clock.now()
	if !cv.QueuedAt.Equal(was.QueuedAt) || cv.Assignee != "" || cv.Round != was.Round+1 || cv.MissedAt.Before(now.Add(2*time.Hour)) {
		w.Errorf("back in the queue: %+v, was %+v", cv, was)
	}
	for id, want := range map[string]int{first: 0, second: 1} {
		if place, err := w.Service.Store.Place(w.Context(), gateway.ID(id)); err != nil || place != want {
			w.Errorf("place %d, want %d: %v", place, want, err)
		}
	}
	vic.until("that it waits again", func(f map[string]any) bool {
		d, _ := f["data"].(map[string]any)
		return f["ev"] == "conversation.queued" && f["topic"] == first && d["back"] == true
	})
	back := w.as("ag1")
	back.ok("availability.set", map[string]any{"value": "available"})
	waitFor(w.T, "his own rings first", func() bool { return w.reads(first).Offer.Agent == w.staff["ag1"].ID })
	if a, err := w.Service.Store.Agent(w.Context(), w.staff["ag1"].ID); err != nil || a.Active > a.Capacity {
		w.Errorf("%+v, %v", a, err)
	}
}

func (w *waits) bothLeave() {
	mia, vic := w.as("ag1"), w.visit(newBrowser(w.T))
	cv := w.begins(mia, vic, map[string]any{"text": "Where is it?"})
	mia.ok("conversation.claim", map[string]any{"conversation": cv})
	mia.ok("message.send", map[string]any{"conversation": cv, "client_id": "both", "text": "I look."})
	_, _ = vic.ws.CloseNow(), mia.ws.CloseNow()
	w.passes("the chat is given up by nobody", 31*time.Second, func() bool { return w.reads(cv).Status != gateway.Active })
	row := w.reads(cv)
	if _, times := w.missedWhy(cv); times != 0 || row.Status != gateway.Open || row.Number == 0 || row.Assignee != w.staff["ag1"].ID {
		w.Errorf("missed %d times, %+v", times, row)
	}
}
