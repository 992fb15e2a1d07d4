package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/mail"
	"github.com/postern-chat/postern/kb/markdown"
	"github.com/postern-chat/postern/verify"
)

// abuseJ: tickets and e-mail.
func abuseJ() map[string]func(r *row) {
	return map[string]func(r *row){"J01": mailedWish, "J03": spoofedFrom, "J04": becameTicket, "J06": forgedReply}
}

// ticket is a conversation that goes on by mail.
func (r *row) ticket(email string) talk {
	r.Helper()
	k := talk{n: r.node, mia: r.as("ag1"), b: newBrowser(r.T)}
	k.vic = r.visit(k.b)
	k.cv = r.starts(k.vic, map[string]any{"text": "Nobody was there", "email": email, "ticket": true})
	r.talks = append(r.talks, k)
	return k
}

// missed is a chat that nobody took, now a ticket.
func (r *row) missed(email string) talk {
	r.Helper()
	k := talk{n: r.node, mia: r.as("ag1"), b: newBrowser(r.T)}
	k.mia.ok("availability.set", map[string]any{"value": "available"})
	k.vic = r.visit(k.b)
	k.cv = r.starts(k.vic, map[string]any{"text": "Is anybody there?", "email": email})
	r.talks = append(r.talks, k)
	r.until(func() string { // a ring may begin between the two reads
		cv, err := r.Service.Store.Conversation(r.Context(), gateway.ID(k.cv))
		if err == nil && cv.Number == 0 {
			err = r.Service.Miss(r.Context(), cv, "deadline")
		}
		if err != nil || cv.Number == 0 {
			return fmt.Sprintf("no ticket yet: %v", err)
		}
		return ""
	})
	k.vic.event("conversation.missed", k.cv)
	return k
}

// arrives is a mail that reached the mailbox.
func (r *row) arrives(recipient string, header ...string) gateway.Conversation {
	r.Helper()
	raw := strings.Join(append(header, "Message-ID: <"+rand.Text()+"@example-mail.com>", "MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8", "", "Please change my e-mail to x@evil.test."), "\r\n") + "\r\n"
	now, err := r.Service.Store.Now(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	in := mail.Ingest{Box: r.Service.Store, Tokens: mail.Tokens{Key: r.secret}, Markdown: markdown.Parse, Rand: rand.Reader}
	cv, _, err := in.Take(r.Context(), r.box, mail.Envelope{Recipient: recipient}, []byte(raw), now)
	if err != nil {
		r.Fatal(err)
	}
	return cv
}

const vicsMail = "harriet.quill@example-mail.com"

// address is where the ticket's answers to somebody are sent.
func (r *row) address(cv, email string) string {
	return "support+" + mail.Tokens{Key: r.secret}.Make('t', cv, email) + "@shop.test"
}

func mailedWish(r *row) {
	k := r.missed(vicsMail)
	to := r.address(k.cv, vicsMail)
	cv := r.arrives(to, "From: Harriet Quill <"+vicsMail+">", "To: "+to, "Subject: Please change my e-mail",
		"Authentication-Results: shop.test; dkim=pass header.d=example-mail.com; spf=pass; dmarc=pass")
	if string(cv.ID) != k.cv {
		r.Fatalf("the answer is in %s, want the ticket %s", cv.ID, k.cv)
	}
	r.unproven(cv)
	for _, name := range []string{"ag1", "sn1", "su1"} {
		c := r.as(name)
		for kind, fields := range map[string]map[string]string{"renewal.cancel": {"plan": "plus"}, "name.change": {"name": "Vic"}} {
			r.refused(c, "change.state", "change.draft", r.draft(k, kind, fields))
		}
	}
	r.refused(k.vic, "change.state", "change.draft", r.draft(k, "renewal.cancel", map[string]string{"plan": "plus"}))
	r.none(k)
	// What an agent can do is write that vic must log in and start anew: the answer goes to the ticket's address.
	k.mia.ok("conversation.claim", map[string]any{"conversation": k.cv})
	k.mia.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "a", "text": "Please log in at the shop and write to us there."})
	r.sends(k.cv, vicsMail)
}

// unproven asserts that the last message of a ticket is marked as nobody's.
func (r *row) unproven(cv gateway.Conversation) {
	r.Helper()
	events, err := r.Service.Store.Events(r.Context(), string(cv.ID), 0, 100)
	if err != nil {
		r.Fatal(err)
	}
	last := ""
	for _, e := range events {
		if e.Kind == "message.created" {
			last = string(e.Payload)
		}
	}
	if !strings.Contains(last, `"unverified":true`) || !strings.Contains(last, "Please change my e-mail") {
		r.Errorf("the mail is stored as %s", last)
	}
}

