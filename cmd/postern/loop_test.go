package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"github.com/postern-chat/postern/gateway/mail"
)

// newDKIM makes a key for a domain: its PEM form, and what the DNS says of it.
func newDKIM(t *testing.T, domain string) (text string, name, record string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	k, err := mail.NewSigningKey(domain, "k", b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), k.Name(), k.Record()
}

// talker is a gateway of one domain, whose mails are signed.
type talker struct {
	*node
	conf Config
	db   *sql.DB
}

// count counts the mails that it has made and taken in, and the jobs that could make more.
func (s talker) count(t *testing.T) (out, in, jobs int) {
	t.Helper()
	for query, to := range map[string]*int{
		"SELECT COUNT(*) FROM outbox": &out, "SELECT COUNT(*) FROM incoming": &in,
		"SELECT COUNT(*) FROM jobs WHERE kind IN ('mail', 'confirm') AND done_at IS NULL": &jobs,
	} {
		if err := s.db.QueryRowContext(t.Context(), query).Scan(to); err != nil {
			t.Fatal(err)
		}
	}
	return out, in, jobs
}

// wired starts a gateway for each domain, all at one Postfix, which hands each its own mail.
func wired(t *testing.T, domains ...string) (p *server.Postfix, all []talker) {
	t.Helper()
	ways, zone, keys := map[string]string{}, map[string]string{}, map[string]string{}
	for _, d := range domains {
		text, name, record := newDKIM(t, d)
		ways[d], zone[name], keys[d] = freeAddress(t), record, text
	}
	p, dns := server.NewPostfix(t, server.PostfixOptions{LMTP: ways}), server.NewZone(t, zone)
	for _, d := range domains {
		c := alone(t)
		sendsBy(t, &c, p)
		c.Mail.LMTP, c.Mail.Resolver = ways[d], dns
		c.SMTP.DKIM = []DKIMConfig{{Domain: d, Selector: "k", KeyFile: write(t, t.TempDir(), "dkim.pem", keys[d])}}
		n := startNode(t, c)
		c.PublicURL = n.url
		box := n.box
		box.Address = "support@" + d
		var err error
		if n.box, _, err = n.Service.Store.SaveMailbox(t.Context(), box, gateway.System(), time.Now()); err != nil {
			t.Fatal(err)
		}
		all = append(all, talker{n, c, openSQL(t, "sqlite", "file:"+filepath.Join(c.Data, "postern.db")+"?_pragma=busy_timeout(5000)")})
	}
	return p, all
}

// Two gateways are each other's customers. The answer of one opens a ticket at the other, which confirms it, because the
// answer is signed: that are two mails, and nothing follows. A second answer within a day is not confirmed again.
func TestTwoGatewaysDoNotAnswerEachOther(t *testing.T) {
	p, both := wired(t, "a.test", "b.test")
	a, b := both[0], both[1]
	cv := a.opens(t, "support@b.test")
	settle := func(in int) {
		t.Helper()
		waitUntil(t, "the mails do not come to rest", func() bool {
			_, _, open := a.count(t)
			_, got, more := b.count(t)
			return got == in && open+more == 0 && p.Queued(t) == 0
		})
	}
	a.answers(t, cv, "Can you help us?")
	before, err := a.Service.Store.Conversation(t.Context(), cv)
	if err != nil {
		t.Fatal(err)
	}
	settle(1)
	waitUntil(t, "the confirmation does not come back", func() bool { _, in, _ := a.count(t); return in == 1 })
	if out, in, _ := a.count(t); out != 1 || in != 1 {
		t.Errorf("the first sent %d and got %d mails", out, in)
	}
	if out, in, _ := b.count(t); out != 1 || in != 1 {
		t.Errorf("the second sent %d and got %d mails", out, in)
	}
	row, err := a.Service.Store.Conversation(t.Context(), cv)
	if err != nil || row.Status != before.Status || row.Number != before.Number {
		t.Errorf("a program's mail moved the ticket: %s, %v", row.Status, err)
	}
	if list := b.tickets(t); len(list) != 1 || list[0].Claimed.Email != "support@a.test" {
		t.Fatalf("%+v", list)
	}
	if said := b.said(t, b.tickets(t)[0].ID); len(said) != 1 || said[0].Unproven {
		t.Errorf("a signed mail is not proven: %+v", said)
	}
	a.answers(t, cv, "And another thing.")
	settle(2)
	if out, _, _ := b.count(t); out != 1 {
		t.Errorf("%d automatic mails to one address within a day", out)
	}
}
