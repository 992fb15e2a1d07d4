package gatewaytest

import (
	"time"

	"github.com/postern-chat/postern/gateway"
)

func (w *World) agent(id gateway.ID) gateway.Agent {
	w.Helper()
	a, err := w.Store.Agent(w.Context(), id)
	w.ok(err)
	return a
}

func inactive(w *World) {
	a, busy, rule := w.NewAgent("Ada", 1), w.NewAgent("Bob", 1), gateway.DefaultInactivity()
	lapse := func(id gateway.ID) int {
		w.Helper()
		events, err := w.Store.Lapse(w.Context(), id, rule, w.Now())
		w.ok(err)
		return len(events)
	}
	if lapse(a) != 0 {
		w.Error("a new agent is inactive")
	}
	w.Pass(48 * time.Hour)
	w.ok(w.Store.Acted(w.Context(), []gateway.ID{busy}, w.Now()))
	moved := make([]int, 8)
	race(8, func(i int) error { moved[i] = lapse(a); return nil })
	won := 0
	for _, n := range moved {
		if n > 0 {
			won++
		}
	}
	if won != 1 || lapse(busy) != 0 {
		w.Errorf("marked %d times, want once; or somebody who works", won)
	}
	w.letters("inactive", 1) // he is told by mail, once
	if got := w.agent(a); got.InactiveAt.IsZero() || got.PausedFor != "inactive" || !got.DisabledAt.IsZero() {
		w.Errorf("marked: %+v", got)
	}
	c := w.Start("hi")
	w.unmoved("forbidden", func() error {
		_, err := w.Store.Offer(w.Context(), c.ID, a, c.Version, w.Now().Add(time.Second), w.Now())
		return err
	})
	_, err := w.Store.Resume(w.Context(), a, w.Now())
	w.ok(err)
	if got := w.agent(a); !got.InactiveAt.IsZero() || !got.PausedAt.IsZero() {
		w.Errorf("back: %+v", got)
	}
	w.ok(w.Store.Acted(w.Context(), []gateway.ID{a}, w.Now()))
	w.Pass(48 * time.Hour)
	lapse(a)
	w.Pass(119 * time.Hour)
	if lapse(a) != 0 {
		w.Error("disabled too early")
	}
	w.ok(w.Store.SaveSession(w.Context(), "s", a, "", w.Now().Add(time.Hour), w.Now()))
	w.Pass(time.Hour)
	if lapse(a) == 0 || lapse(a) != 0 {
		w.Error("not disabled, or twice")
	}
	w.letters("disabled", 1)
	got := w.agent(a)
	if _, err := w.Store.Session(w.Context(), "s", w.Now()); gateway.CodeOf(err) != "not_found" || got.DisabledAt.IsZero() {
		w.Errorf("disabled: %+v, session %v", got, err)
	}
	got.DisabledAt = time.Time{}
	got, _, err = w.Store.SaveAgent(w.Context(), got, gateway.System(), w.Now())
	w.ok(err)
	if !got.InactiveAt.IsZero() || lapse(a) != 0 {
		w.Errorf("opened again: %+v", got)
	}
}

func absence(w *World) {
	a, c := w.NewAgent("Ada", 2), w.Start("hi")
	away := func(from, until time.Time) {
		w.Helper()
		_, err := w.Store.SetAway(w.Context(), a, from, until, agent(a), w.Now())
		w.ok(err)
	}
	away(w.Now(), w.Now().Add(72*time.Hour))
	list, err := w.Store.Candidates(w.Context(), w.Mailbox, c.ID)
	w.ok(err)
	if len(list) != 1 || !list[0].AwayUntil.Equal(w.Now().Add(72*time.Hour)) {
		w.Errorf("candidates: %+v", list)
	}
	offer := func() error {
		_, err := w.Store.Offer(w.Context(), c.ID, a, w.Conversation(c.ID).Version, w.Now().Add(time.Second), w.Now())
		return err
	}
	w.unmoved("forbidden", offer)
	w.unmoved("forbidden", func() error {
		_, err := w.Store.Assign(w.Context(), gateway.Assignment{Conversation: c.ID, By: gateway.System(), ToAgent: a}, w.Now())
		return err
	})
	w.Pass(71 * time.Hour)
	if events, err := w.Store.Lapse(w.Context(), a, gateway.DefaultInactivity(), w.Now()); err != nil || len(events) > 0 {
		w.Errorf("inactive while away: %v", err)
	}
	w.Pass(time.Hour)
	w.ok(offer())
	_, err = w.Store.Claim(w.Context(), c.ID, a, "offer", w.Now())
	w.ok(err)
	w.unmoved("conflict", func() error {
		_, err := w.Store.Unassign(w.Context(), c.ID, a, "disabled", w.Now())
		return err
	})
	_, _, err = w.Store.OpenTicket(w.Context(), c.ID, gateway.System(), "hi", "agent", w.Now())
	w.ok(err)
	_, err = w.Store.Unassign(w.Context(), c.ID, a, "disabled", w.Now())
	w.ok(err)
	if got := w.Conversation(c.ID); got.Assignee != "" || got.Number == 0 {
		w.Errorf("row: %+v", got)
	}
}