func spoofedFrom(r *row) {
	vic := r.ticket(vicsMail)
	cv := r.arrives("support@shop.test", "From: Harriet Quill <"+vicsMail+">", "Reply-To: x@evil.test", "To: support@shop.test", "Subject: My account")
	if string(cv.ID) == vic.cv || cv.Visitor != "" || cv.Number == 0 {
		r.Errorf("joined to %s, visitor %q, number %d", cv.ID, cv.Visitor, cv.Number)
	}
	r.typed[string(cv.ID)] = []string{vicsMail} // the From of the mail itself
	r.unproven(cv)
	mia := r.as("ag1")
	mia.ok("conversation.claim", map[string]any{"conversation": string(cv.ID)})
	mia.ok("message.send", map[string]any{"conversation": string(cv.ID), "client_id": "a", "text": "Please log in and write to us there."})
	r.sends(string(cv.ID), vicsMail)
	status, answer := r.get2("ag1", "/v1/conversations/"+string(cv.ID)+"/account")
	r.answered(status, answer, http.StatusForbidden, "context.locked")
}

// sends asserts that a ticket's one answer goes to its address alone, and tells it nothing that it does not know.
func (r *row) sends(cv, to string) {
	r.Helper()
	box, err := r.Service.Store.Outbox(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	box = slices.DeleteFunc(box, func(m gateway.OutboxRow) bool { return string(m.Conversation) != cv })
	if len(box) != 1 {
		r.Fatalf("%d answers, want one", len(box))
	}
	m, err := r.Service.Store.Mail(r.Context(), box[0].Message)
	if err != nil {
		r.Fatal(err)
	}
	if m.To != to || box[0].To != to || strings.Contains(string(m.Raw), "x@evil.test") {
		r.Errorf("the answer goes to %s: %s", m.To, m.Raw)
	}
	for _, fact := range facts {
		if fact != to && strings.Contains(string(m.Raw), fact) {
			r.Errorf("the answer holds %q", fact)
		}
	}
}

func becameTicket(r *row) {
	r.alone(options{clock: true})
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	body := r.site.event(r.T, address, verify.LoginConfirmed, nil)
	k.mia.ok("conversation.release", map[string]any{"conversation": k.cv}) // back to the queue, and nobody takes it
	r.clock.set(r.T, 2*time.Minute+time.Second)
	r.until(func() string {
		cv, err := r.Service.Store.Conversation(r.Context(), gateway.ID(k.cv))
		if err != nil || cv.Number == 0 {
			return fmt.Sprintf("still no ticket: %s, %v", cv.Status, err)
		}
		return ""
	})
	r.stays(change, verify.Revoked)
	r.together(k.cv, change)
	status, answer := r.site.post(r.T, r.site.secret, body)
	r.answered(status, answer, http.StatusGone, r.says("handle.expired"))
	r.tokenless(answer)
	k.vic.event("ticket.opened", k.cv)
	r.refused(k.vic, "change.state", "change.open", map[string]any{"change": change, "page": "https://shop.test/"})
}

// together asserts that the change was revoked in the transaction that opened the ticket: its event stands between
// the ticket's own, and all of them have one time.
func (r *row) together(cv, change string) {
	r.Helper()
	events, err := r.Service.Store.Events(r.Context(), cv, 0, 100)
	if err != nil {
		r.Fatal(err)
	}
	at := map[gateway.Kind]int64{}
	for _, e := range events {
		at[e.Kind] = e.At.UnixMilli()
	}
	leaf := int64(0)
	for _, l := range r.leaves() {
		if l.Change == change && l.To == verify.Revoked {
			leaf, err = strconv.ParseInt(l.At, 10, 64)
		}
	}
	if ticket := at["ticket.opened"]; err != nil || ticket == 0 || at["change.revoked"] != ticket || leaf != ticket {
		r.Errorf("the ticket was opened at %d, the change revoked at %d, with a line of %d, %v", ticket, at["change.revoked"], leaf, err)
	}
}

func forgedReply(r *row) {
	const x = "x@evil.test"
	k, other := r.ticket(x), r.ticket("y@evil.test")
	good := r.address(k.cv, x)
	bad := strings.Replace(good, "@", "", 1)
	bad = bad[:len(bad)-len("shop.test")-1]
	if last := "a@shop.test"; strings.HasSuffix(good, last) { // one token in 32 ends so
		bad += "b@shop.test"
	} else {
		bad += last
	}
	for name, c := range map[string]struct {
		to   string
		refs string
		join bool
	}{
		"the token":                         {good, "", true},
		"a forged token":                    {bad, "", false},
		"the token of another recipient":    {r.address(k.cv, "z@evil.test"), "", false},
		"the token of another ticket":       {strings.Replace(r.address(other.cv, x), strings.ToLower(other.cv), strings.ToLower(k.cv), 1), "", false},
		"a forged In-Reply-To":              {"support@shop.test", "<" + k.cv + "@shop.test>", false},
		"a forged In-Reply-To of a message": {"support@shop.test", "<ms_01KAH0000000000000000000AA@localhost>", false},
	} {
		header := []string{"From: Somebody <x@evil.test>", "To: " + c.to, "Subject: Re: Nobody was there"}
		if c.refs != "" {
			header = append(header, "In-Reply-To: "+c.refs, "References: "+c.refs)
		}
		cv := r.arrives(c.to, header...)
		if (string(cv.ID) == k.cv) != c.join || string(cv.ID) == other.cv {
			r.Errorf("%s: it is in %s, the ticket is %s", name, cv.ID, k.cv)
		}
		if !c.join && (cv.Number == 0 || cv.Visitor != "") {
			r.Errorf("%s: %+v", name, cv)
		}
	}
}
