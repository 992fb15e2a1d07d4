package gatewaytest

import (
	"fmt"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// continuing begins a chat in a new browser, as the link of a ticket's mail does.
func (w *World) continuing(ticket, sticky gateway.ID, command string, visitor gateway.ID) gateway.Conversation {
	w.Helper()
	c, _, err := w.Store.StartConversation(w.Context(), gateway.Start{
		ID: w.ID(gateway.PrefixConversation), Visitor: visitor, Mailbox: w.Mailbox, Missed: gateway.DefaultMissed,
		CommandID: command, From: ticket, Sticky: sticky,
		First: &gateway.Message{ID: w.ID(gateway.PrefixMessage), ClientID: command, Text: "hello again"},
	}, w.Now())
	w.ok(err)
	return c
}

func continuations(w *World) {
	ticket, ada, anna := w.mailed("anna@home.example", true), w.NewAgent("Ada", 2), w.ID(gateway.PrefixVisitor)
	was, said := w.Conversation(ticket.ID), w.kinds(ticket.ID)
	c := w.continuing(ticket.ID, ada, "one", anna)
	if c.Visitor == was.Visitor || c.Status != gateway.Queued || c.Number != 0 || c.Claimed.Email != "" || c.Assignee != "" {
		w.Errorf("the chat begins as %+v", c)
	}
	if now := w.Conversation(ticket.ID); now.Status != was.Status || now.Version != was.Version || now.Seq != was.Seq || now.Visitor != was.Visitor || w.kinds(ticket.ID) != said {
		w.Errorf("the ticket moved: %+v, was %+v", now, was)
	}
	if w.ties(c.ID) != fmt.Sprint("before #", was.Number) || w.ties(ticket.ID) != "onward #0" {
		w.Errorf("ties: %s and %s", w.ties(c.ID), w.ties(ticket.ID))
	}
	for _, id := range []gateway.ID{c.ID, ticket.ID} {
		if !strings.HasSuffix(w.kinds(gateway.ID(id.Staff())), "conversation.continued") || strings.Contains(w.kinds(id), "continued") {
			w.Errorf("told: %s / %s", w.kinds(gateway.ID(id.Staff())), w.kinds(id))
		}
	}
	if got, err := w.Store.ServedBy(w.Context(), c.ID, w.Now().Add(-time.Hour)); err != nil || got != ada {
		w.Errorf("asked first is %q, want the ticket's agent: %v", got, err)
	}
	if again := w.continuing(ticket.ID, ada, "one", anna); again.ID != c.ID || w.ties(ticket.ID) != "onward #0" {
		w.Errorf("the same command began %s, ties %s", again.ID, w.ties(ticket.ID))
	}
	_, err := w.Store.Claim(w.Context(), c.ID, ada, "hand", w.Now())
	w.ok(err)
	w.unmoved("forbidden", func() error { return w.merge(c.ID, ticket.ID) }) // nobody knows that it is the same person
	other := w.continuing(ticket.ID, "", "one", w.ID(gateway.PrefixVisitor))
	if other.ID == c.ID || w.ties(ticket.ID) != "onward #0, onward #0" {
		w.Errorf("a second browser: %s", w.ties(ticket.ID))
	}
	for n := range gateway.MaxContinued + 5 {
		w.continuing(ticket.ID, "", fmt.Sprint("more", n), anna)
	}
	if n := strings.Count(w.ties(ticket.ID), "onward"); n != gateway.MaxContinued {
		w.Errorf("%d are tied, want %d", n, gateway.MaxContinued)
	}
	into := w.mailed("anna@home.example", true)
	w.ok(w.merge(ticket.ID, into.ID))
	late := w.continuing(ticket.ID, "", "late", anna)
	if w.ties(late.ID) != fmt.Sprint("before #", into.Number) {
		w.Errorf("after a merge: %s, want where the ticket goes on", w.ties(late.ID))
	}
	if none := w.continuing("cv_none", "", "none", anna); w.ties(none.ID) != "" || none.Status != gateway.Queued {
		w.Errorf("a ticket that is gone: %s", w.ties(none.ID))
	}
}
