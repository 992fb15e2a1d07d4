package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/mail"
)

// lmtpClient is a mail server on this machine.
type lmtpClient struct {
	*testing.T
	at net.Addr
}

// hands gives a mail over to one recipient; the answer is the code, 250 for stored.
func (l lmtpClient) hands(to, raw string) int {
	l.Helper()
	conn, err := net.Dial(l.at.Network(), l.at.String())
	if err != nil {
		l.Fatal(err)
	}
	c := smtp.NewClientLMTP(conn)
	defer func() { _ = c.Close() }()
	if err := c.Mail("sender@example-mail.com", nil); err != nil {
		return code(l.T, err)
	}
	if err := c.Rcpt(to, nil); err != nil {
		return code(l.T, err)
	}
	w, err := c.Data()
	if err != nil {
		return code(l.T, err)
	}
	if _, err := io.WriteString(w, strings.ReplaceAll(raw, "\n", "\r\n")); err != nil {
		l.Fatal(err)
	}
	return code(l.T, w.Close())
}

func code(t *testing.T, err error) int {
	t.Helper()
	var told *smtp.SMTPError
	var each smtp.LMTPDataError
	switch {
	case err == nil:
		return 250
	case errors.As(err, &each):
		for _, e := range each {
			return e.Code
		}
	case errors.As(err, &told):
		return told.Code
	}
	var proto *textproto.Error
	if errors.As(err, &proto) {
		return proto.Code
	}
	t.Fatal(err)
	return 0
}

