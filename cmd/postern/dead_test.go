package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/mail"
)

// report is what a mail server says about a mail of ours to vic@example-mail.com.
func report(to, status, why string) string {
	return fmt.Sprintf("Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: %s\nSubject: Undelivered\nMessage-ID: <%s@mx>\nMIME-Version: 1.0\n"+
		"Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n--B\nContent-Type: text/plain\n\nSorry.\n--B\nContent-Type: message/delivery-status\n\n"+
		"Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; vic@example-mail.com\nAction: failed\nStatus: %s\nDiagnostic-Code: smtp; %s\n\n--B--\n", to, rand.Text(), status, why)
}

// A report that an address does not exist ends mail to it, over all its tickets: later answers are shown as not mailed.
// "Send again" needs somebody's yes, and lets it have mail again; so does a mail that is proven to come from it. Full is
// not dead (P75).
func TestDeadAddress(t *testing.T) {
	eachDatabase(t, func(t *testing.T, c Config) {
		sign, resolver := signedBy(t)
		c.Mail.LMTP, c.Mail.Resolver = "unix:"+filepath.Join(t.TempDir(), "lmtp"), resolver
		n := startNode(t, c)
		l, mia, sup := lmtpClient{t, n.lmtp}, n.agent(t, 0), n.desk(t, "sol", gateway.RoleSupervisor)
		cv, other := n.opens(t, "vic@example-mail.com"), n.opens(t, "Vic@example-mail.com")
		state := func(cv gateway.ID) string {
			mails, _ := sup.fates(cv)
			return fmt.Sprint(mails[0]["state"], " ", mails[0]["code"], " ", mails[0]["dead"])
		}
		wants := func(what string, cv gateway.ID, want string) (message string) {
			t.Helper()
			waitFor(t, what+": "+want, func() bool { return state(cv) == want })
			mails, _ := sup.fates(cv)
			return mails[0]["message"].(string)
		}
		answer := func(cv gateway.ID) {
			mia.ok("message.send", map[string]any{"conversation": cv, "client_id": rand.Text(), "text": "Which part?"})
		}
		returns := func(message, status, why string) {
			t.Helper()
			to := "support+" + mail.Tokens{Key: n.secret}.Make('b', message, "vic@example-mail.com") + "@shop.test"
			if got := l.hands(to, report(to, status, why)); got != 250 {
				t.Fatal(got)
			}
		}
		const sent, dead = "sent <nil> <nil>", "stopped 5.1.1 true"
		answer(cv)
		returns(wants("the first answer", cv, sent), "5.2.2", "552 5.2.2 mailbox is full")
		wants("a full mailbox", cv, "stopped 5.2.2 <nil>")
		answer(cv)
		first := wants("after a full mailbox", cv, sent)
		returns(first, "5.1.1", "550 5.1.1 no such user")
		wants("no such user", cv, dead)

		answer(other)
		kept := wants("another ticket of his", other, dead)
		if _, err := os.Stat(filepath.Join(c.Data, "spool", kept+".eml")); err == nil {
			t.Error("it was mailed all the same")
		}
		if said := n.said(t, other); said[len(said)-1].Text != "Which part?" {
			t.Errorf("the answer does not stand in the ticket: %+v", said)
		}
		again := "/v1/mails/" + kept + "/again"
		sup.refused("invalid", "POST", again, map[string]any{})
		sup.ok("POST", again, map[string]any{"dead": true})
		wants("sent again", other, sent)
		spooled(t, c, kept)
		answer(cv)
		wants("after a yes", cv, sent)

		returns(kept, "5.1.1", "550 5.1.1 no such user")
		answer(cv)
		wants("it came back once more", cv, dead)
		to := "support+" + mail.Tokens{Key: n.secret}.Make('t', string(cv), "vic@example-mail.com") + "@shop.test"
		for i, words := range []string{"unsigned", "signed"} {
			raw := fmt.Sprintf("From: vic@example-mail.com\nTo: %s\nSubject: Re\nDate: Mon, 02 Mar 2026 12:00:00 +0000\nMessage-ID: <d%d@example-mail.com>\n\n%s\n", to, i, words)
			if words == "signed" {
				raw = sign(raw)
			}
			if got := l.hands(to, raw); got != 250 {
				t.Fatal(got)
			}
			answer(cv)
			wants("after a mail that is "+words, cv, map[string]string{"unsigned": dead, "signed": sent}[words])
		}
		events, err := n.Service.Store.Events(t.Context(), other.Staff(), 0, 100)
		if err != nil || !strings.Contains(fmt.Sprint(events), "ticket.bounced") {
			t.Errorf("the staff of the other ticket heard %v, %v", events, err)
		}
	})
}
