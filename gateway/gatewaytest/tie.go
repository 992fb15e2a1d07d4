package gatewaytest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// ticket opens a ticket of a browser, with one message.
func (w *World) ticket(visitor gateway.ID, email, text string) gateway.Conversation {
	w.Helper()
	c, _, err := w.Store.StartConversation(w.Context(), gateway.Start{
		ID: w.ID(gateway.PrefixConversation), Visitor: visitor, Mailbox: w.Mailbox, Ticket: true, Subject: text,
		CommandID: string(w.ID("")), Claimed: gateway.Claimed{Email: email},
		First: &gateway.Message{ID: w.ID(gateway.PrefixMessage), ClientID: "first", Text: text},
	}, w.Now())
	w.ok(err)
	return c
}

// mailed opens a ticket by a mail.
func (w *World) mailed(email string, proven bool) gateway.Conversation {
	w.Helper()
	id := w.ID(gateway.PrefixConversation)
	c, _, err := w.Store.StoreIncoming(w.Context(), gateway.Incoming{
		Key: string(id), Raw: []byte("raw"), Message: gateway.Message{ID: w.ID(gateway.PrefixMessage), Text: "hi", Via: "email", Unproven: !proven},
		Start: &gateway.Start{ID: id, Mailbox: w.Mailbox, Subject: "hi", CommandID: string(id), Claimed: gateway.Claimed{Email: email}},
	}, w.Now())
	w.ok(err)
	return c
}

func (w *World) merge(from, into gateway.ID) error {
	_, err := w.Store.Merge(w.Context(), gateway.Merge{ID: w.ID(gateway.PrefixMerge), From: from, Into: into, By: agent("ag_1")}, w.Now())
	return err
}

// ties lists the ties of a conversation, each as kind and number.
func (w *World) ties(cv gateway.ID) string {
	w.Helper()
	list, err := w.Store.Ties(w.Context(), cv)
	w.ok(err)
	var out []string
	for _, t := range list {
		out = append(out, fmt.Sprint(t.Kind, " #", t.Other.Number))
	}
	return strings.Join(out, ", ")
}

func merges(w *World) {
	v := w.ID(gateway.PrefixVisitor)
	a, b := w.ticket(v, "", "one"), w.ticket(v, "anna@home.example", "two")
	other := w.ticket(w.ID(gateway.PrefixVisitor), "anna@home.example", "a stranger's words")
	for _, c := range []struct {
		from, into gateway.ID
		code       string
	}{
		{other.ID, b.ID, "forbidden"}, {a.ID, a.ID, "invalid"}, {"cv_none", b.ID, "not_found"}, {a.ID, w.Start("hi").ID, "invalid"},
	} {
		w.unmoved(c.code, func() error { return w.merge(c.from, c.into) })
	}
	w.ok(w.merge(a.ID, b.ID))
	if got := w.Conversation(a.ID); got.Status != gateway.Closed || got.Outcome != gateway.Idle || got.Reason != "merged" {
		w.Errorf("merged: %+v", got)
	}
	if w.ties(a.ID) != fmt.Sprint("into #", b.Number) || w.ties(b.ID) != fmt.Sprint("from #", a.Number) {
		w.Errorf("ties: %s and %s", w.ties(a.ID), w.ties(b.ID))
	}
	for _, id := range []gateway.ID{a.ID, b.ID} {
		if !strings.HasSuffix(w.kinds(gateway.ID(id.Staff())), "conversation.merged") || strings.Contains(w.kinds(id), "merged") {
			w.Errorf("told: %s / %s", w.kinds(gateway.ID(id.Staff())), w.kinds(id))
		}
	}
	w.unmoved("conflict", func() error { return w.merge(a.ID, b.ID) })
	w.unmoved("conflict", func() error { return w.merge(b.ID, a.ID) }) // a circle
	w.unmoved("conversation_closed", func() error {
		_, err := w.Store.Append(w.Context(), w.Message(a, "m", "into a closed door"))
		return err
	})
}

