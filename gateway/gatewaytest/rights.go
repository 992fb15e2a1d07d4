package gatewaytest

import (
	"fmt"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// rightsMove ends a right in each way there is: what was let in by the rights before is refused, and nothing moved.
func rightsMove(w *World) {
	a := w.NewAgent("Ada", 50)
	w.ok(w.Store.SaveSession(w.Context(), "login", a, "", w.Now().Add(time.Hour), w.Now()))
	members := func(ids ...gateway.ID) error {
		_, err := w.Store.SetMembers(w.Context(), w.Mailbox, ids, gateway.System(), w.Now())
		return err
	}
	save := func(change func(*gateway.Agent)) error {
		who, err := w.Store.Agent(w.Context(), a)
		w.ok(err)
		change(&who)
		_, _, err = w.Store.SaveAgent(w.Context(), who, gateway.System(), w.Now())
		return err
	}
	for i, end := range []struct {
		what string
		do   func() error
	}{
		{"signed out", func() error { return w.Store.EndSession(w.Context(), "login") }},
		{"a new password", func() error { return w.Store.SetPassword(w.Context(), a, "hash", w.Now()) }},
		{"no member any more", func() error { return members() }},
		{"a member again", func() error { return members(a) }},
		{"another role", func() error { return save(func(x *gateway.Agent) { x.Role = gateway.RoleSenior }) }},
		{"disabled", func() error { return save(func(x *gateway.Agent) { x.DisabledAt = w.Now() }) }},
	} {
		c := w.Start("hi")
		w.ok(w.claimed(c.ID, a, i))
		in := w.Answer(c, a, "x")
		in.By = w.rights(c.ID)
		w.ok(end.do())
		if after := w.rights(c.ID); after.Epoch <= in.By.Epoch {
			w.Errorf("%s: the epoch is %d, before %d", end.what, after.Epoch, in.By.Epoch)
		}
		w.unmoved("conflict", func() error { return w.moved(in) })
		in.By = w.rights(c.ID)
		_, err := w.Store.Append(w.Context(), in)
		w.ok(err)
	}
}

// claimed gives the agent a conversation while he may have one.
func (w *World) claimed(cv, agent gateway.ID, round int) error {
	if round == 3 { // he is no member for now: somebody hands it to him another way
		return nil
	}
	_, err := w.Store.Claim(w.Context(), cv, agent, "hand", w.Now())
	return err
}

// rights reads what an agent is let into a conversation by.
func (w *World) rights(cv gateway.ID) *gateway.Rights {
	w.Helper()
	n, err := w.Store.Epoch(w.Context())
	w.ok(err)
	return &gateway.Rights{Epoch: n, Talk: w.Conversation(cv)}
}

// moved appends what must be refused because rights have moved.
func (w *World) moved(in gateway.Append) error {
	_, err := w.Store.Append(w.Context(), in)
	if !gateway.RightsMoved(err) {
		w.Errorf("%v, want that rights have moved", err)
	}
	return err
}

// talkMoves changes the row that somebody was let in by.
func talkMoves(w *World) {
	a, b := w.NewAgent("Ada", 5), w.NewAgent("Bob", 5)
	other := w.NewMailbox("other")
	c := w.Start("hi")
	_, err := w.Store.Claim(w.Context(), c.ID, a, "hand", w.Now())
	w.ok(err)
	in := w.Answer(c, a, "x")
	in.By = w.rights(c.ID)
	_, err = w.Store.Append(w.Context(), w.Message(c, "1", "the visitor's words move no right"))
	w.ok(err)
	_, err = w.Store.Append(w.Context(), in)
	w.ok(err)
	for _, to := range []gateway.Assignment{{ToAgent: b}, {ToMailbox: other, Missed: gateway.DefaultMissed}} {
		to.Conversation, to.By = c.ID, gateway.System()
		in := w.Answer(c, a, fmt.Sprint(to.ToAgent, to.ToMailbox))
		in.By = w.rights(c.ID)
		_, err := w.Store.Assign(w.Context(), to, w.Now())
		w.ok(err)
		w.unmoved("conflict", func() error { return w.moved(in) })
	}
}

// told gathers what became of submitted appends.
type told chan []gateway.Stored

// Committed implements gateway.Committed.
func (t told) Committed(out []gateway.Stored) { t <- out }

// submitOrder hands in many appends without waiting, a first reply that claims among them: each conversation's are
// stored and told in their order.
func submitOrder(w *World) {
	const each = 60
	a := w.NewAgent("Ada", 5)
	talks := []gateway.Conversation{w.Start("a"), w.Start("b"), w.Start("c")}
	out := make(told, each*len(talks))
	for n := range each {
		for _, c := range talks {
			in := w.Message(c, fmt.Sprint(n), fmt.Sprint(n))
			if n%10 == 5 { // the first of them claims, which a batch of several leaves for later
				in = w.Answer(c, a, fmt.Sprint(n))
			}
			w.ok(w.Store.Submit(w.Context(), in, out))
		}
	}
	next := map[string]int{}
	last := map[string]uint64{}
	for came := 0; came < each*len(talks); {
		for _, s := range <-out {
			w.ok(s.Err)
			came++
			topic := s.Append.Topic
			if s.Append.ClientID != fmt.Sprint(next[topic]) || s.Event.Seq <= last[topic] {
				w.Fatalf("%s: %s with number %d after %d, want message %d", topic, s.Append.ClientID, s.Event.Seq, last[topic], next[topic])
			}
			next[topic], last[topic] = next[topic]+1, s.Event.Seq
			if s.Row.ID != s.Append.Conversation || s.Row.LastMessageAt.IsZero() {
				w.Fatalf("the row of %s: %+v", topic, s.Row)
			}
		}
	}
	for _, c := range talks {
		w.kinds(c.ID)
		if row := w.Conversation(c.ID); row.Messages != each-each/10+1 {
			w.Errorf("%d messages of the visitor", row.Messages)
		}
	}
}
