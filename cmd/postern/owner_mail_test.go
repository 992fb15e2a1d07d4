package main

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"github.com/postern-chat/postern/gateway/mail"
)

// wished gives a ticket in which the owner of its account asks for a change: from his true address, with a valid
// signature of its domain.
func wished(t *testing.T, engine string) (*row, talk) {
	t.Helper()
	text, name, record := newDKIM(t, "example-mail.com")
	dns := server.NewZone(t, map[string]string{name: record})
	r := newRow(t, startFixture(t, engine, options{config: func(c *Config) {
		c.Mail.LMTP, c.Mail.Resolver = "unix:"+filepath.Join(t.TempDir(), "lmtp"), dns
	}}))
	r.given()
	k := r.missed(vicsMail)
	to := r.address(k.cv, vicsMail)
	key, err := mail.NewSigningKey("example-mail.com", "k", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := (mail.Signatures{key}).Sign(vicsMail, []byte(strings.Join([]string{
		"From: Harriet Quill <" + vicsMail + ">", "To: " + to, "Subject: Please change my e-mail", "Date: Mon, 02 Mar 2026 12:00:00 +0000",
		"Message-ID: <" + rand.Text() + "@example-mail.com>", "", "Please change my e-mail to x@evil.test.", "",
	}, "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	if got := (lmtpClient{t, r.lmtp}).hands(to, strings.ReplaceAll(string(raw), "\r\n", "\n")); got != 250 {
		t.Fatal(got)
	}
	said := r.said(t, gateway.ID(k.cv))
	if last := said[len(said)-1]; last.Unproven || last.Via != "email" || !strings.Contains(last.Text, "x@evil.test") {
		t.Fatalf("a proven mail is stored as %+v", last)
	}
	return r, k
}

// The owner of an account asks for a change by mail, in his own ticket. He is shown as known, and that is all: nobody can
// draft a change there, none is made, the host's database stays as it is, and the agent can only tell him to come back
// and log in.
func TestOwnersMailChangesNothing(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			r, k := wished(t, engine)
			for _, name := range []string{"ag1", "sn1", "su1"} {
				c := r.as(name)
				for kind, fields := range map[string]map[string]string{"renewal.cancel": {"plan": "plus"}, "name.change": {"name": "Vic"}} {
					r.refused(c, "change.state", "change.draft", r.draft(k, kind, fields))
				}
			}
			r.none(k)
			k.mia.ok("conversation.claim", map[string]any{"conversation": k.cv})
			k.mia.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "a", "text": "Please log in at the shop and write to us there."})
			r.sends(k.cv, vicsMail)
			r.untouched()
		})
	}
}

// A note in a ticket is for the staff: no mail is made of it.
func TestNotesAreNotMailed(t *testing.T) {
	onBoth(t, func(t *testing.T, r *row) {
		k := r.ticket(vicsMail)
		k.mia.ok("conversation.claim", map[string]any{"conversation": k.cv})
		k.mia.ok("note.send", map[string]any{"conversation": k.cv, "client_id": "n", "text": "He is difficult."})
		if n := r.mailsTo(vicsMail); n != 0 {
			t.Errorf("%d mails after a note", n)
		}
		k.mia.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "a", "text": "Where is it?"})
		if n := r.mailsTo(vicsMail); n != 1 {
			t.Errorf("%d mails after an answer", n)
		}
	})
}
