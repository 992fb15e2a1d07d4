package gatewaytest

import (
	"time"

	"github.com/postern-chat/postern/gateway"
)

// machines: a program's mail is stored once and opens nothing; what opens a ticket is confirmed once, and an address gets
// one automatic mail in a day.
func machines(w *World) {
	in := gateway.Incoming{
		Key: "m1", Raw: []byte("raw"), Position: &gateway.MailPosition{Source: "imap:m", Validity: 1, UID: 7},
		Message: gateway.Message{ID: w.ID(gateway.PrefixMessage), Text: "away"},
	}
	in.Machine = &gateway.Machine{Message: in.Message.ID, Mailbox: w.Mailbox, Sender: "vic@home.example", Subject: "Out of office", Text: "away"}
	cv, events, err := w.Store.StoreIncoming(w.Context(), in, w.Now())
	w.ok(err)
	if cv.ID != "" || len(events) != 0 {
		w.Errorf("a program's mail made %+v, %v", cv, events)
	}
	p, err := w.Store.MailPosition(w.Context(), "imap:m")
	w.ok(err)
	if p.UID != 7 {
		w.Errorf("position %+v", p)
	}
	_, _, err = w.Store.StoreIncoming(w.Context(), in, w.Now())
	w.refused(err, "conflict")
	list, err := w.Store.Machines(w.Context(), 10)
	w.ok(err)
	if len(list) != 1 || list[0].Sender != "vic@home.example" || list[0].Subject != "Out of office" || list[0].Text != "away" || list[0].At.IsZero() {
		w.Errorf("%+v", list)
	}
	opened := gateway.Incoming{
		Key: "m2", Raw: []byte("raw"), Confirm: true, MessageID: "a@home.example", Message: gateway.Message{ID: w.ID(gateway.PrefixMessage), Text: "hi", Via: "email"},
		Start: &gateway.Start{ID: w.ID(gateway.PrefixConversation), Mailbox: w.Mailbox, Subject: "new"},
	}
	row, _, err := w.Store.StoreIncoming(w.Context(), opened, w.Now())
	w.ok(err)
	j, ok, err := w.Store.LeaseJob(w.Context(), "n", time.Minute, w.Now())
	w.ok(err)
	if !ok || j.Kind != gateway.JobConfirm || string(j.Payload) != `{"conversation":"`+string(row.ID)+`","message_id":"a@home.example"}` {
		w.Fatalf("%+v, %v", j, ok)
	}
	automatic(w, row.ID)
}

// automatic sends mail that no person wrote to one address, whatever its case, at three times.
func automatic(w *World, cv gateway.ID) {
	w.Helper()
	for i, c := range []struct {
		pass time.Duration
		to   string
		sent bool
	}{{0, "vic@home.example", true}, {23 * time.Hour, "Vic@Home.example", false}, {0, "eve@home.example", true}, {time.Hour, "VIC@home.example", true}} {
		w.Pass(c.pass)
		m := gateway.Mail{ID: w.ID(gateway.PrefixMessage), Conversation: cv, MessageID: string(rune('a'+i)) + "@shop.example", From: "b@shop.example", To: c.to, Raw: []byte("x")}
		sent, err := w.Store.SendAutomatic(w.Context(), m, w.Now().Add(-gateway.AutomaticEvery), w.Now())
		w.ok(err)
		_, gone := w.Store.Mail(w.Context(), m.ID)
		if sent != c.sent || (gone == nil) != c.sent {
			w.Errorf("mail %d: sent %v, %v", i, sent, gone)
		}
	}
}
