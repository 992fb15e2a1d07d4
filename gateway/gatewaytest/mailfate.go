package gatewaytest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

func mailCopies(w *World) {
	c := w.mailed("anna@home.example", true)
	comes := func(key string, verified bool, names ...string) gateway.ID {
		w.Helper()
		w.Pass(time.Minute)
		m := w.ID(gateway.PrefixMessage)
		_, _, err := w.Store.StoreIncoming(w.Context(), gateway.Incoming{
			Key: key, Conversation: c.ID, Raw: []byte("raw"), Verified: verified, Copies: names,
			Message: gateway.Message{ID: m, Text: key, Via: "email", Unproven: !verified},
		}, w.Now())
		w.ok(err)
		return m
	}
	want := func(names ...string) {
		w.Helper()
		got, err := w.Store.Copies(w.Context(), c.ID)
		w.ok(err)
		if !slices.Equal(got, names) {
			w.Errorf("copies go to %v, want %v", got, names)
		}
	}
	want()
	first := comes("own", true, "bo@work.example", "cy@work.example")
	want("bo@work.example", "cy@work.example")
	comes("a stranger's", false, "eve@evil.example")
	want("bo@work.example", "cy@work.example")
	list, err := w.Store.Mails(w.Context(), c.ID)
	w.ok(err)
	if len(list) != 2 || !list[0].In || list[0].Cc[0] != "eve@evil.example" || list[1].Message != first || len(list[1].Cc) != 2 {
		w.Errorf("mails: %+v", list)
	}
	comes("own, to nobody else", true)
	want()
	opened, _, err := w.Store.StoreIncoming(w.Context(), gateway.Incoming{
		Key: "start", Raw: []byte("raw"), Message: gateway.Message{ID: "ms_start", Text: "hi"}, Copies: []string{"di@work.example"},
		Start: &gateway.Start{ID: w.ID(gateway.PrefixConversation), Mailbox: w.Mailbox, Subject: "s", CommandID: "start"},
	}, w.Now())
	w.ok(err)
	if got, err := w.Store.Copies(w.Context(), opened.ID); err != nil || !slices.Equal(got, []string{"di@work.example"}) {
		w.Errorf("of a new ticket: %v, %v", got, err)
	}
}

func mailNotes(w *World) {
	c := w.mailed("anna@home.example", true)
	_, err := w.Store.CloseConversation(w.Context(), c.ID, gateway.System(), gateway.Resolved, "", w.Now())
	w.ok(err)
	before := w.Conversation(c.ID)
	note := gateway.Incoming{Key: "n", Conversation: c.ID, Raw: []byte("raw"), Note: true, Message: gateway.Message{ID: "ms_n", Text: "found", Via: "email", Name: "Dee"}}
	_, events, err := w.Store.StoreIncoming(w.Context(), note, w.Now())
	w.ok(err)
	after := w.Conversation(c.ID)
	if after.Status != before.Status || after.Seq != before.Seq || after.Messages != before.Messages || after.LastAuthor != before.LastAuthor {
		w.Errorf("a note moved %+v to %+v", before, after)
	}
	if !strings.HasSuffix(w.kinds(gateway.ID(c.ID.Staff())), "note.created") || len(events) != 2 {
		w.Errorf("told: %s", w.kinds(gateway.ID(c.ID.Staff())))
	}
	w.unmoved("conflict", func() error { _, _, err := w.Store.StoreIncoming(w.Context(), note, w.Now()); return err })
	_, err = w.Store.DeleteTicket(w.Context(), c.ID, gateway.System(), w.Now())
	w.ok(err)
	note.Key, note.Message.ID = "late", "ms_late"
	_, _, err = w.Store.StoreIncoming(w.Context(), note, w.Now())
	w.refused(err, "conversation_closed") // it opens a new one
}

func mailAgain(w *World) {
	c, a := w.mailed("anna@home.example", true), w.NewAgent("Ada", 1)
	in := w.Answer(c, a, "1")
	in.Mail = &gateway.Mail{
		ID: w.ID(gateway.PrefixMessage), Conversation: c.ID, MessageID: "x@shop.example", From: "b@shop.example", To: "anna@home.example",
		Cc: []string{"bo@work.example", "cy@work.example"}, Forward: true, Raw: []byte("Subject: hi\r\n\r\n"),
	}
	_, err := w.Store.Append(w.Context(), in)
	w.ok(err)
	if got, err := w.Store.Mail(w.Context(), in.Mail.ID); err != nil || !slices.Equal(got.Cc, in.Mail.Cc) || !got.Forward {
		w.Errorf("mail: %+v, %v", got, err)
	}
	again := func() error { return w.Store.SendAgain(w.Context(), in.Mail.ID, false, w.Now()) }
	state := func(want string) {
		w.Helper()
		list, err := w.Store.Mails(w.Context(), c.ID)
		w.ok(err)
		if len(list) != 1 || list[0].State+" "+list[0].Code != want {
			w.Errorf("%+v, want %q", list, want)
		}
	}
	lease := func() gateway.Job {
		w.Helper()
		for {
			j, ok, err := w.Store.LeaseJob(w.Context(), "n", time.Minute, w.Now())
			w.ok(err)
			if !ok || j.Kind == gateway.JobMail {
				return j
			}
			w.ok(w.Store.FinishJob(w.Context(), j.ID, "n", w.Now()))
		}
	}
	state("waiting ")
	w.unmoved("conflict", again)
	w.refused(w.Store.SendAgain(w.Context(), "ms_none", true, w.Now()), "not_found")
	w.ok(w.Store.StopJob(w.Context(), lease().ID, "n", "invalid", w.Now()))
	state("stopped invalid")
	w.ok(again())
	state("waiting ")
	w.unmoved("conflict", again)
	j := lease()
	_, err = w.Store.Delivered(w.Context(), in.Mail.ID, w.Now())
	w.ok(err)
	w.ok(w.Store.FinishJob(w.Context(), j.ID, "n", w.Now()))
	state("sent ")
	w.unmoved("conflict", again)
	for since, want := range map[time.Duration]int{time.Hour: 1, 0: 0} {
		if n, err := w.Store.MailsSince(w.Context(), w.Mailbox, w.Now().Add(-since)); err != nil || n != want {
			w.Errorf("%d mails left within %s, %v", n, since, err)
		}
	}
	_, err = w.Store.Bounced(w.Context(), in.Mail.ID, gateway.Bounce{Code: "5.1.1"}, w.Now())
	w.ok(err)
	state("stopped 5.1.1")
	w.Pass(6 * 24 * time.Hour) // then it has its five days again
	w.ok(again())
	if j := lease(); j.Attempts != 1 || !j.Since.Equal(w.Now()) || j.ID != "mail:"+string(in.Mail.ID) {
		w.Errorf("the job of a mail that goes again: %+v", j)
	}
}

