package mail

import (
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// TestMachinesOpenNoTicket: mail of a program that belongs to no ticket is listed and opens none, unless its sender is
// allowed to. Only a person who is proven is told that his mail has come.
func TestMachinesOpenNoTicket(t *testing.T) {
	shop := newSigner(t, "shop.example", "")
	const from = "From: Vic <vic@shop.example>\nTo: help@chat.example\n"
	token := "To: help+" + composer().Tokens.Make('t', string(cvID), vic) + "@chat.example\n"
	envelope := "To: help+" + composer().Tokens.Make('b', string(msID), vic) + "@chat.example\n"
	report := strings.ReplaceAll(dsn("delivery-status", "failed", "5.1.1", "550 no such user"), "vic@shop.example", "somebody@else.test")
	for _, c := range []struct {
		name, head, body, allowed string
		want                      string // ticket, confirmed, listed, joins
	}{
		{"a person", from, "hi", "", "confirmed"},
		{"a reply that belongs to nothing", from + "In-Reply-To: <x@y.test>\n", "hi", "", "confirmed"},
		{"a vacation notice", from + "Auto-Submitted: auto-replied\n", "I am away", "", "listed"},
		{"one without the header", from + "Return-Path: <>\nSubject: Out of office: Hi\n", "I am away", "", "listed"},
		{"one that names another mail", from + "Auto-Submitted: auto-replied\nIn-Reply-To: <x@y.test>\n", "I am away", "", "listed"},
		{"one in a ticket", "From: Vic <vic@shop.example>\n" + token + "Auto-Submitted: auto-replied\n", "I am away", "", "joins"},
		{"one to the sender of our mail's envelope", "From: alias@shop.example\n" + envelope + "Auto-Submitted: auto-replied\n", "I am away", "", "joins"},
		{"a person who writes there", "From: vic@shop.example\n" + envelope, "hi", "", "confirmed"},
		{"a report about no mail of ours", report, "", "", "listed"},
		{"a program that may", from + "Auto-Submitted: auto-generated\n", "disk full", `["vic@shop.example"]`, "ticket"},
		{"a program of a domain that may", from + "Auto-Submitted: auto-generated\n", "disk full", `["@shop.example"]`, "ticket"},
		{"a program of another", from + "Auto-Submitted: auto-generated\n", "disk full", `["@hop.example","eve@shop.example"]`, "listed"},
		{"a person through a list", from + "List-Id: <help.shop.example>\n", "hi", "", "ticket"},
		{"bulk", from + "Precedence: bulk\n", "hi", "", "ticket"},
		{"nobody to answer", from + "Return-Path: <>\n", "hi", "", "ticket"},
		{"a mailer", strings.ReplaceAll(from, "vic@", "mailer-daemon@"), "hi", "", "ticket"},
		{"an address that is not read", strings.ReplaceAll(from, "vic@", "noreply@"), "hi", "", "ticket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, i, _ := door(t)
			b.allowed, i.Sender = c.allowed, Judge{TXT: zone(shop)}
			raw := []byte(strings.ReplaceAll(c.head, "\n", "\r\n"))
			if c.body != "" {
				raw = shop.sign(t, letterOf(c.head, c.body+"\n"), nil)
			}
			if _, _, err := i.Take(t.Context(), gateway.Mailbox{ID: "mb_1", Address: "help@chat.example"}, Envelope{}, raw, noon); err != nil {
				t.Fatal(err)
			}
			in := b.in[0]
			got := map[bool]string{true: "ticket"}[in.Start != nil]
			switch {
			case in.Machine != nil:
				got += "listed"
			case in.Conversation != "":
				got += "joins"
			case in.Confirm:
				got = "confirmed"
			}
			if got != c.want {
				t.Errorf("%s, want %s: %+v", got, c.want, in)
			}
			if in.Machine != nil && (in.Machine.Mailbox != "mb_1" || in.Machine.Message == "" || in.Machine.Text == "") {
				t.Errorf("%+v", in.Machine)
			}
		})
	}
}

// TestUnprovenIsNotConfirmed: a typed From gets no automatic mail.
func TestUnprovenIsNotConfirmed(t *testing.T) {
	b, i, _ := door(t)
	if in := take(t, b, i, "", letterOf("From: vic@shop.example\nTo: help@chat.example", "hi")); in.Confirm {
		t.Error("somebody's address would get mail because it was typed")
	}
}

// TestConfirmation: it says that a program wrote it, names the mail that came, and answers to it reach the ticket.
func TestConfirmation(t *testing.T) {
	c := composer()
	c.ConfirmText = func(locale, mailbox string, number uint64) string {
		return "It came to " + mailbox + ". " + string(rune('0'+number))
	}
	m, err := c.Confirm(ticket(), gateway.Mailbox{Name: "Help", Address: "help@chat.example"}, msID, "a@shop.example", noon)
	if err != nil {
		t.Fatal(err)
	}
	l := read(m.Raw)
	if l.kind != KindAuto || l.head.Get("Auto-Submitted") != "auto-generated" || l.head.Get("X-Auto-Response-Suppress") != "OOF, AutoReply" {
		t.Errorf("%s: %v", l.kind, l.head)
	}
	if l.head.Get("In-Reply-To") != "<a@shop.example>" || !strings.HasPrefix(l.text, "It came to Help. 7") || m.To != vic {
		t.Errorf("%v\n%s", l.head, l.text)
	}
	if kind, id, _, ok := Read(strings.Trim(l.head.Get("Reply-To"), "<>")); !ok || kind != 't' || conversationOf(id) != cvID {
		t.Errorf("Reply-To %s", l.head.Get("Reply-To"))
	}
	if _, err := composer().Confirm(ticket(), support(), msID, "", noon); gateway.CodeOf(err) != "unsupported" {
		t.Errorf("without words: %v", err)
	}
}
