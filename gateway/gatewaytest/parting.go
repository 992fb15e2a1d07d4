package gatewaytest

import (
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// ticketOf makes a ticket of what somebody wrote.
func (w *World) ticketOf(text string) gateway.Conversation {
	w.Helper()
	c := w.Start(text)
	t, _, err := w.Store.OpenTicket(w.Context(), c.ID, gateway.System(), text, "form", w.Now())
	w.ok(err)
	return t
}

// part makes an agent's answer that can be taken back.
func (w *World) part(c gateway.Conversation, by gateway.ID, clientID string, then gateway.Then) gateway.Part {
	w.Helper()
	return gateway.Part{MustAgent: by, Said: w.Conversation(c.ID).Seq, Parting: gateway.Parting{
		Message:      gateway.Message{ID: w.ID(gateway.PrefixMessage), ClientID: clientID, Text: "an answer", Name: "Ada"},
		Conversation: c.ID, Author: agent(by), Then: then, State: gateway.PartingWaiting, At: w.Now(), Due: w.Now().Add(gateway.UndoFor),
	}}
}

func (w *World) keep(p gateway.Part) gateway.Parting {
	w.Helper()
	kept, _, err := w.Store.KeepParting(w.Context(), p, w.Now())
	w.ok(err)
	return kept
}

// leaves sends an answer as it was kept.
func (w *World) leaves(p gateway.Parting) ([]gateway.Event, error) {
	w.Helper()
	now, err := w.Store.Parting(w.Context(), p.Message.ID)
	w.ok(err)
	return w.Store.Depart(w.Context(), gateway.Departure{
		Message: p.Message.ID, Payload: gateway.MessageCreated{Message: now.Message}, Then: now.Then, Said: w.Conversation(p.Conversation).Seq,
		Mail: &gateway.Mail{ID: p.Message.ID, Conversation: p.Conversation, MessageID: string(p.Message.ID) + "@x", From: "a@x", To: "b@x", Raw: []byte("m")},
	}, w.Now())
}

func partingKept(w *World) {
	c, ada, ben := w.ticketOf("Where is it?"), w.NewAgent("Ada", 1), w.NewAgent("Ben", 1)
	p := w.part(c, ada, "1", gateway.Then{})
	kept, events, err := w.Store.KeepParting(w.Context(), p, w.Now())
	w.ok(err)
	for _, e := range events {
		if strings.Contains(string(e.Payload), "an answer") {
			w.Errorf("an event tells the text: %+v", e)
		}
	}
	if kept.State != gateway.PartingWaiting || w.Conversation(c.ID).Assignee != ada {
		w.Errorf("kept: %+v, assignee %s", kept, w.Conversation(c.ID).Assignee)
	}
	if got := w.kinds(c.ID); strings.Contains(got, "message.created message.created") || strings.HasSuffix(got, "message.created") {
		w.Errorf("the visitor has %s", got)
	}
	again := p
	again.Message.ID = w.ID(gateway.PrefixMessage)
	if same := w.keep(again); same.Message.ID != p.Message.ID || same.Message.Text != "an answer" {
		w.Errorf("again: %+v", same)
	}
	keep := func(p gateway.Part) func() error {
		return func() error { _, _, err := w.Store.KeepParting(w.Context(), p, w.Now()); return err }
	}
	if err := keep(w.part(c, ada, "2", gateway.Then{}))(); !gateway.SaidMore(err) {
		w.Errorf("a second one beside it: %v", err)
	}
	w.unmoved("not_assignee", keep(w.part(c, ben, "3", gateway.Then{})))
	stolen := p
	stolen.Author, stolen.MustAgent = agent(ben), ""
	w.unmoved("conflict", keep(stolen))
	w.unmoved("not_found", func() error { _, err := w.Store.Parting(w.Context(), "ms_none"); return err })
	w.unmoved("invalid", keep(w.part(w.Start("a chat"), ada, "1", gateway.Then{})))
	list, err := w.Store.PartingsIn(w.Context(), c.ID)
	if err != nil || len(list) != 1 || list[0].Message.Text != "an answer" || !list[0].Due.Equal(p.Due) {
		w.Errorf("waiting: %+v, %v", list, err)
	}
	if late, err := w.Store.PartingsDue(w.Context(), p.Due.Add(time.Millisecond), 5); err != nil || len(late) != 1 {
		w.Errorf("due: %+v, %v", late, err)
	}
}

func partingEnds(w *World) {
	c, ada := w.ticketOf("Where is it?"), w.NewAgent("Ada", 1)
	undo := func(id gateway.ID) error {
		_, _, err := w.Store.UndoParting(w.Context(), id, agent(ada), w.Now())
		return err
	}
	w.refused(undo("ms_none"), "not_found")
	sent, undone := 0, 0
	for i := range 6 {
		p := w.keep(w.part(c, ada, string(rune('a'+i)), gateway.Then{}))
		stored := make([]int, 8)
		errs := race(8, func(n int) error {
			if n%2 == 0 {
				return undo(p.Message.ID)
			}
			events, err := w.leaves(p)
			stored[n] = len(events)
			return err
		})
		left, taken := 0, 0
		for n, err := range errs {
			switch {
			case n%2 == 0 && err == nil:
				taken++
			case n%2 == 0:
				w.refused(err, "gone")
			case err != nil && !gateway.SaidMore(err):
				w.Error(err)
			case stored[n] > 0:
				left++
			}
		}
		if left+taken != 1 {
			w.Fatalf("it left %d times and was taken back %d times", left, taken)
		}
		sent, undone = sent+left, undone+taken
		got, err := w.Store.Parting(w.Context(), p.Message.ID)
		if err != nil || got.Message.Text != "" {
			w.Errorf("the text is still there: %+v, %v", got, err)
		}
		w.unmoved("gone", func() error { return undo(p.Message.ID) })
	}
	outbox, err := w.Store.Outbox(w.Context())
	w.ok(err)
	if n := strings.Count(w.kinds(c.ID), "message.created") - 1; n != sent || len(outbox) != sent {
		w.Errorf("%d messages, %d mails; %d left", n, len(outbox), sent)
	}
	if n := strings.Count(w.kinds(gateway.ID(c.ID.Staff())), "message.undone"); n != undone {
		w.Errorf("told %d times of %d", n, undone)
	}
}

func partingCloses(w *World) {
	c, ada := w.ticketOf("Where is it?"), w.NewAgent("Ada", 1)
	then := gateway.Then{Close: true, Outcome: gateway.Resolved, Reason: "resolved"}
	p := w.keep(w.part(c, ada, "1", then))
	w.Pass(gateway.UndoFor)
	_, err := w.leaves(p)
	w.ok(err)
	row := w.Conversation(c.ID)
	if row.Status != gateway.Closed || row.Outcome != gateway.Resolved || row.Reason != "resolved" {
		w.Errorf("closed: %+v", row)
	}
	if got := w.kinds(c.ID); !strings.HasSuffix(got, "message.created conversation.closed") {
		w.Errorf("the visitor has %s", got)
	}
	// The visitor wrote before it left: his words are not closed over.
	c = w.ticketOf("And where is the other?")
	p = w.keep(w.part(c, ada, "1", then))
	w.Pass(time.Second)
	_, err = w.Store.Append(w.Context(), w.Message(c, "m", "It is urgent"))
	w.ok(err)
	_, err = w.leaves(p)
	w.ok(err)
	if row := w.Conversation(c.ID); row.Status != gateway.Open || row.LastAuthor != gateway.RoleVisitor {
		w.Errorf("open again: %+v", row)
	}
	// It ended before it left: what was acknowledged is stored all the same.
	c = w.ticketOf("Bye")
	p = w.keep(w.part(c, ada, "1", gateway.Then{}))
	_, err = w.Store.CloseConversation(w.Context(), c.ID, gateway.Actor{Role: gateway.RoleVisitor, ID: c.Visitor}, gateway.Resolved, "visitor", w.Now())
	w.ok(err)
	_, err = w.leaves(p)
	w.ok(err)
	if got := w.kinds(c.ID); w.Conversation(c.ID).Status != gateway.Closed || !strings.HasSuffix(got, "conversation.closed message.created") {
		w.Errorf("the visitor has %s", got)
	}
}

// holdingWays lets replies that ask for patience come by every other way than an append: each leaves the turn with us.
func holdingWays(w *World) {
	c, ada := w.ticketOf("Where is it?"), w.NewAgent("Ada", 3)
	ours := func(what string, id gateway.ID) {
		w.Helper()
		if got := w.Conversation(id); got.Status != gateway.Open || got.LastAuthor != gateway.RoleVisitor || !got.HoldingAt.Equal(w.Now()) {
			w.Errorf("%s: %s, last %s, holding %s", what, got.Status, got.LastAuthor, got.HoldingAt)
		}
	}
	p := w.part(c, ada, "1", gateway.Then{})
	p.Message.Holding = true
	kept := w.keep(p)
	w.Pass(gateway.UndoFor)
	_, err := w.leaves(kept)
	w.ok(err)
	ours("taken back no more", c.ID)
	h := w.Hold(c, ada, "2")
	h.Message.Holding = true
	held, _, _ := w.hold(h)
	w.Pass(time.Second)
	_, err = w.Store.ReleaseHeld(w.Context(), gateway.Release{
		Message: held.Message.ID, By: gateway.Actor{Role: gateway.RoleSupervisor, ID: ada}, Reason: "ours", Payload: gateway.MessageCreated{Message: held.Message},
	}, w.Now())
	w.ok(err)
	ours("released", c.ID)
}

func snoozing(w *World) {
	c, ada := w.ticketOf("Next week, please"), w.NewAgent("Ada", 1)
	until := w.Now().Add(48 * time.Hour)
	sleep := func(id gateway.ID, until time.Time) error {
		_, err := w.Store.Snooze(w.Context(), id, agent(ada), until, w.Now())
		return err
	}
	lists := func(asleep, awake int) {
		w.Helper()
		a, err := w.Store.Conversations(w.Context(), gateway.ConversationFilter{Snoozed: true})
		w.ok(err)
		b, err := w.Store.Conversations(w.Context(), gateway.ConversationFilter{Awake: true, Channel: gateway.ByEmail})
		w.ok(err)
		if len(a) != asleep || len(b) != awake {
			w.Errorf("%d asleep, %d awake", len(a), len(b))
		}
	}
	chat := w.Start("a chat")
	w.unmoved("invalid", func() error { return sleep(chat.ID, until) })
	w.unmoved("not_found", func() error { return sleep("cv_none", until) })
	w.ok(sleep(c.ID, until))
	if row := w.Conversation(c.ID); !row.SnoozedUntil.Equal(until) || row.Status != gateway.Open {
		w.Errorf("asleep: %+v", row)
	}
	lists(1, 0)
	wake := func(until time.Time) int {
		w.Helper()
		events, err := w.Store.Wake(w.Context(), c.ID, gateway.System(), until, w.Now())
		w.ok(err)
		return len(events)
	}
	if n := wake(until.Add(time.Second)); n != 0 {
		w.Errorf("the end of another sleep wakes it: %d events", n)
	}
	w.Pass(48*time.Hour + time.Second)
	if list, err := w.Store.Asleep(w.Context(), w.Now(), 5); err != nil || len(list) != 1 {
		w.Errorf("overdue: %v, %v", list, err)
	}
	if n := wake(until); n != 2 {
		w.Errorf("%d events", n)
	}
	if n := wake(until); n != 0 {
		w.Errorf("it wakes twice: %d events", n)
	}
	lists(0, 1)
	w.ok(sleep(c.ID, w.Now().Add(time.Hour)))
	_, err := w.Store.Append(w.Context(), w.Message(c, "m", "I am back already"))
	w.ok(err)
	if w.Conversation(c.ID).Snoozed() {
		w.Error("the visitor's words do not wake it")
	}
	w.ok(sleep(c.ID, w.Now().Add(time.Hour)))
	_, err = w.Store.CloseConversation(w.Context(), c.ID, agent(ada), gateway.Idle, "idle", w.Now())
	w.ok(err)
	if w.Conversation(c.ID).Snoozed() {
		w.Error("what has ended sleeps")
	}
	w.unmoved("conversation_closed", func() error { return sleep(c.ID, w.Now().Add(time.Hour)) })
	if got := w.kinds(gateway.ID(c.ID.Staff())); strings.Count(got, "conversation.snoozed conversation.woken") != 3 {
		w.Errorf("the staff has %s", got)
	}
	if got := w.kinds(c.ID); strings.Contains(got, "snoozed") || strings.Contains(got, "woken") {
		w.Errorf("the visitor has %s", got)
	}
}
