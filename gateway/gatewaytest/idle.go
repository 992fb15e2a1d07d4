package gatewaytest

import (
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// silent gives the rows that have been silent for at least a minute.
func (w *World) silent(after gateway.IdleRow, limit int) []gateway.IdleRow {
	w.Helper()
	before := w.Now().Add(-time.Minute)
	rows, err := w.Store.IdleRows(w.Context(), before, before, after, limit)
	w.ok(err)
	return rows
}

func idling(w *World) {
	ada := w.NewAgent("Ada", 3)
	asked, chat, ticket := w.Start("our turn"), w.Start("a chat"), w.ticketOf("a ticket")
	_, err := w.Store.Claim(w.Context(), asked.ID, ada, "hand", w.Now())
	w.ok(err)
	for _, c := range []gateway.Conversation{chat, ticket} {
		_, err := w.Store.Append(w.Context(), w.Answer(c, ada, "1"))
		w.ok(err)
		w.Pass(time.Second)
	}
	if rows := w.silent(gateway.IdleRow{}, 9); len(rows) != 0 {
		w.Fatalf("too early: %+v", rows)
	}
	w.Pass(time.Hour)
	rows := w.silent(gateway.IdleRow{}, 9)
	if len(rows) != 2 || rows[0].ID != chat.ID || rows[1].ID != ticket.ID || !rows[0].ToldFor.IsZero() || !rows[0].Silence().Equal(rows[0].LastMessageAt) {
		w.Fatalf("silent: %+v", rows)
	}
	if next := w.silent(rows[0], 9); len(next) != 1 || next[0].ID != ticket.ID {
		w.Errorf("the next page: %+v", next)
	}
	r, until := rows[0], w.Now().Add(5*time.Minute)
	warn := func(int) error {
		_, err := w.Store.WarnIdle(w.Context(), r, until, nil, w.Now())
		return err
	}
	if errs := race(6, warn); winners(errs) != 1 {
		w.Errorf("%d warned: %v", winners(errs), errs)
	}
	w.unmoved("conflict", func() error { return warn(0) })
	r = w.silent(gateway.IdleRow{}, 1)[0]
	if !r.ToldFor.Equal(r.Silence()) {
		w.Errorf("warned for %s, silent since %s", r.ToldFor, r.Silence())
	}
	visitor := gateway.Actor{Role: gateway.RoleVisitor, ID: chat.Visitor}
	_, err = w.Store.Stay(w.Context(), chat.ID, visitor, w.Now())
	w.ok(err)
	end := func(r gateway.IdleRow) error {
		_, err := w.Store.EndIdle(w.Context(), r, gateway.Idle, w.Now())
		return err
	}
	w.unmoved("conflict", func() error { return end(r) }) // read before he stayed
	r = w.silent(gateway.IdleRow{}, 1)[0]
	if r.ToldFor.Equal(r.Silence()) || !r.Since.Equal(w.Now()) {
		w.Errorf("he stayed: %+v", r)
	}
	w.ok(end(r))
	if row := w.Conversation(chat.ID); row.Status != gateway.Closed || row.Outcome != gateway.Idle || row.Reason != "idle" {
		w.Errorf("ended: %+v", row)
	}
	w.wantSeats(ada, 1)
	w.unmoved("conversation_closed", func() error { _, err := w.Store.Stay(w.Context(), chat.ID, visitor, w.Now()); return err })
	if got := w.kinds(chat.ID); !strings.HasSuffix(got, "conversation.idling conversation.stayed conversation.closed") {
		w.Errorf("the visitor has %s", got)
	}
	// A ticket that sleeps is not silent, and its silence begins anew when it wakes.
	_, err = w.Store.Snooze(w.Context(), ticket.ID, agent(ada), w.Now().Add(48*time.Hour), w.Now())
	w.ok(err)
	w.Pass(48 * time.Hour)
	if rows := w.silent(gateway.IdleRow{}, 9); len(rows) != 0 {
		w.Errorf("asleep: %+v", rows)
	}
	_, err = w.Store.Wake(w.Context(), ticket.ID, gateway.System(), time.Time{}, w.Now())
	w.ok(err)
	if rows := w.silent(gateway.IdleRow{}, 9); len(rows) != 1 || !rows[0].Silence().Equal(w.Now()) {
		w.Errorf("awake: %+v", rows)
	}
}

func duplicates(w *World) {
	ada := w.NewAgent("Ada", 3)
	first, second := w.ticketOf("Where is it?"), w.ticketOf("Where is it??")
	dup := func(cv, of gateway.ID) func() error {
		return func() error {
			_, err := w.Store.CloseDuplicate(w.Context(), cv, of, agent(ada), w.Now())
			return err
		}
	}
	w.unmoved("not_found", dup(second.ID, "cv_none"))
	w.ok(dup(second.ID, first.ID)())
	if row := w.Conversation(second.ID); row.Status != gateway.Closed || row.Reason != "duplicate" || row.Outcome != gateway.Idle {
		w.Errorf("closed: %+v", row)
	}
	w.unmoved("conversation_closed", dup(second.ID, first.ID))
	for _, id := range []gateway.ID{first.ID, second.ID} {
		if got := w.kinds(gateway.ID(id.Staff())); !strings.HasSuffix(got, "conversation.duplicate") {
			w.Errorf("the staff has %s", got)
		}
		if got := w.kinds(id); strings.Contains(got, "duplicate") {
			w.Errorf("the visitor has %s", got)
		}
	}
}

func deleting(w *World) {
	ada := w.NewAgent("Ada", 3)
	in := gateway.Incoming{
		Key: "one mail", Raw: []byte("Buy pills"), Message: gateway.Message{ID: w.ID(gateway.PrefixMessage), Text: "Buy pills", Via: "email", Unproven: true}, Copies: []string{"bo@x.example"},
		Start: &gateway.Start{
			ID: w.ID(gateway.PrefixConversation), Mailbox: w.Mailbox, Subject: "Pills", CommandID: "m1",
			Claimed: gateway.Claimed{Name: "Spam", Email: "spam@x.example"},
		},
	}
	in.Start.First = &in.Message
	c, _, err := w.Store.StoreIncoming(w.Context(), in, w.Now())
	w.ok(err)
	del := func(id gateway.ID) func() error {
		return func() error {
			_, err := w.Store.DeleteTicket(w.Context(), id, agent(ada), w.Now())
			return err
		}
	}
	w.unmoved("invalid", del(w.Start("a chat").ID))
	w.unmoved("not_found", del("cv_none"))
	told := w.Answer(c, ada, "f")
	told.Topic, told.MustAgent, told.Counts = c.ID.Staff(), "", false
	told.Payload = gateway.TicketForwarded{Message: "ms_f", Of: in.Message.ID, To: "depot@x.example", Text: "about the pills"}
	told.Mail = &gateway.Mail{ID: "ms_f", Conversation: c.ID, MessageID: "f@x", From: "a@x", To: "depot@x.example", Raw: []byte("pills")}
	_, err = w.Store.Append(w.Context(), told)
	w.ok(err)
	part := w.keep(w.part(c, ada, "1", gateway.Then{}))
	w.ok(del(c.ID)())
	if _, err := w.Store.Mail(w.Context(), "ms_f"); gateway.CodeOf(err) != "not_found" {
		w.Errorf("its mail still waits to leave: %v", err)
	}
	if list, err := w.Store.Mails(w.Context(), c.ID); err != nil || len(list) != 0 {
		w.Errorf("its mails: %+v, %v", list, err)
	}
	w.refused(del(c.ID)(), "not_found")
	_, err = w.Store.Conversation(w.Context(), c.ID)
	w.refused(err, "not_found")
	list, err := w.Store.Conversations(w.Context(), gateway.ConversationFilter{Channel: gateway.ByEmail})
	if err != nil || len(list) != 0 {
		w.Errorf("listed: %+v, %v", list, err)
	}
	for _, topic := range []string{string(c.ID), c.ID.Staff()} {
		events, err := w.Store.Events(w.Context(), topic, 0, 100)
		w.ok(err)
		for i, e := range events {
			text := strings.ToLower(string(e.Payload))
			if e.Seq != uint64(i+1) || strings.Contains(text, "pills") || strings.Contains(text, "x.example") {
				w.Errorf("event %d: %+v %s", i, e, e.Payload)
			}
		}
	}
	if p, err := w.Store.Parting(w.Context(), part.Message.ID); err != nil || p.State != gateway.PartingUndone || p.Message.Text != "" {
		w.Errorf("an answer still waits: %+v, %v", p, err)
	}
	_, err = w.Store.Append(w.Context(), w.Message(c, "m", "again"))
	w.refused(err, "not_found")
	// The same mail once more, as after a rescan of its folder, is known; another one to it opens a new ticket.
	again := in
	again.Message.ID, again.Start = w.ID(gateway.PrefixMessage), &gateway.Start{ID: w.ID(gateway.PrefixConversation), Mailbox: w.Mailbox, CommandID: "m2", First: &again.Message}
	_, _, err = w.Store.StoreIncoming(w.Context(), again, w.Now())
	w.refused(err, "conflict")
	reply := gateway.Incoming{Key: "another mail", Raw: []byte("x"), Conversation: c.ID, Verified: true, Message: gateway.Message{ID: w.ID(gateway.PrefixMessage), Text: "hi"}}
	_, _, err = w.Store.StoreIncoming(w.Context(), reply, w.Now())
	w.refused(err, "conversation_closed")
}

// looksForgotten: looks that were done are forgotten, what is still to be done and other work is not.
func looksForgotten(w *World) {
	put := func(id string, kind gateway.JobKind) {
		w.ok(w.Store.Enqueue(w.Context(), gateway.Job{ID: id, Kind: kind, Due: w.Now()}))
	}
	due := func() (id string) {
		j, _, err := w.Store.LeaseJob(w.Context(), "n", time.Minute, w.Now())
		w.ok(err)
		return j.ID
	}
	for id, kind := range map[string]gateway.JobKind{"look": gateway.JobIdle, "other": gateway.JobReconcile} {
		put(id, kind)
		w.ok(w.Store.FinishJob(w.Context(), due(), "n", w.Now()))
	}
	w.Pass(2 * time.Hour)
	put("waits", gateway.JobIdle)
	w.ok(w.Store.ForgetLooks(w.Context(), w.Now().Add(-time.Hour)))
	if id := due(); id != "waits" {
		w.Errorf("due: %q", id)
	}
	put("look", gateway.JobIdle)
	put("other", gateway.JobReconcile)
	if id, none := due(), due(); id != "look" || none != "" {
		w.Errorf("known after the drop: %q, %q", id, none)
	}
}