func mergeMail(w *World) {
	a, b, c := w.mailed("anna@home.example", true), w.mailed("Anna@home.example", true), w.mailed("anna@home.example", true)
	typed := w.mailed("anna@home.example", false)
	w.unmoved("forbidden", func() error { return w.merge(typed.ID, a.ID) })
	w.ok(w.merge(a.ID, b.ID))
	w.ok(w.merge(b.ID, c.ID))
	w.unmoved("conflict", func() error { return w.merge(c.ID, a.ID) }) // a circle of three
	in := gateway.Incoming{
		Key: "k", Conversation: a.ID, Raw: []byte("raw"), Verified: true, Message: gateway.Message{ID: "ms_in", Text: "and another thing", Via: "email"},
	}
	got, _, err := w.Store.StoreIncoming(w.Context(), in, w.Now())
	w.ok(err)
	if got.ID != c.ID || w.Conversation(a.ID).Status != gateway.Closed {
		w.Errorf("the mail landed in %s, want %s", got.ID, c.ID)
	}
	if cv, _, err := w.Store.Original(w.Context(), "ms_in"); gateway.CodeOf(err) == "" && cv != c.ID {
		w.Errorf("its original belongs to %s", cv)
	}
	w.Pass(time.Minute)
	_, err = w.Store.Unmerge(w.Context(), a.ID, agent("ag_1"), w.Now())
	w.ok(err)
	in.Key, in.Message.ID = "k2", "ms_in2"
	if got, _, err = w.Store.StoreIncoming(w.Context(), in, w.Now()); err != nil || got.ID != a.ID || got.Status != gateway.Open {
		w.Errorf("after the undoing: %+v, %v", got, err)
	}
}

func mergeUndone(w *World) {
	v := w.ID(gateway.PrefixVisitor)
	a, b := w.ticket(v, "", "one"), w.ticket(v, "", "two")
	undo := func() error {
		_, err := w.Store.Unmerge(w.Context(), a.ID, agent("ag_1"), w.Now())
		return err
	}
	w.unmoved("conflict", undo)
	w.ok(w.merge(a.ID, b.ID))
	w.Pass(gateway.UndoMerge)
	w.ok(undo())
	if got := w.Conversation(a.ID); got.Status != gateway.Open || got.Outcome != "" || got.Reason != "" || w.ties(a.ID)+w.ties(b.ID) != "" {
		w.Errorf("undone: %+v, %s %s", got, w.ties(a.ID), w.ties(b.ID))
	}
	if !strings.HasSuffix(w.kinds(gateway.ID(b.ID.Staff())), "conversation.unmerged") {
		w.Errorf("told: %s", w.kinds(gateway.ID(b.ID.Staff())))
	}
	w.unmoved("conflict", undo)
	w.ok(w.merge(a.ID, b.ID)) // again
	w.Pass(gateway.UndoMerge + time.Millisecond)
	w.unmoved("gone", undo)
}

func mergeRace(w *World) {
	v := w.ID(gateway.PrefixVisitor)
	for range 5 {
		var all []gateway.Conversation
		for i := range 4 {
			all = append(all, w.ticket(v, "", fmt.Sprint(i)))
		}
		// Each goes into the next, and the last into the first.
		errs := race(8, func(i int) error { return w.merge(all[i%4].ID, all[(i+1)%4].ID) })
		if n := winners(errs); n < 1 || n > 3 {
			w.Fatalf("%d of a circle of four merged: %v", n, errs)
		}
		open := 0
		for _, c := range all {
			if w.Conversation(c.ID).Status == gateway.Open {
				open++
			}
		}
		if open != 4-winners(errs) {
			w.Errorf("%d are open after %d merges", open, winners(errs))
		}
	}
	a, b, c := w.ticket(v, "", "a"), w.ticket(v, "", "b"), w.ticket(v, "", "c")
	errs := race(2, func(i int) error { return w.merge(a.ID, []gateway.ID{b.ID, c.ID}[i]) })
	if winners(errs) != 1 {
		w.Errorf("merged twice: %v", errs)
	}
}

func alike(w *World) {
	v := w.ID(gateway.PrefixVisitor)
	me := w.ticket(v, `an"na%_@home.example`, "me")
	browser, address := w.ticket(v, "", "browser"), w.mailed(`AN"NA%_@home.example`, false)
	w.mailed("another@home.example", true)
	w.ticket(w.ID(gateway.PrefixVisitor), "", "nobody's")
	ended := w.ticket(v, "", "ended")
	_, err := w.Store.CloseConversation(w.Context(), ended.ID, gateway.System(), gateway.Idle, "", w.Now())
	w.ok(err)
	got := map[gateway.ID]bool{}
	list, err := w.Store.Alike(w.Context(), me)
	w.ok(err)
	for _, c := range list {
		got[c.ID] = true
	}
	if len(got) != 2 || !got[browser.ID] || !got[address.ID] {
		w.Errorf("alike: %+v", list)
	}
	side, err := w.Store.MergeSide(w.Context(), address.ID)
	w.ok(err)
	if side.Confirmed || side.Into != "" || side.Number != address.Number {
		w.Errorf("side: %+v", side)
	}
}

