package gatewaytest

import (
	"time"

	"github.com/postern-chat/postern/gateway"
)

// again starts a conversation of a visitor who was here before, in a class.
func (w *World) again(visitor gateway.ID, p gateway.Priority) gateway.Conversation {
	w.Helper()
	c, _, err := w.Store.StartConversation(w.Context(), gateway.Start{
		ID: w.ID(gateway.PrefixConversation), Visitor: visitor, Mailbox: w.Mailbox, Missed: gateway.DefaultMissed,
		CommandID: string(w.ID("")), Priority: p,
	}, w.Now())
	w.ok(err)
	return c
}

func priorities(w *World) {
	low := w.again(w.ID(gateway.PrefixVisitor), gateway.Low)
	w.Pass(time.Second)
	old := w.Start("hi")
	w.Pass(time.Second)
	high, young := w.again(w.ID(gateway.PrefixVisitor), gateway.High), w.Start("me too")
	want := []gateway.ID{high.ID, old.ID, young.ID, low.ID}
	queue, err := w.Store.Queue(w.Context(), nil)
	w.ok(err)
	if len(queue) != len(want) {
		w.Fatalf("%d wait", len(queue))
	}
	for i, id := range want {
		if queue[i].ID != id {
			w.Errorf("number %d is %s, want %s", i, queue[i].ID, id)
		}
		if place, err := w.Store.Place(w.Context(), id); err != nil || place != i {
			w.Errorf("place %d of %s, want %d: %v", place, id, i, err)
		}
	}
	if old.Priority != gateway.Medium || high.Priority != gateway.High {
		w.Errorf("classes %d and %d", old.Priority, high.Priority)
	}
}

func sticky(w *World) {
	first, a, b := w.Start("hi"), w.NewAgent("Ada", 2), w.NewAgent("Bob", 2)
	want := func(name string, cv, agent gateway.ID, since time.Time) {
		w.Helper()
		if got, err := w.Store.ServedBy(w.Context(), cv, since); err != nil || got != agent {
			w.Errorf("%s: %q, want %q: %v", name, got, agent, err)
		}
	}
	day := func() time.Time { return w.Now().Add(-24 * time.Hour) }
	want("nobody has served it", first.ID, "", day())
	_, err := w.Store.Claim(w.Context(), first.ID, a, "hand", w.Now())
	w.ok(err)
	_, err = w.Store.Requeue(w.Context(), first.ID, a, "away", time.Minute, w.Now())
	w.ok(err)
	want("who dropped it", first.ID, a, day())
	other := w.again(first.Visitor, 0)
	want("another conversation of the visitor", other.ID, a, day())
	want("another visitor's", w.Start("no").ID, "", day())
	w.Pass(time.Minute)
	_, err = w.Store.Claim(w.Context(), other.ID, b, "hand", w.Now())
	w.ok(err)
	_, err = w.Store.Append(w.Context(), w.Message(w.Conversation(other.ID), "x", "thanks"))
	w.ok(err)
	want("his own before a later one", first.ID, a, day())
	third := w.again(first.Visitor, 0)
	want("the latest", third.ID, b, day())
	w.Pass(25 * time.Hour)
	want("more than a day ago", third.ID, "", day())
}

func talks(w *World) {
	a := w.NewAgent("Ada", 3)
	for i, long := range []time.Duration{time.Minute, 3 * time.Minute} {
		c := w.Start("hi")
		_, err := w.Store.Claim(w.Context(), c.ID, a, "hand", w.Now())
		w.ok(err)
		w.Pass(long)
		_, err = w.Store.CloseConversation(w.Context(), c.ID, agent(a), gateway.Resolved, "", w.Now())
		w.ok(err)
		want := gateway.TalkStats{Chats: i + 1, Mean: time.Duration(i+1) * time.Minute}
		if got, err := w.Store.Talks(w.Context(), w.Mailbox, w.Now().Add(-time.Hour)); err != nil || got != want {
			w.Errorf("%+v, want %+v: %v", got, want, err)
		}
	}
	if got, err := w.Store.Talks(w.Context(), w.Mailbox, w.Now().Add(time.Second)); err != nil || got != (gateway.TalkStats{}) {
		w.Errorf("of nothing: %+v, %v", got, err)
	}
}

func overflow(w *World) {
	c, sales := w.Start("hi"), w.NewMailbox("sales")
	w.Pass(time.Minute)
	move := func(version int64) error {
		_, err := w.Store.Overflow(w.Context(), c.ID, version, sales, w.Now())
		return err
	}
	w.unmoved("conflict", func() error { return move(c.Version + 1) })
	errs := race(8, func(int) error { return move(c.Version) })
	if winners(errs) != 1 {
		w.Fatalf("%d moved it: %v", winners(errs), errs)
	}
	got := w.Conversation(c.ID)
	if got.Mailbox != sales || got.Status != gateway.Queued || !got.Moved || got.Round != 1 || !got.QueuedAt.Equal(c.QueuedAt) || !got.MissedAt.Equal(c.MissedAt) {
		w.Errorf("row: %+v", got)
	}
	if kinds := w.kinds(sales); kinds != "conversation.queued" {
		w.Errorf("the new mailbox: %s", kinds)
	}
	w.unmoved("conflict", func() error { return move(got.Version) })
	ringing := w.Start("me too")
	ringing = w.offer(ringing, w.NewAgent("Ada", 1))
	w.unmoved("conflict", func() error {
		_, err := w.Store.Overflow(w.Context(), ringing.ID, ringing.Version, sales, w.Now())
		return err
	})
}
