package gatewaytest

import (
	"fmt"
	"strings"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// Hold makes the hold of an agent's message in a conversation.
func (w *World) Hold(c gateway.Conversation, a gateway.ID, clientID string) gateway.Hold {
	w.Helper()
	return gateway.Hold{
		Held: gateway.Held{
			Message:      gateway.Message{ID: w.ID(gateway.PrefixMessage), ClientID: clientID, Text: "secret words", Name: "Ada"},
			Conversation: c.ID, Author: agent(a), Kinds: []gateway.LeakKind{gateway.LeakPhone, gateway.LeakEmail},
			State: gateway.HeldWaiting, At: w.Now(),
		},
		MustAgent: a, Counts: true, Leaf: verify.Leaf{V: "1", Conversation: string(c.ID), Reason: "leak.phone"},
	}
}

func (w *World) hold(h gateway.Hold) (gateway.Held, gateway.Event, []gateway.Event) {
	w.Helper()
	held, sent, events, err := w.Store.Hold(w.Context(), h, w.Now())
	w.ok(err)
	return held, sent, events
}

func holdOnce(w *World) {
	c, a := w.Start("hi"), w.NewAgent("Ada", 1)
	h := w.Hold(c, a, "1")
	first, _, events := w.hold(h)
	if len(events) != 1 || events[0].Topic != c.ID.Staff() || events[0].Kind != "message.held" {
		w.Fatalf("events: %+v", events)
	}
	if strings.Contains(string(events[0].Payload), "secret words") {
		w.Errorf("the event tells the text: %s", events[0].Payload)
	}
	again := h
	again.Message.ID, again.Message.Text = w.ID(gateway.PrefixMessage), "other words"
	second, _, events := w.hold(again)
	if second.Message.ID != first.Message.ID || len(events) != 0 {
		w.Errorf("again: %+v, %d events", second, len(events))
	}
	list, err := w.Store.HeldIn(w.Context(), c.ID)
	w.ok(err)
	if len(list) != 1 || list[0].Message.Text != "secret words" || list[0].Message.ClientID != "1" || len(list[0].Kinds) != 2 ||
		list[0].Author != h.Author || list[0].State != gateway.HeldWaiting || !list[0].At.Equal(w.Now()) {
		w.Errorf("held: %+v", list)
	}
	if row := w.Conversation(c.ID); row.Status != gateway.Queued || row.LastAuthor != gateway.RoleVisitor || row.Seq != c.Seq {
		w.Errorf("the conversation moved: %+v", row)
	}
	done, err := w.Store.Append(w.Context(), w.Answer(c, a, "2"))
	w.ok(err)
	_, sent, events := w.hold(w.Hold(c, a, "2"))
	if sent.ID != done.Event.ID || len(events) != 0 {
		w.Errorf("a sent message is held: %+v, %d events", sent, len(events))
	}
	harmless := w.Answer(c, a, "1")
	harmless.Judged = true
	done, err = w.Store.Append(w.Context(), harmless)
	w.ok(err)
	if done.Held == nil || done.Held.Message.ID != first.Message.ID || done.Event.ID != "" || w.Conversation(c.ID).Seq != sent.Seq {
		w.Errorf("harmless words under a held message's id: %+v", done)
	}
	ben := w.NewAgent("Ben", 1)
	harmless = w.Answer(c, ben, "1")
	harmless.Judged = true
	w.unmoved("conflict", func() error { _, err := w.Store.Append(w.Context(), harmless); return err })
	other := w.Hold(c, ben, "1")
	other.MustAgent = ""
	w.unmoved("conflict", func() error { _, _, _, err := w.Store.Hold(w.Context(), other, w.Now()); return err })
}

func holdsFreeze(w *World) {
	c, a := w.Start("hi"), w.NewAgent("Ada", 1)
	down := w.Hold(c, a, "down")
	down.Counts = false
	w.hold(down)
	frozen := 0
	for i := range 5 {
		h := w.Hold(c, a, fmt.Sprint(i))
		if i == 1 {
			h.State = gateway.HeldBlocked // counts like the others
		}
		_, _, events := w.hold(h)
		for _, e := range events {
			if e.Kind == "conversation.frozen" && e.Topic == string(c.ID) {
				frozen++
			}
		}
		if got := w.Conversation(c.ID).Frozen; got != (i >= gateway.LeakHolds-1) {
			w.Errorf("after %d holds frozen is %v", i+1, got)
		}
	}
	if frozen != 1 {
		w.Errorf("told %d times", frozen)
	}
	_, err := w.Store.Append(w.Context(), w.Message(c, "m", "people can still write"))
	w.ok(err)
}

func holdRefused(w *World) {
	c, a, b := w.Start("hi"), w.NewAgent("Ada", 2), w.NewAgent("Ben", 2)
	_, err := w.Store.Claim(w.Context(), c.ID, a, "hand", w.Now())
	w.ok(err)
	try := func(h gateway.Hold) func() error {
		return func() error { _, _, _, err := w.Store.Hold(w.Context(), h, w.Now()); return err }
	}
	w.unmoved("not_assignee", try(w.Hold(c, b, "1")))
	gone := w.Hold(c, a, "2")
	gone.Conversation = w.ID(gateway.PrefixConversation)
	w.unmoved("not_found", try(gone))
	h := w.Hold(c, a, "3")
	w.hold(h)
	_, err = w.Store.CloseConversation(w.Context(), c.ID, agent(a), gateway.Resolved, "", w.Now())
	w.ok(err)
	w.unmoved("conversation_closed", try(w.Hold(c, a, "4")))
	if got, err := w.Store.Held(w.Context(), h.Message.ID); err != nil || got.State != gateway.HeldWithdrawn || got.Message.Text != "" {
		w.Errorf("the text outlives its conversation: %+v, %v", got, err)
	}
}

func heldEnds(w *World) {
	c, a := w.Start("hi"), w.NewAgent("Ada", 1)
	release := func(id gateway.ID) error {
		h, err := w.Store.Held(w.Context(), id)
		if err != nil {
			return err
		}
		_, err = w.Store.ReleaseHeld(w.Context(), gateway.Release{
			Message: id, By: gateway.Actor{Role: gateway.RoleSupervisor, ID: a}, Reason: "ours", Payload: gateway.MessageCreated{Message: h.Message},
		}, w.Now())
		return err
	}
	withdraw := func(id gateway.ID) error {
		_, err := w.Store.WithdrawHeld(w.Context(), id, agent(a), w.Now())
		return err
	}
	w.refused(withdraw(w.ID(gateway.PrefixMessage)), "not_found")
	w.refused(release(w.ID(gateway.PrefixMessage)), "not_found")
	for i, ends := range []func(gateway.ID) error{withdraw, release} {
		h := w.Hold(c, a, fmt.Sprint(i))
		w.hold(h)
		errs := race(6, func(int) error { return ends(h.Message.ID) })
		if winners(errs) != 1 {
			w.Errorf("%d ended it: %v", winners(errs), errs)
		}
		if got, err := w.Store.Held(w.Context(), h.Message.ID); err != nil || got.Message.Text != "" {
			w.Errorf("the text is still there: %+v, %v", got, err)
		}
		for _, again := range []func(gateway.ID) error{withdraw, release} {
			w.unmoved("conflict", func() error { return again(h.Message.ID) })
		}
	}
	events, err := w.Store.Events(w.Context(), string(c.ID), c.Seq, 0)
	w.ok(err)
	if len(events) != 1 || events[0].Actor != agent(a) || !strings.Contains(string(events[0].Payload), "secret words") {
		w.Errorf("the visitor has %+v", events)
	}
	if got := w.kinds(gateway.ID(c.ID.Staff())); got != "message.held message.withdrawn message.held message.released" {
		w.Errorf("the staff has %s", got)
	}
	if row := w.Conversation(c.ID); row.LastAuthor != gateway.RoleAgent {
		w.Errorf("whose turn: %+v", row)
	}
}

func judgedRace(w *World) {
	c, a := w.Start("hi"), w.NewAgent("Ada", 1)
	_, err := w.Store.Claim(w.Context(), c.ID, a, "hand", w.Now())
	w.ok(err)
	errs := race(16, func(i int) error {
		in := w.Answer(c, a, fmt.Sprint(i))
		in.Judged = true
		_, err := w.Store.Append(w.Context(), in)
		return err
	})
	if winners(errs) != 1 {
		w.Errorf("%d stored: %v", winners(errs), errs)
	}
	for _, err := range errs {
		if err != nil && !gateway.SaidMore(err) {
			w.Error(err)
		}
	}
	said, err := w.Store.Said(w.Context(), string(c.ID), gateway.LeakWindow)
	w.ok(err)
	if len(said) != 1 || said[0].Actor.ID != a {
		w.Fatalf("said: %+v", said)
	}
	in := w.Answer(c, a, "next")
	in.Judged, in.Said = true, said[0].Seq
	_, err = w.Store.Append(w.Context(), in)
	w.ok(err)
	_, err = w.Store.Append(w.Context(), in)
	w.ok(err) // the same again is no second message and is not judged again
}