// answered stores an agent's answer with its mail to an address.
func (w *World) answered(c gateway.Conversation, by gateway.ID, to string) gateway.ID {
	w.Helper()
	m := w.ID(gateway.PrefixMessage)
	in := w.Answer(c, by, string(m))
	in.Mail = &gateway.Mail{ID: m, Conversation: c.ID, MessageID: string(m) + "@shop.example", From: "b@shop.example", To: to, Raw: []byte("Subject: hi\r\n\r\n")}
	_, err := w.Store.Append(w.Context(), in)
	w.ok(err)
	return m
}

func deadAddress(w *World) {
	const anna = "Anna@home.example"
	c, a := w.mailed(anna, true), w.NewAgent("Ada", 1)
	state := func(message gateway.ID, want string) {
		w.Helper()
		list, err := w.Store.Mails(w.Context(), c.ID)
		w.ok(err)
		i := slices.IndexFunc(list, func(f gateway.MailFate) bool { return f.Message == message })
		if got := fmt.Sprint(list[i].State, " ", list[i].Code, " ", list[i].Dead); got != want {
			w.Errorf("mail: %s, want %s", got, want)
		}
	}
	bounced := func(message gateway.ID, hard bool) {
		w.Helper()
		_, err := w.Store.Bounced(w.Context(), message, gateway.Bounce{Code: "5.1.1", Hard: hard}, w.Now())
		w.ok(err)
	}
	soft := w.answered(c, a, anna)
	bounced(soft, false)
	state(soft, "stopped 5.1.1 false")
	hard := w.answered(c, a, anna)
	state(hard, "waiting  false")
	bounced(hard, true)
	state(soft, "stopped 5.1.1 true")

	kept := w.answered(c, a, "anna@HOME.example")
	state(kept, "stopped 5.1.1 true")
	if got := w.kinds(gateway.ID(c.ID.Staff())); strings.Count(got, "ticket.bounced") != 3 {
		w.Errorf("the staff is told %s", got)
	}
	for {
		j, ok, err := w.Store.LeaseJob(w.Context(), "n", time.Minute, w.Now())
		w.ok(err)
		if !ok {
			break
		}
		if j.ID == "mail:"+string(kept) {
			w.Errorf("%s is sent", j.ID)
		}
		w.ok(w.Store.FinishJob(w.Context(), j.ID, "n", w.Now()))
	}
	if sent, err := w.Store.SendAutomatic(w.Context(), gateway.Mail{ID: "ms_auto", To: anna}, w.Now().Add(-time.Hour), w.Now()); sent || err != nil {
		w.Errorf("automatic mail: %v, %v", sent, err)
	}
	other := w.answered(c, a, "bo@work.example")
	state(other, "waiting  false")

	again := func(dead bool) error { return w.Store.SendAgain(w.Context(), kept, dead, w.Now()) }
	w.unmoved("invalid", func() error { return again(false) })
	w.ok(again(true))
	state(kept, "waiting  false")
	state(hard, "stopped 5.1.1 false")
	bounced(hard, true) // the old report, read once more
	state(w.answered(c, a, anna), "waiting  false")

	bounced(kept, true)
	state(w.answered(c, a, anna), "stopped 5.1.1 true")
	comes := func(key, alive string) {
		w.Helper()
		_, _, err := w.Store.StoreIncoming(w.Context(), gateway.Incoming{
			Key: key, Conversation: c.ID, Raw: []byte("raw"), Alive: alive,
			Message: gateway.Message{ID: w.ID(gateway.PrefixMessage), Text: key, Via: "email", Unproven: alive == ""},
		}, w.Now())
		w.ok(err)
	}
	comes("a forged one", "")
	state(w.answered(c, a, anna), "stopped 5.1.1 true")
	comes("from her", "anna@home.example")
	state(w.answered(c, a, anna), "waiting  false")
}
