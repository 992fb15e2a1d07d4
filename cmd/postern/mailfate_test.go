package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/mail"
)

// spooled waits for the mail of a message.
func spooled(t *testing.T, c Config, message string) string {
	t.Helper()
	name := filepath.Join(c.Data, "spool", message+".eml")
	var raw []byte
	waitFor(t, "the mail "+message, func() bool {
		var err error
		raw, err = os.ReadFile(name)
		return err == nil
	})
	return strings.ReplaceAll(string(raw), "=\r\n", "") // quoted-printable breaks lines anywhere
}

// fates reads a ticket's mails and whom an answer to all goes to.
func (d desk) fates(cv gateway.ID) (mails []map[string]any, copies []string) {
	d.t.Helper()
	out := d.ok("GET", "/v1/conversations/"+string(cv)+"/mails", nil)
	for _, m := range out["mails"].([]any) {
		mails = append(mails, m.(map[string]any))
	}
	for _, a := range out["copies"].([]any) {
		copies = append(copies, a.(string))
	}
	return mails, copies
}

// An agent answers all whom the sender named, and nobody else; sends a message on to somebody outside, whose answer is a
// note; and sends a mail again that came back (P78).
func TestAnswerAllForwardAgain(t *testing.T) {
	for name, base := range map[string]func(*testing.T) Config{"SQLite": alone, "PostgreSQL": shared} {
		t.Run(name, func(t *testing.T) {
			c := base(t)
			c.Mail.LMTP = "unix:" + filepath.Join(t.TempDir(), "lmtp")
			n := startNode(t, c)
			l := lmtpClient{t, n.lmtp}
			mia, sup := n.agent(t, 0), n.desk(t, "sol", gateway.RoleSupervisor)
			if got := l.hands("support@shop.test", "From: Vic <vic@example-mail.com>\nTo: support@shop.test, bo@example-work.com\nCc: Cy <cy@example-work.com>\nSubject: My parcel\nMessage-ID: <1@example-mail.com>\n\nIt is broken.\n"); got != 250 {
				t.Fatal(got)
			}
			cv := n.tickets(t)[0].ID
			mails, copies := sup.fates(cv)
			if !slices.Equal(copies, []string{"bo@example-work.com", "cy@example-work.com"}) || len(mails) != 1 || mails[0]["in"] != true {
				t.Fatalf("named: %v, mails %v", copies, mails)
			}
			send := func(client string, cc ...string) map[string]any {
				return map[string]any{"conversation": cv, "client_id": client, "text": "Which **part**?", "cc": cc}
			}
			mia.refused("invalid", "message.send", send("x", "eve@evil.test"))
			mia.ok("message.send", send("a", "CY@example-work.com"))
			mails, _ = sup.fates(cv)
			raw := spooled(t, c, mails[0]["message"].(string))
			if mails[0]["to"] != "vic@example-mail.com" || len(mails[0]["cc"].([]any)) != 1 || !strings.Contains(raw, "Cc: <cy@example-work.com>") || !strings.Contains(raw, "<b>part</b>") {
				t.Errorf("answered: %v\n%s", mails[0], raw)
			}
			n.visitor(t).refused("invalid", "message.send", map[string]any{"conversation": cv, "client_id": "v", "text": "x", "cc": []string{"eve@evil.test"}})

			first := n.said(t, cv)[0].ID
			forward := func(client, to, text string) map[string]any {
				return map[string]any{"conversation": cv, "client_id": client, "message": first, "to": to, "text": text}
			}
			for what, args := range map[string]map[string]any{
				"to himself": forward("f1", "VIC@example-mail.com", "hi"), "to us": forward("f2", "support+x@shop.test", "hi"), "to nobody": forward("f3", "nobody", "hi"),
				"an account's data": forward("f4", "depot@carrier.test", "His card is 4111 1111 1111 1111"),
			} {
				t.Log(what)
				mia.refused("invalid", "message.forward", args)
			}
			mia.ok("message.forward", forward("f", "depot@carrier.test", "Have you found it?"))
			mia.ok("message.forward", forward("f", "depot@carrier.test", "Have you found it?")) // the same command again
			mails, _ = sup.fates(cv)
			raw = spooled(t, c, mails[0]["message"].(string))
			if mails[0]["forward"] != true || len(mails) != 3 || !strings.Contains(raw, "To: <depot@carrier.test>") || strings.Contains(raw, "vic@example-mail.com") || !strings.Contains(raw, "It is broken.") {
				t.Errorf("forwarded: %v\n%s", mails, raw)
			}
			said := len(n.said(t, cv))
			back := "support+" + mail.Tokens{Key: n.secret}.Make('n', mails[0]["message"].(string), "depot@carrier.test") + "@shop.test"
			if got := l.hands(back, "From: Dee <depot@carrier.test>\nTo: "+back+"\nSubject: Re\nMessage-ID: <9@carrier.test>\n\nYes, in Leipzig.\n"); got != 250 {
				t.Fatal(got)
			}
			events, err := n.Service.Store.Events(t.Context(), cv.Staff(), 0, 100)
			if err != nil || len(n.said(t, cv)) != said || len(n.tickets(t)) != 1 {
				t.Fatalf("%d messages, %d tickets, %v", len(n.said(t, cv)), len(n.tickets(t)), err)
			}
			if !slices.ContainsFunc(events, func(e gateway.Event) bool {
				return e.Kind == "note.created" && bytes.Contains(e.Payload, []byte("Yes, in Leipzig."))
			}) {
				t.Errorf("the answer is not among %+v", events)
			}

			message := gateway.ID(mails[1]["message"].(string))
			sup.refused("conflict", "POST", "/v1/mails/"+string(message)+"/again", map[string]any{})
			if _, err := n.Service.Store.Bounced(t.Context(), message, gateway.Bounce{Code: "5.1.1"}, time.Now()); err != nil {
				t.Fatal(err)
			}
			if mails, _ = sup.fates(cv); mails[1]["state"] != "stopped" || mails[1]["code"] != "5.1.1" {
				t.Errorf("came back: %v", mails[1])
			}
			sup.ok("POST", "/v1/mails/"+string(message)+"/again", map[string]any{})
			waitFor(t, "the mail to leave again", func() bool { mails, _ := sup.fates(cv); return mails[1]["state"] == "sent" })
			n.desk(t, "outside", gateway.RoleAgent).refused("not_found", "POST", "/v1/mails/"+string(message)+"/again", map[string]any{})
		})
	}
}

