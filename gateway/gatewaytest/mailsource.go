package gatewaytest

import (
	"bytes"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// mailSources: one node reads a source, and the position moves with the mail or not at all.
func mailSources(w *World) {
	lease := func(owner string) bool {
		got, err := w.Store.LeaseMail(w.Context(), "imap:x", owner, w.Now().Add(time.Minute), w.Now())
		w.ok(err)
		return got
	}
	if !lease("a") || lease("b") || !lease("a") {
		w.Error("the lease of a source")
	}
	w.Pass(2 * time.Minute)
	if !lease("b") || lease("a") {
		w.Error("a lease that ended")
	}
	at := func(validity, uid uint32) {
		w.Helper()
		p, err := w.Store.MailPosition(w.Context(), "imap:x")
		w.ok(err)
		if p != (gateway.MailPosition{Source: "imap:x", Validity: validity, UID: uid}) {
			w.Errorf("at %+v, want %d %d", p, validity, uid)
		}
	}
	at(0, 0)
	mail := gateway.Incoming{
		Key: "s1", Raw: []byte("raw"), Message: gateway.Message{ID: w.ID(gateway.PrefixMessage), Text: "hi", Via: "email"},
		Start:    &gateway.Start{ID: w.ID(gateway.PrefixConversation), Mailbox: w.Mailbox, Subject: "new"},
		Position: &gateway.MailPosition{Source: "imap:x", Validity: 9, UID: 4_000_000_000},
		Original: gateway.Original{Text: "hi", HTML: "<p>hi</p>", Header: []gateway.HeaderField{{Name: "From", Value: "x"}}},
	}
	file, _ := gateway.NewMailFile(w.ID(gateway.PrefixFile), "a.txt", "text/plain; charset=utf-8", bytes.Repeat([]byte("ab"), gateway.PartSize), w.Now())
	mail.Files = []gateway.MailFile{file}
	cv, _, err := w.Store.StoreIncoming(w.Context(), mail, w.Now())
	w.ok(err)
	at(9, 4_000_000_000)
	mailFile(w, cv, file)
	of, o, err := w.Store.Original(w.Context(), mail.Message.ID)
	w.ok(err)
	if of != cv.ID || o.HTML != "<p>hi</p>" || o.Header[0].Value != "x" {
		w.Errorf("%s %+v", of, o)
	}
	_, _, err = w.Store.Original(w.Context(), w.ID(gateway.PrefixMessage))
	w.refused(err, "not_found")
	again := mail
	again.Position = &gateway.MailPosition{Source: "imap:x", Validity: 10, UID: 1}
	_, _, err = w.Store.StoreIncoming(w.Context(), again, w.Now())
	w.refused(err, "conflict")
	at(9, 4_000_000_000)
	for _, p := range [][4]uint32{{9, 7, 9, 4_000_000_000}, {10, 3, 10, 3}, {10, 2, 10, 3}, {10, 4, 10, 4}} {
		w.ok(w.Store.MoveMail(w.Context(), gateway.MailPosition{Source: "imap:x", Validity: p[0], UID: p[1]}))
		at(p[2], p[3])
	}
}

// mailFile reads back what a mail carried.
func mailFile(w *World, cv gateway.Conversation, file gateway.MailFile) {
	w.Helper()
	f, err := w.Store.File(w.Context(), file.ID)
	w.ok(err)
	if !f.Complete() || f.AttachedAt.IsZero() || f.Conversation != cv.ID || f.Type != "text/plain" || f.Size != 2*gateway.PartSize {
		w.Errorf("%+v", f)
	}
	for n := range 2 {
		part, err := w.Store.Part(w.Context(), f.ID, n)
		w.ok(err)
		if !bytes.Equal(part, file.Data[n*gateway.PartSize:(n+1)*gateway.PartSize]) {
			w.Errorf("part %d differs", n)
		}
	}
}