func splits(w *World) {
	v, ada := w.ID(gateway.PrefixVisitor), w.NewAgent("Ada", 3)
	c := w.ticket(v, "anna@home.example", "one")
	w.Pass(time.Minute)
	_, err := w.Store.Append(w.Context(), w.Answer(c, ada, "a"))
	w.ok(err)
	w.Pass(time.Minute)
	said := w.Now()
	done, err := w.Store.Append(w.Context(), w.Message(c, "b", "another matter"))
	w.ok(err)
	w.Pass(time.Minute)
	sp := gateway.Split{Source: c.ID, Seq: done.Event.Seq, By: agent(ada), Clock: &gateway.ClockStart{LookAt: w.Now().Add(time.Hour)}}
	split := func() (gateway.Conversation, error) {
		sp.ID = w.ID(gateway.PrefixConversation)
		made, _, err := w.Store.Split(w.Context(), sp, w.Now())
		return made, err
	}
	for _, seq := range []uint64{2, 99} { // the first message, none
		sp.Seq = seq
		w.unmoved("invalid", func() error { _, err := split(); return err })
	}
	sp.Seq = done.Event.Seq
	made, err := split()
	w.ok(err)
	if made.Number != c.Number+1 || made.Visitor != v || made.Claimed.Email != "anna@home.example" || made.Subject != "another matter" ||
		made.Status != gateway.Open || made.Messages != 1 || made.Assignee != ada {
		w.Errorf("made: %+v", made)
	}
	events, err := w.Store.Events(w.Context(), string(made.ID), 0, 100)
	w.ok(err)
	var m gateway.Message
	if w.kinds(made.ID) != "conversation.started message.created ticket.opened" {
		w.Fatalf("its events: %s", w.kinds(made.ID))
	}
	w.ok(json.Unmarshal(events[1].Payload, &m))
	if m.Text != "another matter" || !events[1].At.Equal(said) || events[1].Actor.ID != v || m.ClientID != "" {
		w.Errorf("the copy: %+v %+v", events[1], m)
	}
	if w.ties(made.ID) != fmt.Sprint("of #", c.Number) || w.ties(c.ID) != fmt.Sprint("off #", made.Number) {
		w.Errorf("ties: %s and %s", w.ties(made.ID), w.ties(c.ID))
	}
	if before := w.Conversation(c.ID); before.Seq != done.Event.Seq || before.Number != c.Number {
		w.Errorf("the source: %+v", before)
	}
	w.unmoved("conflict", func() error { _, err := split(); return err })
	w.ok(w.merge(made.ID, c.ID))
	sp.Source = made.ID
	w.unmoved("conversation_closed", func() error { _, err := split(); return err })
}

func splitKeeps(w *World) {
	sol := w.ranked("Sol", gateway.RoleSupervisor)
	c := w.ticket(w.ID(gateway.PrefixVisitor), "", "one")
	_, err := w.Store.Classify(w.Context(), c.ID, gateway.TicketType{ID: "money", Name: "Money", Role: gateway.RoleSupervisor}, gateway.Actor{Role: gateway.RoleSupervisor, ID: sol}, w.Now())
	w.ok(err)
	done, err := w.Store.Append(w.Context(), w.Message(c, "b", "another matter"))
	w.ok(err)
	w.Pass(time.Minute)
	in := w.Answer(c, sol, "h")
	in.Payload = gateway.MessageCreated{Message: gateway.Message{ID: w.ID(gateway.PrefixMessage), ClientID: "h", Text: "We look into it", Holding: true}}
	_, err = w.Store.Append(w.Context(), in)
	w.ok(err)
	made, _, err := w.Store.Split(w.Context(), gateway.Split{ID: w.ID(gateway.PrefixConversation), Source: c.ID, Seq: done.Event.Seq, By: agent(sol)}, w.Now())
	w.ok(err)
	if made.Type != "money" || made.MinRole != gateway.RoleSupervisor {
		w.Errorf("anybody may hold it: type %q, at least %q", made.Type, made.MinRole)
	}
	if made.Status != gateway.Open || made.LastAuthor != gateway.RoleVisitor || !made.HoldingAt.Equal(w.Now()) {
		w.Errorf("asking for patience answers it: %s, last %s, holding %s", made.Status, made.LastAuthor, made.HoldingAt)
	}
}
