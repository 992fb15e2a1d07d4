package main

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/mail"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// sendsBy lets a configuration send through Postfix.
func sendsBy(t *testing.T, c *Config, p *server.Postfix) {
	t.Helper()
	host, port, err := net.SplitHostPort(p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	c.SMTP.Host, c.SMTP.TLS = host, "none"
	if c.SMTP.Port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
}

// header reads one field of a mail.
func header(t *testing.T, raw []byte, name string) string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header.Get(name)
}

// replies writes back from what reached a customer, without any header that names the thread.
func (n *node) replies(t *testing.T, p *server.Postfix, got []byte, from, text string) {
	t.Helper()
	to, err := mail.ParseAddress(header(t, got, "Reply-To"))
	if err != nil {
		t.Fatal(err)
	}
	raw := fmt.Sprintf("From: %s\nTo: %s\nSubject: Something else\nMessage-ID: <%s@home.test>\nDate: Mon, 02 Mar 2026 12:00:00 +0000\n\n%s\n", from, to.Address, rand.Text(), text)
	p.Submit(t, from, to.Address, []byte(strings.ReplaceAll(raw, "\n", "\r\n")))
}

// An answer leaves through Postfix and reaches the customer; what he writes back, without any thread, comes in by IDLE
// and stands in the same ticket.
func TestMailGoesRound(t *testing.T) {
	eachDatabase(t, func(t *testing.T, c Config) {
		d := server.NewDovecot(t)
		p := server.NewPostfix(t, server.PostfixOptions{Dovecot: d, Local: []string{"shop.test", "home.test"}})
		sendsBy(t, &c, p)
		reads(t, &c, d, d.TLS, "tls")
		n := startNode(t, c)
		first := strings.ReplaceAll(string(postcard(1, "")), "example-mail.com>", "home.test>")
		p.Submit(t, "vic1@home.test", "support@shop.test", []byte(first))
		n.arrives(t, 1)
		cv := n.tickets(t)[0].ID
		sent := n.answers(t, cv, "Which parcel?")
		waitUntil(t, "the answer does not reach the customer", func() bool { return len(d.Mails(t, "vic1")) == 1 })
		got := d.Mails(t, "vic1")[0]
		if id := header(t, got, "Message-ID"); id != "<"+sent.MessageID+">" || header(t, got, "Return-Path") != "<"+sent.From+">" {
			t.Errorf("Message-ID %s, %s", id, header(t, got, "Return-Path"))
		}
		began := time.Now()
		n.replies(t, p, got, "vic1@home.test", "The blue one.")
		waitUntil(t, "the reply does not come in", func() bool { return len(n.said(t, cv)) == 3 })
		if said := n.said(t, cv); said[2].Text != "The blue one." || len(n.tickets(t)) != 1 {
			t.Errorf("%+v", said[2])
		}
		t.Logf("back in the ticket after %v", time.Since(began).Round(time.Millisecond))
	})
}

// Postfix returns a mail that nobody can take, in the old form of reports and in the one of RFC 6533. Either is known by
// its token: the mail is shown as stopped, and no ticket is opened.
func TestRealBounce(t *testing.T) {
	for name, utf8 := range map[string]bool{"RFC 3464": false, "SMTPUTF8": true} {
		t.Run(name, func(t *testing.T) {
			d := server.NewDovecot(t)
			p := server.NewPostfix(t, server.PostfixOptions{Dovecot: d, Local: []string{"shop.test"}, UTF8: utf8})
			c := alone(t)
			sendsBy(t, &c, p)
			reads(t, &c, d, d.TLS, "tls")
			n := startNode(t, c)
			cv := n.opens(t, "vic@bounce.test")
			sent := n.answers(t, cv, "Here you are: Grüße")
			waitUntil(t, "the report is not noted", func() bool {
				box, err := n.Service.Store.Outbox(t.Context())
				return err == nil && len(box) == 1 && box[0].Message == sent.ID && box[0].State == "stopped" && box[0].Code == "5.1.1"
			})
			if list := n.tickets(t); len(list) != 1 {
				t.Errorf("%d tickets: the report opened one", len(list))
			}
			want := map[bool]string{false: "message/delivery-status", true: "message/global-delivery-status"}[utf8]
			if got := d.Mails(t, "support"); len(got) != 1 || !strings.Contains(string(got[0]), want) {
				t.Errorf("%d reports, want %s", len(got), want)
			}
		})
	}
}

// While the database is down Postfix hears 451 and keeps the mail; when it is back the mail becomes a ticket, once.
func TestPostfixKeepsMailWhileTheDatabaseIsDown(t *testing.T) {
	db := server.NewLonePostgres(t)
	c := shared(t)
	c.DatabaseURL = db.NewDatabase(t)
	c.Mail.LMTP = freeAddress(t)
	n := startNode(t, c)
	p := server.NewPostfix(t, server.PostfixOptions{LMTP: map[string]string{"shop.test": c.Mail.LMTP}})
	db.Kill(t)
	p.Submit(t, "vic1@example-mail.com", "support@shop.test", postcard(1, ""))
	waitUntil(t, "Postfix was not told to keep the mail", func() bool {
		said, err := os.ReadFile(p.Log)
		return err == nil && strings.Contains(string(said), "status=deferred") && strings.Contains(string(said), " 451 ")
	})
	db.Start(t)
	waitUntil(t, "the mail does not leave Postfix", func() bool { return p.Queued(t) == 0 })
	n.arrives(t, 1)
}
