package gatewaytest

import (
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

func following(w *World) {
	c, ada, ben := w.ticketOf("Where is it?"), w.NewAgent("Ada", 2), w.NewAgent("Ben", 2)
	wants := func(a gateway.ID, want string) {
		w.Helper()
		got, err := w.Store.Follows(w.Context(), a, 10)
		w.ok(err)
		is := "unsaid"
		if v, ok := got[c.ID]; ok {
			is = map[bool]string{true: "follows", false: "not"}[v]
		}
		if is != want {
			w.Errorf("%s, want %s", is, want)
		}
	}
	told := func(a gateway.ID) int {
		w.Helper()
		return strings.Count(w.kinds(a), "follow.changed")
	}
	warned := func(key string) int {
		w.Helper()
		_, err := w.Store.Escalate(w.Context(), c.ID, gateway.System(), w.telling(key, ada, ben), w.Now())
		w.ok(err)
		return strings.Count(w.kinds(ada), "clock.warned")
	}
	follow := func(a gateway.ID, wanted bool) int {
		w.Helper()
		events, err := w.Store.Follow(w.Context(), c.ID, a, wanted, agent(a), "hand", w.Now())
		w.ok(err)
		return len(events)
	}
	wants(ada, "unsaid")
	_, err := w.Store.Append(w.Context(), w.Answer(c, ada, "1")) // who answers follows
	w.ok(err)
	wants(ada, "follows")
	if n := warned("one"); n != 1 || told(ada) != 0 {
		w.Errorf("told %d times, and of following %d times", n, told(ada))
	}
	w.Pass(time.Second)
	if n := follow(ada, false) + follow(ada, false); n != 1 {
		w.Errorf("%d events of not to follow, twice", n)
	}
	wants(ada, "not")
	if n := warned("two"); n != 1 {
		w.Errorf("an unfollowed conversation still tells: %d times", n)
	}
	if n := strings.Count(w.kinds(ben), "clock.warned"); n != 2 {
		w.Errorf("a colleague was told %d times", n)
	}
	// Who is mentioned follows, and is told; who is not, is not.
	note := gateway.Append{
		Topic: c.ID.Staff(), Conversation: c.ID, Actor: agent(ben), ClientID: "n", ID: w.ID(gateway.PrefixEvent), At: w.Now(),
		Payload: gateway.NoteCreated{Message: gateway.Message{ID: w.ID(gateway.PrefixMessage), Text: "@Ada"}}, Hear: []gateway.ID{ada},
	}
	done, err := w.Store.Append(w.Context(), note)
	w.ok(err)
	if len(done.More) != 1 || done.More[0].Topic != string(ada) {
		w.Errorf("beside the note: %+v", done.More)
	}
	wants(ada, "follows")
	wants(ben, "unsaid")
	if n := warned("three"); n != 2 {
		w.Errorf("told %d times", n)
	}
	// Handing it on makes its new agent follow, whatever he had said.
	w.Pass(time.Second)
	follow(ben, false)
	_, err = w.Store.Assign(w.Context(), gateway.Assignment{Conversation: c.ID, By: agent(ada), ToAgent: ben}, w.Now())
	w.ok(err)
	wants(ben, "follows")
	wants(ada, "follows")
	w.unmoved("not_found", func() error {
		_, err := w.Store.Follow(w.Context(), "cv_none", ada, true, agent(ada), "hand", w.Now())
		return err
	})
	_, err = w.Store.CloseConversation(w.Context(), c.ID, agent(ben), gateway.Idle, "idle", w.Now())
	w.ok(err)
	wants(ada, "unsaid")
}