// What an agent could tell the visitor alone, since a proof let him, goes on to nobody outside.
func TestForwardOfAnAnswer(t *testing.T) {
	n := startNode(t, alone(t))
	mia, cv := n.agent(t, 0), n.visitor(t).leaves("It is broken")
	for text, code := range map[string]string{"Your card is 4111 1111 1111 1111": "invalid", "Which part?": ""} {
		m := gateway.Message{ID: id(t, gateway.PrefixMessage), ClientID: string(id(t, "")), Text: text}
		if _, err := n.Service.Store.Append(t.Context(), gateway.Append{
			Topic: string(cv), Conversation: cv, ClientID: m.ClientID, ID: id(t, gateway.PrefixEvent), At: time.Now(), Counts: true,
			Actor: gateway.Actor{Role: gateway.RoleAgent, ID: n.agents[0].ID}, Payload: gateway.MessageCreated{Message: m},
		}); err != nil {
			t.Fatal(err)
		}
		args := map[string]any{"conversation": cv, "client_id": string(id(t, "")), "message": m.ID, "to": "depot@carrier.test", "text": "Can you help?"}
		if code == "" {
			mia.ok("message.forward", args)
		} else {
			mia.refused(code, "message.forward", args)
		}
	}
}

// What goes over a mailbox's limit waits, and leaves in its time.
func TestMailsPerHour(t *testing.T) {
	c := alone(t)
	c.Mail.LMTP = "unix:" + filepath.Join(t.TempDir(), "lmtp")
	n := startNode(t, c)
	mb, err := n.Service.Store.Mailbox(t.Context(), n.box.ID)
	if err != nil {
		t.Fatal(err)
	}
	mb.MailPerHour = 1
	if _, _, err := n.Service.Store.SaveMailbox(t.Context(), mb, gateway.System(), time.Now()); err != nil {
		t.Fatal(err)
	}
	l := lmtpClient{t, n.lmtp}
	l.hands("support@shop.test", "From: vic@example-mail.com\nTo: support@shop.test\nSubject: x\nMessage-ID: <1@example-mail.com>\n\nHello\n")
	cv, mia, sup := n.tickets(t)[0].ID, n.agent(t, 0), n.desk(t, "sol", gateway.RoleSupervisor)
	states := func() (out []string) {
		mails, _ := sup.fates(cv)
		for _, m := range mails {
			out = append(out, m["state"].(string))
		}
		slices.Sort(out)
		return out
	}
	answer := func(client string) {
		mia.ok("message.send", map[string]any{"conversation": cv, "client_id": client, "text": "Answer " + client})
	}
	answer("a")
	waitFor(t, "one to leave", func() bool { return slices.Contains(states(), "sent") })
	answer("b")
	waitFor(t, "the other to be put off", func() bool {
		box, err := n.Service.Store.Outbox(t.Context())
		return err == nil && len(box) == 1 && box[0].Attempts == 0 && box[0].Code == "too_many"
	})
	if got := states(); !slices.Equal(got, []string{"sent", "waiting"}) {
		t.Errorf("with a limit of one: %v", got)
	}
}
