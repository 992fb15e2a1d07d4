package gatewaytest

import (
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

func claimRace(w *World) {
	c := w.Start("hi")
	var agents []gateway.ID
	for i := range 16 {
		agents = append(agents, w.NewAgent("Agent"+string(rune('a'+i)), 1))
	}
	errs := race(16, func(i int) error {
		_, err := w.Store.Claim(w.Context(), c.ID, agents[i], "hand", w.Now())
		return err
	})
	if winners(errs) != 1 {
		w.Fatalf("%d winners: %v", winners(errs), errs)
	}
	winner := w.Conversation(c.ID).Assignee
	for i, err := range errs {
		if err == nil {
			w.wantSeats(agents[i], 1)
			continue
		}
		w.refused(err, "already_claimed")
		if e := err.(*gateway.Error); e.Params["agent"] != string(winner) || !strings.HasPrefix(e.Params["name"], "Agent") {
			w.Errorf("the winner is not named: %v", e.Params)
		}
		w.wantSeats(agents[i], 0)
	}
}

func capacityRace(w *World) {
	a, b := w.NewAgent("Ada", 3), w.NewAgent("Bob", 2)
	var talks []gateway.ID
	for range 12 {
		talks = append(talks, w.Start("hi").ID)
	}
	errs := race(24, func(i int) error {
		_, err := w.Store.Claim(w.Context(), talks[i/2], []gateway.ID{a, b}[i%2], "hand", w.Now())
		return err
	})
	if winners(errs) != 5 {
		w.Errorf("%d claims went through, seats for 5: %v", winners(errs), errs)
	}
	w.wantSeats(a, 3)
	w.wantSeats(b, 2)
}

func (w *World) offer(c gateway.Conversation, a gateway.ID) gateway.Conversation {
	w.Helper()
	_, err := w.Store.Offer(w.Context(), c.ID, a, c.Version, w.Now().Add(20*time.Second), w.Now())
	w.ok(err)
	return w.Conversation(c.ID)
}

func offerSeat(w *World) {
	c, a := w.Start("hi"), w.NewAgent("Ada", 1)
	c = w.offer(c, a)
	if c.Status != gateway.Queued || c.Offer.Agent != a || c.Offer.Ring != 1 || c.Assignee != "" {
		w.Errorf("row: %+v", c)
	}
	w.wantSeats(a, 1)
	for range 2 { // the second time it is over
		_, err := w.Store.EndOffer(w.Context(), c.ID, a, 1, "declined", w.Now())
		w.ok(err)
		w.wantSeats(a, 0)
	}
	list, err := w.Store.Candidates(w.Context(), w.Mailbox, c.ID)
	w.ok(err)
	if len(list) != 1 || list[0].Rung != 1 || !list[0].DeclinedAt.Equal(w.Now()) {
		w.Errorf("candidates: %+v, want one who declined now", list)
	}
	w.Pass(time.Minute)
	c = w.offer(w.Conversation(c.ID), a)
	if c.Offer.Ring != 2 {
		w.Errorf("ring %d, want 2", c.Offer.Ring)
	}
	_, err = w.Store.Claim(w.Context(), c.ID, a, "offer", w.Now())
	w.ok(err)
	w.wantSeats(a, 1)
	if got := w.kinds(c.ID); strings.Contains(got, "offered") || !strings.HasSuffix(got, "conversation.claimed") {
		w.Errorf("the visitor's topic: %s", got)
	}
	if got := w.kinds(gateway.ID(c.ID.Staff())); got != "conversation.offered conversation.released conversation.offered" {
		w.Errorf("the staff topic: %s", got)
	}
}

func missedRing(w *World) {
	c, a := w.Start("hi"), w.NewAgent("Ada", 1)
	w.offer(c, a)
	_, err := w.Store.EndOffer(w.Context(), c.ID, a, 1, "ring.missed", w.Now())
	w.ok(err)
	w.wantSeats(a, 0)
	list, err := w.Store.Candidates(w.Context(), w.Mailbox, c.ID)
	w.ok(err)
	if len(list) != 1 || list[0].Availability != gateway.AssignOnly || list[0].Rung != 1 || !list[0].DeclinedAt.IsZero() {
		w.Errorf("candidates: %+v, want one on assign_only who was rung once and declined nothing", list)
	}
	other, err := w.Store.Candidates(w.Context(), w.Mailbox, w.Start("another").ID)
	w.ok(err)
	if len(other) != 1 || other[0].Rung != 0 {
		w.Errorf("candidates of another conversation: %+v, want rung 0", other)
	}
	w.unmoved("forbidden", func() error {
		_, err := w.Store.Offer(w.Context(), c.ID, a, w.Conversation(c.ID).Version, w.Now().Add(time.Second), w.Now())
		return err
	})
	events, err := w.Store.Resume(w.Context(), a, w.Now())
	w.ok(err)
	if len(events) == 0 {
		w.Error("coming back is no event")
	}
	w.offer(w.Conversation(c.ID), a)
}

// A ring that was missed in one mailbox pauses the agent in each of his; back, he is in each what he had chosen there.
func missedEverywhere(w *World) {
	a, c := w.NewAgent("Ada", 3), w.Start("hi")
	chosen := map[gateway.ID]gateway.Availability{w.Mailbox: gateway.Available}
	for slug, v := range map[string]gateway.Availability{"sales": gateway.Available, "press": gateway.AssignOnly, "legal": gateway.NotAvailable} {
		box := w.NewMailbox(slug)
		chosen[box] = v
		_, err := w.Store.SetMembers(w.Context(), box, []gateway.ID{a}, gateway.System(), w.Now())
		w.ok(err)
		_, err = w.Store.SetAvailability(w.Context(), a, box, v, agent(a), "", w.Now())
		w.ok(err)
	}
	is := func(when string, of func(gateway.Availability) gateway.Availability) {
		w.Helper()
		for box, v := range chosen {
			list, err := w.Store.Candidates(w.Context(), box, "")
			w.ok(err)
			if len(list) != 1 || list[0].Availability != of(v) {
				w.Errorf("%s, where %s was chosen: %+v", when, v, list)
			}
		}
	}
	is("at work", func(v gateway.Availability) gateway.Availability { return v })
	w.offer(c, a)
	_, err := w.Store.EndOffer(w.Context(), c.ID, a, 1, "ring.missed", w.Now())
	w.ok(err)
	is("after a missed ring", gateway.Agent{PausedAt: w.Now()}.Effective)
	_, err = w.Store.Resume(w.Context(), a, w.Now())
	w.ok(err)
	is("back", func(v gateway.Availability) gateway.Availability { return v })
}

func claimElsewhere(w *World) {
	c, a, b := w.Start("hi"), w.NewAgent("Ada", 1), w.NewAgent("Bob", 1)
	w.offer(c, a)
	_, err := w.Store.Claim(w.Context(), c.ID, b, "hand", w.Now())
	w.ok(err)
	w.wantSeats(a, 0)
	w.wantSeats(b, 1)
	if got := w.kinds(a); !strings.HasSuffix(got, "conversation.offered conversation.released") {
		w.Errorf("the agent's topic: %s", got)
	}
}

func offerRefused(w *World) {
	c, a, full := w.Start("hi"), w.NewAgent("Ada", 1), w.NewAgent("Bob", 0)
	offer := func(agent gateway.ID, version int64) func() error {
		return func() error {
			_, err := w.Store.Offer(w.Context(), c.ID, agent, version, w.Now().Add(time.Second), w.Now())
			return err
		}
	}
	w.unmoved("conflict", offer(a, c.Version+1))
	w.unmoved("at_capacity", offer(full, c.Version))
	w.unmoved("not_found", offer("ag_nobody", c.Version))
	_, err := w.Store.SetAvailability(w.Context(), a, w.Mailbox, gateway.NotAvailable, agent(a), "", w.Now())
	w.ok(err)
	w.unmoved("forbidden", offer(a, c.Version))
}

func requeue(w *World) {
	first, a := w.Start("hi"), w.NewAgent("Ada", 1)
	w.Pass(time.Second)
	second := w.Start("me too")
	_, err := w.Store.Claim(w.Context(), first.ID, a, "hand", w.Now())
	w.ok(err)
	w.Pass(time.Minute)
	_, err = w.Store.Requeue(w.Context(), first.ID, a, "released", 2*time.Minute, w.Now())
	w.ok(err)
	c := w.Conversation(first.ID)
	if c.Status != gateway.Queued || !c.QueuedAt.Equal(first.QueuedAt) || c.Round != 2 || !c.MissedAt.Equal(w.Now().Add(2*time.Minute)) {
		w.Errorf("row: %+v", c)
	}
	w.wantSeats(a, 0)
	for id, want := range map[gateway.ID]int{first.ID: 0, second.ID: 1} {
		if place, err := w.Store.Place(w.Context(), id); err != nil || place != want {
			w.Errorf("place %d, want %d: %v", place, want, err)
		}
	}
	w.unmoved("conflict", func() error {
		_, err := w.Store.Requeue(w.Context(), first.ID, a, "released", time.Minute, w.Now())
		return err
	})
}

func bothLeft(w *World) {
	c, a := w.Start("hi"), w.NewAgent("Ada", 1)
	leave := func() error {
		_, err := w.Store.Leave(w.Context(), c.ID, a, "hi", w.Now())
		return err
	}
	w.unmoved("conflict", leave)
	_, err := w.Store.Append(w.Context(), w.Answer(c, a, "1")) // the first answer claims it
	w.ok(err)
	w.wantSeats(a, 1)
	w.unmoved("conflict", func() error {
		_, err := w.Store.Leave(w.Context(), c.ID, "ag_other", "hi", w.Now())
		return err
	})
	w.ok(leave())
	if got := w.Conversation(c.ID); got.Status != gateway.Open || got.Assignee != a || got.Number == 0 || got.Channel != gateway.ByEmail || got.Subject != "hi" {
		w.Errorf("row: %+v", got)
	}
	w.wantSeats(a, 0)
	if got := w.kinds(c.ID); strings.Contains(got, "missed") || strings.Count(got, "ticket.opened") != 1 {
		w.Errorf("told: %s", got)
	}
	w.unmoved("conflict", leave)
}

func assign(w *World) {
	c, a, b, full := w.Start("hi"), w.NewAgent("Ada", 1), w.NewAgent("Bob", 1), w.NewAgent("Full", 0)
	_, err := w.Store.Claim(w.Context(), c.ID, a, "hand", w.Now())
	w.ok(err)
	in := gateway.Assignment{Conversation: c.ID, By: agent(a), ToAgent: full, Note: &gateway.Message{ID: "ms_n", Text: "secret"}}
	w.unmoved("at_capacity", func() error { _, err := w.Store.Assign(w.Context(), in, w.Now()); return err })
	in.ToAgent = b
	_, err = w.Store.Assign(w.Context(), in, w.Now())
	w.ok(err)
	w.wantSeats(a, 0)
	w.wantSeats(b, 1)
	if got := w.kinds(c.ID); strings.Contains(got, "note") || !strings.HasSuffix(got, "conversation.assigned") {
		w.Errorf("the visitor's topic: %s", got)
	}
	if got := w.kinds(gateway.ID(c.ID.Staff())); got != "note.created" {
		w.Errorf("the staff topic: %s", got)
	}
	sales := w.NewMailbox("sales")
	in = gateway.Assignment{Conversation: c.ID, By: agent(b), ToMailbox: sales, Missed: time.Minute}
	_, err = w.Store.Assign(w.Context(), in, w.Now())
	w.ok(err)
	if got := w.Conversation(c.ID); got.Mailbox != sales || got.Status != gateway.Queued || got.Assignee != "" || got.Round != 2 {
		w.Errorf("row: %+v", got)
	}
	w.wantSeats(b, 0)
}

func missOnce(w *World) {
	c, a := w.Start("where is my parcel"), w.NewAgent("Ada", 1)
	w.offer(c, a)
	w.Pass(gateway.DefaultMissed)
	moved := make([]int, 8)
	errs := race(8, func(i int) error {
		events, err := w.Store.Miss(w.Context(), c.ID, 1, "deadline", "where is my parcel", w.Now())
		moved[i] = len(events)
		return err
	})
	won := 0
	for _, n := range moved {
		if n > 0 {
			won++
		}
	}
	if winners(errs) != 8 || won != 1 {
		w.Fatalf("%d sweeps made a ticket: %v", won, errs)
	}
	got := w.Conversation(c.ID)
	if got.Number != 1 || got.Status != gateway.Open || got.Channel != gateway.ByEmail || got.Offer.Agent != "" || got.Subject == "" {
		w.Errorf("row: %+v", got)
	}
	if k := w.kinds(c.ID); !strings.HasSuffix(k, "conversation.missed ticket.opened") {
		w.Errorf("events: %s", k)
	}
	w.wantSeats(a, 0)
	missed, err := w.Store.Conversations(w.Context(), gateway.ConversationFilter{Outcome: gateway.Missed})
	w.ok(err)
	if len(missed) != 1 {
		w.Errorf("%d missed conversations listed", len(missed))
	}
	w.unmoved("conflict", func() error {
		_, _, err := w.Store.OpenTicket(w.Context(), c.ID, gateway.System(), "s", "agent", w.Now())
		return err
	})
	w.unmoved("conflict", func() error { // answers go where the ticket said
		_, err := w.Store.SetEmail(w.Context(), c.ID, "eve@example.com", w.Now())
		return err
	})
}

func missOrClaim(w *World) {
	a := w.NewAgent("Ada", 100)
	claimed := 0
	for range 10 {
		c := w.Start("hi")
		errs := race(2, func(i int) error {
			if i == 0 {
				_, err := w.Store.Claim(w.Context(), c.ID, a, "hand", w.Now())
				return err
			}
			_, err := w.Store.Miss(w.Context(), c.ID, 1, "deadline", "s", w.Now())
			return err
		})
		w.ok(errs[1])
		got := w.Conversation(c.ID)
		if got.Status == gateway.Active {
			claimed++
		}
		if (got.Status == gateway.Active) == (got.Number > 0) {
			w.Errorf("both won, or none: %+v", got)
		}
	}
	w.wantSeats(a, claimed)
}

func abandoned(w *World) {
	c := w.Start("")
	_, err := w.Store.Miss(w.Context(), c.ID, 1, "left", "", w.Now())
	w.ok(err)
	got := w.Conversation(c.ID)
	if got.Status != gateway.Closed || got.Outcome != gateway.Abandoned || got.Number != 0 {
		w.Errorf("row: %+v", got)
	}
}

func closeFrees(w *World) {
	c, a := w.Start("hi"), w.NewAgent("Ada", 1)
	_, err := w.Store.Claim(w.Context(), c.ID, a, "hand", w.Now())
	w.ok(err)
	end := func() error {
		_, err := w.Store.CloseConversation(w.Context(), c.ID, agent(a), gateway.Resolved, "answered", w.Now())
		return err
	}
	w.ok(end())
	w.wantSeats(a, 0)
	w.unmoved("conversation_closed", end)
	w.unmoved("conversation_closed", func() error { _, err := w.Store.Claim(w.Context(), c.ID, a, "hand", w.Now()); return err })
}

func reopen(w *World) {
	c := w.Start("hi")
	_, err := w.Store.Miss(w.Context(), c.ID, 1, "deadline", "hi", w.Now())
	w.ok(err)
	end := func() {
		_, err := w.Store.CloseConversation(w.Context(), c.ID, gateway.System(), gateway.Idle, "", w.Now())
		w.ok(err)
	}
	end()
	w.Pass(29 * 24 * time.Hour)
	done, err := w.Store.Append(w.Context(), w.Message(c, "1", "still broken"))
	w.ok(err)
	if got := w.Conversation(c.ID); got.Status != gateway.Open || got.Outcome != "" || len(done.More) != 2 {
		w.Errorf("row: %+v, more: %+v", got, done.More)
	}
	end()
	w.Pass(31 * 24 * time.Hour)
	w.unmoved("conversation_closed", func() error { _, err := w.Store.Append(w.Context(), w.Message(c, "2", "again")); return err })
}