// tickets lists what has come into the mailbox.
func (n *node) tickets(t *testing.T) []gateway.Conversation {
	t.Helper()
	list, err := n.Service.Store.Conversations(t.Context(), gateway.ConversationFilter{Mailboxes: []gateway.ID{n.box.ID}, Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// said lists the messages of a conversation.
func (n *node) said(t *testing.T, cv gateway.ID) (out []gateway.Message) {
	t.Helper()
	events, err := n.Service.Store.Events(t.Context(), string(cv), 0, 200)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		var m gateway.Message
		if e.Kind == "message.created" {
			if err := json.Unmarshal(e.Payload, &m); err != nil {
				t.Fatal(err)
			}
			out = append(out, m)
		}
	}
	return out
}

// Mail that a server hands over by LMTP becomes a ticket, and an answer to it by its address a message there, without
// what it quotes; the same mail again is nothing; an unknown address and a mail too large are refused for good, and
// while the database does not take it the server is told to keep it.
func TestMailComesIn(t *testing.T) {
	for name, base := range map[string]func(*testing.T) Config{"SQLite": alone, "PostgreSQL": shared} {
		t.Run(name, func(t *testing.T) {
			c := base(t)
			c.Mail.LMTP = "unix:" + filepath.Join(t.TempDir(), "lmtp")
			n := startNode(t, c)
			l := lmtpClient{t, n.lmtp}
			first := "From: Vic <vic@example-mail.com>\nTo: support@shop.test\nSubject: My parcel\nMessage-ID: <1@example-mail.com>\n\nIt is broken.\n"
			if got := l.hands("Support@shop.test", first); got != 250 {
				t.Fatalf("new mail: %d", got)
			}
			if got := l.hands("support@shop.test", first); got != 250 {
				t.Fatalf("the same again: %d", got)
			}
			list := n.tickets(t)
			if len(list) != 1 || list[0].Number == 0 || list[0].Subject != "My parcel" || list[0].Visitor != "" || list[0].Status != gateway.Open {
				t.Fatalf("%+v", list)
			}
			cv := list[0].ID
			to := "support+" + mail.Tokens{Key: n.secret}.Make('t', string(cv), "vic@example-mail.com") + "@shop.test"
			again := "From: vic@example-mail.com\nTo: " + to + "\nSubject: no thread\nMessage-ID: <2@example-mail.com>\n\nYes, both.\n\nOn Mon, Jan 5, 2026 at 10:12 AM Mia <support@shop.test> wrote:\n> Both?\n"
			if got := l.hands(to, again); got != 250 {
				t.Fatalf("answer: %d", got)
			}
			said := n.said(t, cv)
			if len(said) != 2 || said[1].Text != "Yes, both." || said[1].Via != "email" || !said[1].Unproven || len(n.tickets(t)) != 1 {
				t.Fatalf("%+v", said)
			}
			for want, c := range map[int][2]string{
				550: {"nobody@shop.test", first},
				552: {"support@shop.test", "From: a@b.test\n\n" + strings.Repeat("x\n", mail.MaxMail/2)},
			} {
				if got := l.hands(c[0], c[1]); got != want {
					t.Errorf("%s: %d, want %d", c[0], got, want)
				}
			}
			if len(n.tickets(t)) != 1 {
				t.Error("a refused mail left something")
			}
			if err := n.store.gateway.Close(); err != nil {
				t.Fatal(err)
			}
			n.store.gateway = nil // closed already
			if got := l.hands("support@shop.test", first); got != 451 {
				t.Errorf("without a database: %d, want 451", got)
			}
		})
	}
}

// A report about a mail of ours stops that mail and shows it; a forged one changes nothing there.
func TestReportComesIn(t *testing.T) {
	c := alone(t)
	c.Mail.LMTP = "127.0.0.1:0"
	n := startNode(t, c)
	l := lmtpClient{t, n.lmtp}
	now, err := n.Service.Store.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cv := gateway.ID(id(t, gateway.PrefixConversation))
	if _, _, err := n.Service.Store.StartConversation(t.Context(), gateway.Start{
		ID: cv, Mailbox: n.box.ID, Ticket: true, Subject: "x", CommandID: rand.Text(), Claimed: gateway.Claimed{Email: "vic@example-mail.com"},
		First: &gateway.Message{ID: id(t, gateway.PrefixMessage), Text: "hi"},
	}, now); err != nil {
		t.Fatal(err)
	}
	out := n.answers(t, cv, "Here you are.")
	report := func(to, message string) string {
		return fmt.Sprintf("Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: %s\nSubject: Undelivered\nMessage-ID: <%s@mx>\nMIME-Version: 1.0\n"+
			"Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n--B\nContent-Type: text/plain\n\nSorry.\n--B\nContent-Type: message/delivery-status\n\n"+
			"Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; vic@example-mail.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n"+
			"--B\nContent-Type: message/rfc822\n\nMessage-ID: <%s>\n\nx\n--B--\n", to, rand.Text(), message)
	}
	stopped := func() bool {
		box, err := n.Service.Store.Outbox(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range box {
			if o.Message == out.ID && o.State == "stopped" && o.Code == "5.1.1" {
				return true
			}
		}
		return false
	}
	last := out.From[strings.Index(out.From, "@")-1]
	other := map[bool]string{true: "b", false: "a"}[last == 'a']
	forged := strings.Replace(out.From, string(last)+"@", other+"@", 1)
	if got := l.hands(forged, report(forged, "x@y.test")); got != 250 || stopped() {
		t.Fatalf("forged report: %d, stopped %v", got, stopped())
	}
	tickets := len(n.tickets(t))
	if got := l.hands(out.From, report(out.From, "x@y.test")); got != 250 || !stopped() {
		t.Fatalf("report: %d, stopped %v", got, stopped())
	}
	if len(n.tickets(t)) != tickets {
		t.Error("a report about our mail opened a ticket")
	}
}

func TestWhereMailMayBeTaken(t *testing.T) {
	for where, ok := range map[string]bool{
		"": true, "unix:/run/postern/lmtp": true, "127.0.0.1:2424": true, "[::1]:2424": true, "localhost:2424": true,
		"unix:lmtp": false, "0.0.0.0:2424": false, "192.0.2.1:24": false, ":24": false, "2424": false, "mail.example:24": false,
	} {
		if err := (Mail{LMTP: where}).mistake(); (err == nil) != ok {
			t.Errorf("%q: %v", where, err)
		}
	}
}
